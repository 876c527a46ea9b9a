// Judges whether what an operator was told is true: [operator_answer]. A success means that the
// change stands in the history; a refusal that nothing was changed; only "unknown outcome" may be
// either. It sees every write of a cluster's own znode, with which every change of a spec comes.
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
  // `root`: of the clusters.
  explicit OperatorJudge(std::string root) : root_(std::move(root)) {}

  void Observe(const Transaction& transaction);
  // What is wrong with it; nothing: it is true. `sessions`: those that this operator has had.
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
  // "/root/a" -> "a"; nothing for anything deeper, or elsewhere.
  [[nodiscard]] std::optional<std::string> ClusterOf(const std::string& path) const;

  [[nodiscard]] std::optional<std::string> JudgeError(
      const OperatorAnswer& answer, const std::vector<Write>& writes,
      const std::vector<Write>::const_iterator& own);

  const std::string root_;
  history::ExcuseCounts excuses_;
  std::map<std::string, std::vector<Write>> writes_;  // by cluster
};

}  // namespace zkcluster::sim
