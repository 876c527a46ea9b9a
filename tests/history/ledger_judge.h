// Judges the ledger with a commit applied, and what operators write there. Only an operator takes
// anything away: `forget` is the only way out of the electorate. A pause ends at its time or by an
// operator. A freeze ends below its lower bound, by an operator, or when the spec no longer asks
// for it. The penalty of a flapping shard changes with its flips. Pure.
#pragma once

#include "tests/history/commit_judge.h"

namespace zkcluster::history {

// Whether those are the safeguards of this spec.
[[nodiscard]] bool SafeguardsFit(const Safeguards& safeguards, const ClusterSpec& spec);

void JudgeLedger(const CommitFacts& facts, const RowChanges& changes, const ReportFunction& report);

// `was`, `now`: nothing where undecodable or absent. `events`: those of the same transaction.
void JudgeOperator(const std::optional<Ledger>& was, const std::optional<Ledger>& now,
                   const std::vector<Event>& events, const ReportFunction& report);

}  // namespace zkcluster::history
