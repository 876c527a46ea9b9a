// Judges the ledger that stands with a commit, and what operators write there. A ledger only grows,
// but by an operator's word: who may vote is forgotten by `forget` alone; a pause ends by its time
// or by an operator; a freeze is left below its lower bound, or by an operator, or when the spec no
// longer wants one; what a flapping shard owes moves with its flips. Pure.
#pragma once

#include "tests/history/commit_judge.h"

namespace zkcluster::history {

void JudgeLedger(const CommitFacts& facts, const RowChanges& changes, const ReportFunction& report);

// `was`, `now`: nothing where undecodable or absent. `events`: of the same transaction.
void JudgeOperator(const std::optional<Ledger>& was, const std::optional<Ledger>& now,
                   const std::vector<Event>& events, const ReportFunction& report);

}  // namespace zkcluster::history
