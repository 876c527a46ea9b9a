// Compares what checkers say about Redis servers with what the fleet really does. The scene reports
// every change of the fleet, every finished probe and every opinion to it. It finds:
//   [false_dead]   an opinion turned dead on a server that had answered this checker all along
//   [false_alive]  an opinion turned alive on a server that had not been able to answer for long
//   [hasty_death]  an opinion turned dead before the shortest threshold had passed since this process
//                  last had an answer from the server, first asked it, or woke from a long stop
//   [hasty_return] an opinion turned alive after fewer good probes in a row than a server owes that has
//                  died before in this process, by the least that the rule of flapping asks
// "All along" and "for long" mean: longer than an earlier probe still in flight, the next probe,
// and the time in which the process was stopped can explain. It also remembers which checker has
// probed which server, for the judge of ballots. Not thread-safe.
#pragma once

#include <zkcluster/time.h>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/ballot.h"
#include "tests/fakes/fake_fleet.h"
#include "tests/history/excuse.h"

namespace zkcluster::sim {

class OpinionJudge {
 public:
  // The largest settings with which any spec or checker of the scene probes.
  struct Limits {
    Duration interval{};
    Duration timeout{};
    Duration threshold{};  // a process that stood still for so long knows nothing any more
    // The smallest of any spec or checker of the scene.
    Duration shortest_threshold{};
    Duration shortest_refused{};
  };
  explicit OpinionJudge(Limits limits) : limits_(limits) {}

  // --- events ---
  // `steady`: the server stays so until the next call. A flapping or slow server is not steady.
  void ServerIs(const std::string& addr, FakeFleet::Server server, bool steady, TimePoint now);
  void ReachIs(const std::string& checker, const std::string& addr, FakeFleet::Reach reach,
               TimePoint now);
  void AllReachesOpen(TimePoint now);
  // The process is stopped for `duration` from `now`.
  void Paused(std::uint64_t life, TimePoint now, Duration duration);
  void Resumed(std::uint64_t life, TimePoint now);
  void Probed(std::uint64_t life, const std::string& addr, const ProbeResult& result,
              TimePoint now);
  // This process follows another list of shards: what is new in it has no former deaths.
  void ListChanged(std::uint64_t life);
  // Forgets the pauses of a process that ended, but not its probes: a ballot may be in flight.
  void Ended(std::uint64_t life) { pauses_.erase(life); }

  // --- opinions; returns what is wrong ---
  struct Finding {
    const char* rule;
    std::string text;
  };
  [[nodiscard]] std::optional<Finding> Opined(std::uint64_t life, const std::string& checker,
                                              const std::string& addr, Opinion opinion,
                                              TimePoint now);
  [[nodiscard]] bool HasProbed(std::uint64_t life, const std::string& addr) const;
  [[nodiscard]] const history::ExcuseCounts& excuses() const { return excuses_; }

 private:
  enum class Service { kServes, kFails, kNeither };
  struct State {
    Service service = Service::kFails;
    TimePoint since = TimePoint::min();
  };
  struct Pause {
    TimePoint from;
    TimePoint to;
  };
  struct Said {
    Opinion opinion = Opinion::kNotProbed;
    bool probed = false;
    TimePoint served = TimePoint::min();         // the last time that a probe found it alive
    TimePoint served_before = TimePoint::min();  // likewise, before that
    TimePoint asked{};                           // for the first time
    int failures = 0;                            // in a row
    TimePoint failed = TimePoint::min();         // last
    bool only_refused = true;                    // these are refusals, or began with one reset
    bool overdue = false;                        // refused for long enough, and not yet called dead
    bool was_dead = false;                       // the last opinion that was not unknown
    // Flapping: the second implementation of its rule, with the numbers that ask for least.
    bool down = false;  // it died, and has not returned
    int owed = 0;       // after the last death
    int good = 0;       // good probes in a row
    int best = 0;       // the most of these since it died
    TimePoint returned = TimePoint::min();
  };

  // Whether that server serves this checker, and since when without a break.
  [[nodiscard]] State Between(const std::string& checker, const std::string& addr) const;
  void Died(Said& said, TimePoint now) const;
  // A timeout that a stop of this process may have caused.
  [[nodiscard]] bool MayBeOwn(std::uint64_t life, const ProbeResult& result, TimePoint now) const;
  // The evidence of a death: time without an answer in which the process could have asked.
  [[nodiscard]] Duration Silence(std::uint64_t life, const Said& said, TimePoint now) const;
  // How much longer anything may take because the process was stopped since `from`.
  [[nodiscard]] Duration Allowance(std::uint64_t life, TimePoint from, TimePoint to) const;

  // An opinion that is wrong by the plain rule: it contradicts the server for
  // longer than `at_most`.
  struct Doubtful {
    std::uint64_t life;
    TimePoint since;  // when the server and the route to it last changed
    Duration at_most;
    Opinion before;
    bool seen = false;       // a probe has seen this since then
    bool same_turn = false;  // likewise, in the same turn as the opinion
  };
  // Whether no excuse applies. Otherwise counts the excuse.
  [[nodiscard]] bool IsWrong(const Doubtful& doubtful, Opinion opinion, TimePoint now);

  const Limits limits_;
  history::ExcuseCounts excuses_;
  std::map<std::string, State> servers_;
  std::map<std::pair<std::string, std::string>, State> reaches_;  // by checker and address
  std::map<std::uint64_t, std::vector<Pause>> pauses_;
  std::map<std::pair<std::uint64_t, std::string>, Said> said_;  // by life and address
};

}  // namespace zkcluster::sim
