// Succession: when a leader that fails at its job is deposed, and by whom. The next two candidates
// in line are its shadows. Each counts the same ballots with the same Conclude, and writes nothing.
// When the count says that a decision is owed and none is committed for some time, the shadow's
// patience, it asks the ensemble once whether that is still so, and then takes over. A wrong guess
// costs one election: the take-over is fenced like every other.
//
//   t=0    a quorum votes s2 dead: a decision is owed
//   0.5 s  the first shadow's patience ends: it confirms, then it deposes the leader
//   1.0 s  the second shadow's patience ends: it deposes the leader and the first shadow
//   any decision, any take-over, any change of the spec or of who is in line: from t=0 again
//
// Pure.
#pragma once

#include <zkcluster/time.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checker/rules/round.h"
#include "model/registration.h"

namespace zkcluster {

// Candidates behind the leader that watch over it.
inline constexpr std::size_t kShadows = 2;
// The first patience. It doubles with each deposition of the last kDepositionCounts, so that an
// ensemble that is slow for everybody is not made slower by elections.
inline constexpr Duration kPatience = std::chrono::milliseconds(500);
inline constexpr Micros kDepositionCounts = std::chrono::minutes(10);
// A new leader makes about four requests one after the other before its first decision, and those
// of others may be in the way: a patience lasts for twice as many round trips.
inline constexpr int kRoundTrips = 8;

// Whether this round, concluded by a shadow from what it has read, obliges a leader to write. Only
// what no two checkers can see differently counts: nothing while any hold, a pause (in force or just
// over: clocks differ), or a spec that is not the current one; no shard under maintenance; no death
// while a freeze is recorded. `undecodable`: voters whose ballots this shadow cannot read. If one
// of them belongs to the electorate, the shadow's count is not the leader's.
[[nodiscard]] bool IsOwed(const RoundInput& input, const Round& round,
                          const std::set<std::string>& undecodable);

struct PatienceFacts {
  std::size_t place = 1;        // in line: 1 follows the leader, 2 that one
  std::size_t depositions = 0;  // that count still
  Duration round_trip{0};       // the ensemble's last answer to a confirmation; 0: none yet
  Duration session_timeout{0};  // the longest patience: then the leader's session ends anyway
};
[[nodiscard]] Duration PatienceOf(const PatienceFacts& facts);

// The ensemble's clock, which stamps what is written, as far as this process has seen: never ahead
// of it. Depositions are counted by it, because the clocks of two checkers may differ.
class EnsembleClock {
 public:
  void Observe(Micros stamp, TimePoint read);
  // Nothing: no stamp was seen.
  [[nodiscard]] std::optional<Micros> Now(TimePoint now) const;

 private:
  std::optional<Micros> ahead_;  // of the monotonic clock
};

// The stamps of all depositions that the record knows of: `written` is the record's own stamp.
[[nodiscard]] std::vector<Micros> DepositionsOf(const LeaderRecord& record, Micros written);
// Those of the last kDepositionCounts. A stamp in the future is one of them.
[[nodiscard]] std::size_t CountDepositions(const std::vector<Micros>& stamps,
                                           std::optional<Micros> now);

// One shadow's watch over its leader.
//
//   Resting --owed--> Waiting --patience is over--> Confirming --and still nothing--> deposed
//   any --not owed--> Resting
//   any --something moved--> Waiting from the beginning
class Vigil {
 public:
  // What moves when somebody works, or when it is another leader's turn.
  struct Mark {
    std::int64_t head = 0;  // transactions that wrote them last; 0: absent
    std::int64_t leader = 0;
    std::int64_t spec = 0;
    std::vector<std::string> before;  // candidates before this one
    bool operator==(const Mark&) const = default;
  };
  enum class Step : unsigned char {
    kRest,     // nothing is owed
    kWait,     // check again after `wait`
    kConfirm,  // ask the ensemble, read what is new, then call Confirmed
    kDepose,
  };
  struct Next {
    Step step = Step::kRest;
    Duration wait{0};
    bool operator==(const Next&) const = default;
  };

  // After each change, and when a wait is over. `patience.round_trip` is filled in here.
  Next Check(bool owed, const Mark& mark, PatienceFacts patience, TimePoint now);
  // The ensemble has answered a confirmation after `round_trip`, and what follows was read since.
  Next Confirmed(Duration round_trip, bool owed, const Mark& mark, PatienceFacts patience,
                 TimePoint now);

  // Nothing: no decision is owed.
  [[nodiscard]] std::optional<Duration> OwedFor(TimePoint now) const;

 private:
  Next Judge(bool confirmed, bool owed, const Mark& mark, PatienceFacts patience, TimePoint now);

  std::optional<TimePoint> since_;  // a decision is owed, and nothing has moved
  Mark mark_;                       // then
  Duration round_trip_{0};
};

}  // namespace zkcluster
