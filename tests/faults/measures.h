// The truth about each shard, as the scenario made it, against the status that the checkers gave
// it: how long the status was wrong, and which flips were false. Pure.
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
  kOpen,  // not defined by the scenario: either is right
};

// The scenario's actions on shards, by the wall clock. A shard never mentioned is alive.
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
  // True if it was so at any moment of [from, to].
  [[nodiscard]] bool Was(std::string_view shard, Truth truth, Micros from, Micros to) const;
  [[nodiscard]] const std::vector<Change>& changes() const { return changes_; }

 private:
  std::vector<Change> changes_;
};

// The state in ZooKeeper from `at` on.
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
  // For each change of the truth: the time until the status agreed; nothing: it never did, or not
  // before the truth changed again.
  struct Answer {
    TruthLog::Change change;
    std::optional<Duration> after;
  };
  std::vector<Answer> answers;
};

// A flip is justified if the truth agreed with it within `grace` before it.
[[nodiscard]] Measures Measure(const std::vector<std::string>& shards, const TruthLog& truth,
                               const std::vector<StatusStep>& steps, Micros from, Micros to,
                               Duration grace);

}  // namespace zkcluster::faults
