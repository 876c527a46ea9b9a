// The part of a CommitJudge that judges a commit after Go checkers have decided.
#include <fmt/format.h>

#include <algorithm>

#include "tests/history/commit_judge.h"

namespace zkcluster::history {

// What Go clients see flips by a quorum, too, when the status before was a Go checker's.
void CommitJudge::JudgeMirrorFlips() {
  if (!facts_.mirror_was_go || !facts_.before.mirror) return;
  // A leader has decided since the last Go checker left: this write of it came late.
  if (facts_.HeadBefore() && !facts_.go_decided) return;
  const auto now = DecodeMirror(facts_.after.mirror.data);
  if (!now) return;
  const auto& ledger = facts_.LedgerBefore();
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    const auto was = MirrorBefore().find(shards_[i].addr);
    const auto is = now->find(shards_[i].addr);
    if (was == MirrorBefore().end() || is == now->end()) continue;
    if (was->second.alive == is->second.alive) continue;
    const ShardStatus status = is->second.alive ? ShardStatus::kAlive : ShardStatus::kDead;
    const auto count = facts_.box.CountOf(i);
    const std::string what =
        fmt::format("{} is {} for Go clients", Name(i), ShardStatusName(status));
    if (!facts_.box.Covers(count, status)) {
      report_("mirror", fmt::format("{}, not covered by the ballots: {} with a quorum of {}", what,
                                    Describe(count), facts_.box.quorum().least));
    }
    const bool paused =
        ledger && ledger->pause && facts_.after.ledger.value && facts_.after.ledger.value->pause;
    if (paused) report_("pause", what + ", in a pause");
  }
}

// What the Go status says, else the rows. Rows that agree with it keep reason and counts, unless
// the list has changed: its leader may not know the old one, and reads the Go status alone.
RowChanges CommitJudge::AgainstGo(const ClusterSpec& list, Lost lost) const {
  const RowChanges against_board = AgainstBoard(list, lost);
  const bool same_list = facts_.HeadBefore()->spec.shards_zxid == facts_.head.spec.shards_zxid;
  RowChanges changes;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    const ShardState to = facts_.after.RowOf(i);
    const auto row = std::find_if(against_board.begin(), against_board.end(),
                                  [&](const RowChange& change) { return change.shard == i; });
    ShardState from = row == against_board.end() ? to : row->from;
    if (MirrorBefore().contains(shards_[i].addr)) {
      const ShardState go = InMirror(shards_[i].addr);
      const bool differs = go.status != from.status || go.since != from.since;
      if (differs || (!same_list && to == go)) from = go;
    }
    if (from != to) changes.push_back({i, from, to});
  }
  return changes;
}

}  // namespace zkcluster::history
