#include "tests/history/history_judge.h"

#include <fmt/format.h>

#include <utility>

#include "tests/history/cluster_judge.h"
#include "tests/history/spot.h"

namespace zkcluster::history {

std::string Describe(const Violation& violation) {
  return fmt::format("[{}] {} zxid {:#x}: {}", violation.invariant, violation.cluster,
                     violation.zxid, violation.text);
}

HistoryJudge::HistoryJudge(Options options) : options_(std::move(options)) {}

HistoryJudge::~HistoryJudge() = default;

ClusterJudge& HistoryJudge::JudgeOf(std::string_view cluster) {
  auto found = clusters_.find(cluster);
  if (found == clusters_.end()) {
    std::string name(cluster);
    auto judge = std::make_unique<ClusterJudge>(*this, name);
    found = clusters_.emplace(std::move(name), std::move(judge)).first;
  }
  return *found->second;
}

void HistoryJudge::Observe(const sim::Transaction& transaction) {
  ++counters_.transactions;
  static const zk::OpResult kNoResult;
  touched_.clear();
  std::string_view last_name;
  ClusterJudge* last = nullptr;
  for (std::size_t i = 0; i < transaction.ops.size(); ++i) {
    const zk::Op& op = transaction.ops[i];
    const std::string& path =
        std::visit([](const auto& o) -> const std::string& { return o.path; }, op);
    const auto spot = FindSpot(options_.root, path);
    if (!spot) continue;
    if (last == nullptr || spot->cluster != last_name) {
      last = &JudgeOf(spot->cluster);
      last_name = spot->cluster;
    }
    if (!last->gathered()) touched_.push_back(last);
    last->Gather(
        {*spot, &op, i < transaction.results.size() ? &transaction.results[i] : &kNoResult});
  }
  for (ClusterJudge* cluster : touched_) cluster->Judge(transaction);
  if (!transaction.ends_session) return;
  for (auto& [name, cluster] : clusters_) cluster->SessionEnded(transaction.session_id);
}

void HistoryJudge::ObserveRefusal(std::int64_t session_id, std::string_view path) {
  const auto spot = FindSpot(options_.root, path);
  if (spot) JudgeOf(spot->cluster).ObserveRefusal(session_id, spot->place);
}

const std::vector<std::unique_ptr<IncarnationRecord>>& HistoryJudge::RecordsOf(
    std::string_view cluster) const {
  static const std::vector<std::unique_ptr<IncarnationRecord>> kNone;
  const auto found = clusters_.find(cluster);
  return found == clusters_.end() ? kNone : found->second->records();
}

}  // namespace zkcluster::history
