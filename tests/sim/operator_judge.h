// Judges whether the answers to an operator are true: [operator_answer]. After a success the change
// is in the history. After a refusal nothing was changed. Only "unknown outcome" allows both. The
// judge sees every write of a cluster's own znode, and every change of a spec writes it.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/fakes/znode_tree.h"
#include "tests/history/excuse.h"
#include "tests/sim/actors.h"

namespace zkcluster::sim {

class OperatorJudge {
 public:
  // `root`: the path above the clusters.
  explicit OperatorJudge(std::string root) : root_(std::move(root)) {}

  void Observe(const Transaction& transaction);
  // What is wrong with the answer. Nothing: it is true. `sessions`: all sessions of this operator.
  [[nodiscard]] std::optional<std::string> Judge(const OperatorAnswer& answer,
                                                 const std::set<std::int64_t>& sessions);
  [[nodiscard]] const history::ExcuseCounts& excuses() const { return excuses_; }

 private:
  enum class Change { kMade, kSet, kGone };
  struct Write {
    std::int64_t zxid;
    std::int64_t session_id;
    Change change;
    std::string data;
  };
  // "/root/a" -> "a"; nothing for a deeper path, or one outside of the root.
  [[nodiscard]] std::optional<std::string> ClusterOf(const std::string& path) const;

  [[nodiscard]] std::optional<std::string> JudgeError(
      const OperatorAnswer& answer, const std::vector<Write>& writes,
      const std::vector<Write>::const_iterator& own);

  const std::string root_;
  history::ExcuseCounts excuses_;
  std::map<std::string, std::vector<Write>> writes_;  // by cluster
};

}  // namespace zkcluster::sim
