// Judges what checkers say about Redis servers against what the fleet really does. It is told every
// change of the fleet, every probe that ended and every opinion, and reports:
//   [false_dead]   an opinion turned dead on a server that had answered this checker all along
//   [false_alive]  an opinion turned alive on a server that had not been able to answer for long
//   [hasty_death]  an opinion turned dead before the shortest threshold had passed since this process
//                  last had an answer from the server, first asked it, or woke from a long stop
//   [hasty_return] an opinion turned alive after fewer good probes in a row than a server owes that has
//                  died before in this process, by the least that the rule of flapping asks
// All along and for long: longer than a probe that was already under way, the next probe, and the
// time in which the process stood still can explain. It also remembers who has probed what, for
// the judge of ballots. Not thread-safe.
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
  // The largest numbers that any spec or checker of the scene probes by.
  struct Limits {
    Duration interval{};
    Duration timeout{};
    Duration threshold{};  // a process that stood still for so long knows nothing any more
    // The smallest of any spec or checker of the scene.
    Duration shortest_threshold{};
    Duration shortest_refused{};
  };
  explicit OpinionJudge(Limits limits) : limits_(limits) {}

  // --- what happens ---
  // `steady`: it stays so until the next call. A flapping or slow server is not.
  void ServerIs(const std::string& addr, FakeFleet::Server server, bool steady, TimePoint now);
  void ReachIs(const std::string& checker, const std::string& addr, FakeFleet::Reach reach,
               TimePoint now);
  void AllReachesOpen(TimePoint now);
  // The process stands still for that long from `now`.
  void Paused(std::uint64_t life, TimePoint now, Duration duration);
  void Resumed(std::uint64_t life, TimePoint now);
  void Probed(std::uint64_t life, const std::string& addr, const ProbeResult& result,
              TimePoint now);
  // This process follows another list of a cluster, or the cluster anew: what is new in it has no
  // former deaths. `begins`: of the addresses of that cluster.
  void ListChanged(std::uint64_t life, const std::string& begins);
  // Its pauses no longer matter; what it probed does: a ballot may still be on its way.
  void Ended(std::uint64_t life) { pauses_.erase(life); }

  // --- what is said; returns what is wrong with it ---
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
    TimePoint served = TimePoint::min();  // the last time that a probe found it alive
    TimePoint asked{};                    // for the first time
    int failures = 0;                     // in a row
    bool only_refused = true;             // these are refusals, or began with one reset
    bool was_dead = false;                // the last opinion that was not unknown
    // Flapping: the second implementation of its rule, with the numbers that ask for least.
    bool down = false;  // it died, and has not returned
    int owed = 0;       // after the last death
    int good = 0;       // good probes in a row
    int best = 0;       // the most of these since it died
    TimePoint returned = TimePoint::min();
  };

  // Whether this checker is served by that server, and since when without a break.
  [[nodiscard]] State Between(const std::string& checker, const std::string& addr) const;
  void Died(Said& said) const;
  // The evidence of a death: time without an answer in which the process could have asked.
  [[nodiscard]] Duration Silence(std::uint64_t life, const Said& said, TimePoint now) const;
  // How much longer anything may take for what stood still since `from`.
  [[nodiscard]] Duration Allowance(std::uint64_t life, TimePoint from, TimePoint to) const;

  // An opinion that is wrong by the plain rule: for longer than `at_most`.
  struct Doubtful {
    std::uint64_t life;
    TimePoint since;  // the server and the way to it are as they are
    Duration at_most;
    Opinion before;
    bool seen = false;       // a probe found it so since then
    bool same_turn = false;  // likewise, in the turn that the opinion comes from
  };
  // Whether nothing excuses it. Otherwise counts what does.
  [[nodiscard]] bool IsWrong(const Doubtful& doubtful, Opinion opinion, TimePoint now);

  const Limits limits_;
  history::ExcuseCounts excuses_;
  std::map<std::string, State> servers_;
  std::map<std::pair<std::string, std::string>, State> reaches_;  // by checker and address
  std::map<std::uint64_t, std::vector<Pause>> pauses_;
  std::map<std::pair<std::uint64_t, std::string>, Said> said_;  // by life and address
};

}  // namespace zkcluster::sim
