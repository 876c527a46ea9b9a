// Who takes part in a cluster's election: the registration of each checker, in its candidate znode,
// and the leader's record, in `leader`. The conductors of the election write them; leaders, zkctl
// and the judges of the tests read them. Pure.
#pragma once

#include <zkcluster/time.h>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace zkcluster {

struct Registration {
  std::string id;
  std::string host;
  std::string rack;
  std::int64_t pid = 0;
  std::string version;          // of the program
  Micros since{0};              // start of this registration
  Duration session_timeout{0};  // how long it outlives a crash; 0: unknown
  // The checker reads every format up to this one; see codec/format.h.
  int format = 1;
  // Members that this build does not know, as they were read: `"Key":value,...`.
  std::string unknown_keys;
  bool operator==(const Registration&) const = default;
};

// More make no difference to anybody's patience (checker/rules/succession.h).
inline constexpr std::size_t kMaxDepositions = 8;

// The znode's data version is the fencing token.
struct LeaderRecord {
  std::string id;
  std::int64_t epoch = 0;  // 1, 2, 3 ...: one for each take-over
  Micros since{0};
  // The ids that this take-over deposed, the former leader's first; empty: it was their turn.
  std::vector<std::string> deposed;
  // When earlier take-overs deposed somebody, by the ensemble's clock; at most kMaxDepositions, the
  // newest last. Each take-over passes them on.
  std::vector<Micros> depositions;
  bool operator==(const LeaderRecord&) const = default;
};

}  // namespace zkcluster
