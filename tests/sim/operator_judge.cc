#include "tests/sim/operator_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace zkcluster::sim {

using history::Excuse;

std::optional<std::string> OperatorJudge::ClusterOf(const std::string& path) const {
  if (!path.starts_with(root_ + "/")) return std::nullopt;
  std::string name = path.substr(root_.size() + 1);
  if (name.find('/') != std::string::npos) return std::nullopt;
  return name;
}

void OperatorJudge::Observe(const Transaction& transaction) {
  const auto note = [&](const std::string& path, Change change, const std::string& data) {
    if (const auto name = ClusterOf(path)) {
      writes_[*name].push_back({transaction.zxid, transaction.session_id, change, data});
    }
  };
  for (const auto& op : transaction.ops) {
    if (const auto* const create = std::get_if<zk::CreateOp>(&op)) {
      note(create->path, Change::kMade, create->data);
    } else if (const auto* const set = std::get_if<zk::SetOp>(&op)) {
      note(set->path, Change::kSet, set->data);
    } else if (const auto* const gone = std::get_if<zk::DeleteOp>(&op)) {
      note(gone->path, Change::kGone, "");
    }
  }
}

// `own`: the operator's own write, or the end of `writes`.
std::optional<std::string> OperatorJudge::JudgeError(
    const OperatorAnswer& answer, const std::vector<Write>& writes,
    const std::vector<Write>::const_iterator& own) {
  if (answer.result.error().code == ErrorCode::kUnknownOutcome) return std::nullopt;
  if (own == writes.end()) return std::nullopt;
  // If others have changed the cluster since, the answer refers to their change.
  const bool last = own + 1 == writes.end();
  if (answer.in_doubt || !last) {
    ++excuses_[answer.in_doubt ? Excuse::kInDoubt : Excuse::kChangedSince];
    return std::nullopt;
  }
  return fmt::format("cluster {}: the operator's answer was {} ({}), but its change is zxid {:#x}",
                     answer.cluster, ErrorCodeName(answer.result.error().code),
                     answer.result.error().message, own->zxid);
}

std::optional<std::string> OperatorJudge::Judge(const OperatorAnswer& answer,
                                                const std::set<std::int64_t>& sessions) {
  using Kind = OperatorAnswer::Kind;
  const auto found = writes_.find(answer.cluster);
  const std::vector<Write> none;
  const std::vector<Write>& writes = found == writes_.end() ? none : found->second;
  const auto own = [&](const Write& write) {
    return write.zxid > answer.begun && sessions.contains(write.session_id);
  };
  if (!answer.result) {
    return JudgeError(answer, writes, std::find_if(writes.begin(), writes.end(), own));
  }
  const std::string version = std::to_string(*answer.result);
  const auto does = [&](const Write& write) {
    switch (answer.kind) {
      case Kind::kDelete:
        return write.zxid > answer.begun && write.change == Change::kGone;
      case Kind::kCreate:
        return own(write) && write.change == Change::kMade && write.data == version;
      case Kind::kUpdate:
        return write.data == version;  // an update without a difference writes nothing
    }
    return false;
  };
  if (std::none_of(writes.begin(), writes.end(), does)) {
    return fmt::format(
        "cluster {}: the operator's answer was that its {} succeeded with version {}, but it is "
        "not in the history",
        answer.cluster,
        answer.kind == Kind::kCreate   ? "create"
        : answer.kind == Kind::kUpdate ? "update"
                                       : "delete",
        version);
  }
  const bool by_it = std::any_of(writes.begin(), writes.end(),
                                 [&](const Write& write) { return own(write) && does(write); });
  if (!by_it) {
    const bool update = answer.kind == Kind::kUpdate;
    ++excuses_[update ? Excuse::kNothingDiffered : Excuse::kGoneByOther];
  }
  return std::nullopt;
}

}  // namespace zkcluster::sim
