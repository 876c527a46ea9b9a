// The truth about each shard, as the scenario made it, against the status that the checkers gave
// it: how long the status was wrong, and which flips should not have been. Pure.
#pragma once

#include <zkcluster/shard.h>
#include <zkcluster/time.h>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zkcluster::faults {

enum class Truth : unsigned char {
  kAlive,
  kDead,
  kOpen,  // the scenario does not say: either is right
};

// What the scenario did to shards, by the wall clock. A shard never mentioned is alive.
class TruthLog {
 public:
  struct Change {
    std::string shard;
    Truth truth = Truth::kAlive;
    Micros at{0};
  };

  // REQUIRES: `at` never falls.
  void Set(const std::string& shard, Truth truth, Micros at);
  [[nodiscard]] Truth At(std::string_view shard, Micros at) const;
  // Was it so at any moment of [from, to]?
  [[nodiscard]] bool Was(std::string_view shard, Truth truth, Micros from, Micros to) const;
  [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }

 private:
  std::vector<Change> changes_;
};

// What was in ZooKeeper from `at` on.
struct StatusStep {
  Micros at{0};
  bool exists = true;                           // false: the cluster was deleted
  std::map<std::string, ShardStatus> statuses;  // empty: nothing decided yet
};

struct Flip {
  Micros at{0};
  std::string shard;
  ShardStatus to = ShardStatus::kUnknown;
  bool justified = true;
};

struct Measures {
  // The longest time that a shard's status was not its truth, the detection included. A shard
  // without a decision is wrong; one of a deleted cluster is not.
  Duration longest_wrong{0};
  std::string wrong_shard;  // whose; empty: never wrong
  std::vector<Flip> flips;  // between alive and dead; first decisions are none
  [[nodiscard]] std::size_t unjustified() const;
  // Of each change of the truth: until the status said so; nothing: it never did, or not before the
  // truth changed again.
  struct Answer {
    TruthLog::Change change;
    std::optional<Duration> after;
  };
  std::vector<Answer> answers;
};

// A flip is justified by a truth that was so within `grace` before it.
[[nodiscard]] Measures Measure(const std::vector<std::string>& shards, const TruthLog& truth,
                               const std::vector<StatusStep>& steps, Micros from, Micros to,
                               Duration grace);

}  // namespace zkcluster::faults
