// The part of a ClusterJudge about Go checkers that decide, and Go managers that write specs.
#include <fmt/format.h>

#include <algorithm>

#include "codec/codec.h"
#include "tests/history/cluster_judge.h"
#include "tests/history/ledger_judge.h"

namespace zkcluster::history {

// Go checkers have come since the head was written, and `status` was written since.
bool ClusterJudge::GoDecided() const {
  return replica_.head.exists && replica_.mirror.exists &&
         replica_.go_changed > replica_.head.mzxid && replica_.mirror.mzxid > replica_.head.mzxid;
}

// Programs may follow the mirror from now on, whatever the head says.
void ClusterJudge::NoteGo() {
  if (GoDecided()) records_.back()->head_lost = transaction_->zxid;
}

// The leader removes the head for Go checkers, and nothing that it said is lost.
void ClusterJudge::JudgeYield(const Facts& facts) {
  const auto& before = facts.before;
  if (replica_.go_voters.empty() && replica_.go_changed <= before.head->mzxid) {
    Report("go_hold", "the head is removed, and no Go checker has come since it was written");
  }
  if (!before.chunks.empty() || before.ledger) {
    Report("go_hold", "the head is removed, and chunks or ledger are written");
  }
  if (!before.mirror) return;
  const auto was = DecodeMirror(before.mirror->data);
  if (was && !was->empty()) Report("mirror", "a leader that yields overwrites a status");
  const auto now = DecodeMirror(replica_.mirror.data);
  if (!now) return Report("mirror", "a leader that yields leaves it undecodable");
  const auto& head = before.head->value;
  const auto& specs = records_.back()->specs;
  const auto list = std::find_if(specs.rbegin(), specs.rend(), [&](const auto& spec) {
    return head && spec.id.shards_zxid == head->spec.shards_zxid;
  });
  if (list == specs.rend() || list->spec->shards.size() != head->shards) return;
  for (std::size_t i = 0; i < head->shards; ++i) {
    const auto entry = now->find(list->spec->shards[i].addr);
    const ShardStatus row = replica_.RowOf(i).status;
    if (entry == now->end() || row == ShardStatus::kUnknown) continue;
    if (entry->second.alive == (row == ShardStatus::kAlive)) continue;
    Report("mirror", fmt::format("a leader that yields says otherwise of {} than its row",
                                 list->spec->shards[i].name));
  }
}

// With the safeguards that a writer of single znodes has dropped: the ledger remembers them.
SpecRecord ClusterJudge::InForce(const SpecRecord& spec, const Facts& facts) const {
  const auto& before = facts.before.ledger ? facts.before.ledger->value : replica_.ledger.value;
  return InForce(spec, before ? before : replica_.ledger.value);
}

// Nobody can read the spec now, and a leader keeps what it has read. An outsider may have written a
// version again: then either is what it has read.
SpecRecord ClusterJudge::LastRead(const SpecRecord& spec, const Facts& facts) const {
  const Ledger written = replica_.ledger.value.value_or(Ledger{});
  const Safeguards safeguards = written.safeguards.value_or(Safeguards{});
  for (const SpecRecord& other : records_.back()->specs) {
    if (other.id != spec.id) continue;
    const SpecRecord kept = InForce(other, facts);
    if (SafeguardsFit(safeguards, *kept.spec)) return kept;
  }
  return InForce(spec, facts);
}

SpecRecord ClusterJudge::InForce(const SpecRecord& spec,
                                 const std::optional<Ledger>& ledger) const {
  if (spec.from_one_write || !ledger || !ledger->safeguards) return spec;
  ClusterSpec kept = *spec.spec;
  const Safeguards& remembered = *ledger->safeguards;
  if (!kept.checkers) kept.checkers = remembered.checkers;
  if (!kept.quorum) kept.quorum = remembered.quorum;
  if (!kept.min_racks) kept.min_racks = remembered.min_racks;
  if (!kept.max_dead_fraction) kept.max_dead_fraction = remembered.max_dead_fraction;
  if (kept == *spec.spec) return spec;
  return {spec.id, std::make_shared<const ClusterSpec>(std::move(kept)), spec.zxid, false};
}

}  // namespace zkcluster::history
