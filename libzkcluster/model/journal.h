// Event: one line of the journal `events`. Leaders and operators' orders write events; zkctl, hooks
// and the search for the last epoch read them. An event is never rewritten. Pure.
//
// Every event has a kind and a time; its other members depend on the kind. A kind that this build
// does not know is kept as its name and the bytes that were read.
#pragma once

#include <zkcluster/shard.h>
#include <zkcluster/time.h>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/former_spec.h"
#include "model/reason.h"
#include "model/vote_counts.h"

namespace zkcluster {

// What an event holds by its kind. kKind is the name in the journal, in logs and in JSON.
struct EventKinds {
  struct Flip {
    std::string shard;
    std::string addr;
    ShardStatus from = ShardStatus::kUnknown;
    ShardStatus to = ShardStatus::kUnknown;
    Reason reason = Reason::kNone;
    VoteCounts counts;
    bool operator==(const Flip&) const = default;
  };

  struct Flips {
    static constexpr std::string_view kKind = "flips";
    std::vector<Flip> flips;  // at most kMaxEventFlips, the rest is only counted
    std::size_t more = 0;
    bool operator==(const Flips&) const = default;
  };
  struct Leader {  // took over
    static constexpr std::string_view kKind = "leader";
    std::vector<std::string> deposed;  // ids, the former leader's first; empty: it was their turn
    bool operator==(const Leader&) const = default;
  };
  struct Spec {  // decisions follow this spec from now on
    static constexpr std::string_view kKind = "spec";
    bool operator==(const Spec&) const = default;
  };
  struct Electorate {  // ids learned
    static constexpr std::string_view kKind = "electorate";
    std::vector<std::string> ids;
    bool operator==(const Electorate&) const = default;
  };
  struct Forget {  // ids that an operator took out of the electorate
    static constexpr std::string_view kKind = "forget";
    std::vector<std::string> ids;
    bool operator==(const Forget&) const = default;
  };
  struct Freeze {
    static constexpr std::string_view kKind = "freeze";
    int dead = 0;  // shards that would be dead
    bool operator==(const Freeze&) const = default;
  };
  struct Unfreeze {  // by an operator, or because fewer shards would be dead
    static constexpr std::string_view kKind = "unfreeze";
    int dead = 0;           // shards that would be dead; 0 where an operator gave the order
    bool accepted = false;  // the operator accepted the deaths
    bool operator==(const Unfreeze&) const = default;
  };
  struct Pause {
    static constexpr std::string_view kKind = "pause";
    std::string note;  // why
    Micros until{0};   // by the operator's clock; 0: until an operator ends it
    Micros length{0};  // 0: likewise, or an event of a build that did not write it
    bool operator==(const Pause&) const = default;
  };
  struct Resume {  // by an operator, or because its time was over
    static constexpr std::string_view kKind = "resume";
    bool operator==(const Resume&) const = default;
  };
  struct Maintenance {
    static constexpr std::string_view kKind = "maintenance";
    std::vector<std::string> shards;
    // These three are as in Pause.
    std::string note;
    Micros until{0};
    Micros length{0};
    bool operator==(const Maintenance&) const = default;
  };
  struct MaintenanceOver {  // by an operator, because its time was over, or the shard left the spec
    static constexpr std::string_view kKind = "maintenance_over";
    std::vector<std::string> shards;
    bool operator==(const MaintenanceOver&) const = default;
  };
  struct KeysLost {  // a Go manager dropped them from the spec; they stay in force
    static constexpr std::string_view kKind = "keys_lost";
    std::vector<std::string> keys;  // with values: "quorum=2"
    bool operator==(const KeysLost&) const = default;
  };
  struct Redate {  // an operator had statuses dated again
    static constexpr std::string_view kKind = "redate";
    bool operator==(const Redate&) const = default;
  };
  struct Checker {  // one of the electorate is registered no longer, or again; seen by the leader
    static constexpr std::string_view kKind = "checker";
    std::string id;
    std::string rack;  // where it ran; empty: not known
    bool back = false;
    bool operator==(const Checker&) const = default;
  };
  struct Quorum {  // fewer checkers are registered than a flip needs votes, or enough again
    static constexpr std::string_view kKind = "quorum";
    int registered = 0;
    std::vector<std::string> missing;  // of the electorate
    bool restored = false;
    bool operator==(const Quorum&) const = default;
  };
  struct Update {  // a change of the spec, in the transaction that made it
    static constexpr std::string_view kKind = "update";
    std::string note;                  // why; may be empty
    std::vector<std::string> changes;  // the difference in words, see DescribeDiff
    // What it changed. Nothing: that is too large for the journal, or could not be read.
    std::optional<FormerSpec> former;
    bool operator==(const Update&) const = default;
  };
  struct Unknown {  // a newer zkcluster's
    std::string kind;
    std::string json;  // the whole event, as it was read
    bool operator==(const Unknown&) const = default;
  };
  bool operator==(const EventKinds&) const = default;
};

struct Event : EventKinds {
  using What = std::variant<Flips, Leader, Spec, Electorate, Forget, Freeze, Unfreeze, Pause,
                            Resume, Maintenance, MaintenanceOver, Redate, KeysLost, Checker, Quorum,
                            Update, Unknown>;

  Micros at{0};
  std::string by;  // the operator; empty: the leader
  // Of the leader's own events:
  std::string leader;
  std::int64_t epoch = 0;
  int quorum = 0;
  std::uint64_t spec_version = 0;
  What what;

  // Null: the event is of another kind.
  template <class Kind>
  [[nodiscard]] const Kind* As() const {
    return std::get_if<Kind>(&what);
  }
  bool operator==(const Event&) const = default;
};
inline constexpr std::size_t kMaxEventFlips = 200;

// "flips", "leader", ...; of an unknown kind the name that was read.
[[nodiscard]] std::string_view EventKindName(const Event& event);

}  // namespace zkcluster
