// The excuses of the judges. An excuse is a place where a judge would report a violation by its plain
// rule, and lets it pass for a reason that has a name. Each judge counts its excuses, and only where
// the plain rule failed; `swarm --counters` prints the sums. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/enum_array.h"

namespace zkcluster::history {

enum class Excuse : unsigned char {
  // --- ClusterJudge: who writes, and when ---
  kOperatorRemoved,     // removes head, chunk, ledger or ballot: operators delete clusters
  kSequenceEnded,       // a candidate is before it by number, and came later: the numbers wrapped
  kJournalRemoved,      // the epoch is not greater: an outsider removed the journal that had it
  kHeadMadeAnew,        // the sequence does not grow: the leader made a new znode
  kSequenceByOutsider,  // likewise: an outsider wrote the number, and then the head was unreadable
  kSpecUndecodable,     // the head names an earlier spec: none is in force
  kSpecOfEarlierLife,   // the ballot is on a spec of an earlier incarnation of the cluster
  kBallotsUnchecked,    // flips without checks of the ballots: after two refusals
  kLookback,            // what it counted is not there any more: some ballot within the look-back
  kReasonUnchecked,     // the reason of the row is not that of the ballots: they are not checked
  kGoVoterUnheard,      // flips beside a Go voter: the leader may not have heard of it
  // --- CommitJudge: what a commit says ---
  kNoListByMirror,  // rows that nobody decided: without a head before, the mirror has them
  kListByMirror,    // likewise: the list changed, and its leader did not know the one before
  kRowsByMirror,    // likewise: the rows before were unreadable
  kRowsAsUnknown,   // rows decided without the ones before: those were unreadable
  kRowsByGo,        // rows that nobody of ours decided: Go checkers did, since the head was written
  kForgotWithMirror,  // likewise, with too few ballots: but there was a mirror
  kLostHeld,          // a row is left lost that the ballots decide: something holds it
  kLostUnchecked,     // likewise: the ballots are not checked
  kSinceOfLost,       // Since falls: that of the row before was of its loss
  kPausedByMirror,    // a row changes in a pause: the mirror has it
  kTakenFromMirror,   // a flip without votes: it was taken over from the mirror
  kHeadInvented,      // the spec falls: an outsider invented the one before
  kMirrorLeft,        // the mirror is wrong, and no row changed: it is not the leader's own
  kMirrorByOutsider,  // the mirror is wrong: an outsider wrote it last
  // --- LedgerJudge: the ledger of a commit ---
  kLedgerLost,           // learns ids without an event: it told of them before the loss
  kMaintainedShardLeft,  // maintenance ends too early: the shard left the spec
  kAcceptedFreeze,       // the end of a freeze has no event: the operator's order has one
  kManyPenalties,        // penalties vanish: of 500 and more some are forgiven early
  kReturnOnNewList,      // a shard returns and owes nothing: its leader did not know the list
  // --- TableJudge: what clients take ---
  kDamagedHead,         // statuses that no row has: a chunk is undecodable, or was removed
  kLostRow,             // a status that no row has: the row is lost, and the client keeps its own
  kUnknownByOtherList,  // unknown where a row has a status: another list came in between
  kHeadLost,            // no decision after one: the head was removed or damaged
  kTablesMissed,        // a status is dropped with a spec: tables in between were not seen
  // --- OpinionJudge: what a checker says of a server ---
  kStalled,   // a wrong opinion: the process stood still, and knows no better
  kSameTurn,  // likewise, and it saw the answer: in the same turn of its loop
  kDoubted,   // dead after unknown: it returns to what it was before the doubts
  // --- OperatorJudge: what an operator is answered ---
  kInDoubt,          // an error, and its change is there: the answer to a request was lost
  kChangedSince,     // likewise: others changed the cluster since
  kNothingDiffered,  // an update succeeded, and wrote nothing: nothing differed
  kGoneByOther,      // a delete succeeded, and removed nothing: another session did
  // --- Liveness: what is owed after the last fault ---
  kNoQuorum,      // a status is not the truth: too few voters or racks are left
  kDeathHeld,     // a death is not decided: a freeze holds it
  kStatusBehind,  // the status is of an old spec: too few voters are left
  kReaderBehind,  // a reader's table is not the newest: too few voters are left
  kReaderKeeps,   // a reader's status is not in the rows: the row is lost
  kMirrorOfLost,  // the mirror is not judged: the rows are unreadable
};
constexpr Excuse LastOf(Excuse) {
  return Excuse::kMirrorOfLost;
}

// How often each was needed.
using ExcuseCounts = EnumArray<Excuse, std::uint64_t>;

// "sequence_ended": of kSequenceEnded. The names are those of the counters, after "excuse.".
[[nodiscard]] std::string_view ExcuseName(Excuse excuse);

[[nodiscard]] constexpr Excuse ExcuseAt(std::size_t place) {
  return static_cast<Excuse>(place);
}
inline void Add(ExcuseCounts& sum, const ExcuseCounts& more) {
  for (std::size_t i = 0; i < ExcuseCounts::kSize; ++i) sum[ExcuseAt(i)] += more[ExcuseAt(i)];
}

}  // namespace zkcluster::history
