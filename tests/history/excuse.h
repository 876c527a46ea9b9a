// The excuses of the judges. An excuse is a named reason to accept what a judge's plain rule calls
// a violation. A judge counts an excuse only where the plain rule failed; `swarm --counters` prints
// the sums. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/enum_array.h"

namespace zkcluster::history {

enum class Excuse : unsigned char {
  // --- ClusterJudge: who writes, and when ---
  kOperatorRemoved,     // a head, chunk, ledger or ballot was removed: operators delete clusters
  kSequenceEnded,       // a later candidate has the smaller number: the numbers wrapped
  kJournalRemoved,      // the epoch did not grow: an outsider removed the journal that had it
  kHeadRecreated,       // the sequence did not grow: the leader made a new znode
  kSequenceByOutsider,  // likewise: an outsider wrote the number, then the head was unreadable
  kSpecUndecodable,     // the head names an earlier spec: none is in force
  kSpecOfEarlierLife,   // the ballot is on a spec of an earlier incarnation of the cluster
  kBallotsUnchecked,    // flips without checks of the ballots: after two refusals
  kLookback,            // the ballots that were counted are gone, but existed within the look-back
  kReasonUnchecked,     // the row's reason is not in the ballots: the commit did not check them
  kGhostOfOwn,          // a ghost is where a candidate or a ballot was
  kGoVoterUnknown,      // flips while a Go voter exists: the leader may not know of it yet
  // --- CommitJudge: what a commit says ---
  kNoListByMirror,    // rows without a decision: there was no head, and the mirror has them
  kListByMirror,      // likewise: the list changed, and its leader did not know the one before
  kRowsByMirror,      // likewise: the rows before were unreadable
  kRowsAsUnknown,     // rows decided as if new: the ones before were unreadable
  kRowsByGo,          // rows that no leader decided: Go checkers did, since the head was written
  kForgotWithMirror,  // likewise, with too few ballots: but there was a mirror
  kLostHeld,          // a row stays lost although the ballots decide it: a hold forbids it
  kLostUnchecked,     // likewise: the ballots are not checked
  kSinceOfLost,       // Since falls: the row before had the time of its loss
  kPausedByMirror,    // a row changes in a pause: the mirror has it
  kHeadInvented,      // the spec's version falls: an outsider invented the head before
  kMirrorLeft,        // the mirror is wrong, and no row changed: a checker did not write it
  kMirrorByOutsider,  // the mirror is wrong: an outsider wrote it last
  // --- LedgerJudge: the ledger of a commit ---
  kLedgerLost,           // ids are learned without an event: the events came before the loss
  kMaintainedShardLeft,  // maintenance ends too early: the shard left the spec
  kAcceptedFreeze,       // the end of a freeze has no event: the operator's order has one
  kManyPenalties,        // penalties vanish: from 500 penalties on, some are forgiven early
  kReturnOnNewList,      // a shard returns and owes nothing: its leader did not know the list
  // --- TableJudge: what clients take ---
  kDamagedHead,         // statuses that no row has: a chunk was undecodable or removed
  kLostRow,             // a status that no row has: the row is lost, and the client keeps its own
  kUnknownByOtherList,  // unknown where a row has a status: another list came in between
  kHeadLost,            // no decision after one: the head was removed or damaged
  kTablesMissed,        // a status is dropped with a spec: tables in between were not seen
  // --- OpinionJudge: what a checker says of a server ---
  kStalled,   // a wrong opinion: the process was stopped, and could not know better
  kSameTurn,  // likewise, and it saw the answer: in the same turn of its loop
  kDoubted,   // dead after unknown: it returns to what it was before the doubts
  // --- OperatorJudge: what an operator is answered ---
  kInDoubt,          // an error, yet the change was made: the answer to a request was lost
  kChangedSince,     // likewise: others changed the cluster since
  kNothingDiffered,  // an update succeeded, and wrote nothing: nothing differed
  kGoneByOther,      // a delete succeeded, and removed nothing: another session had removed it
  // --- FormatJudge: what builds of two formats write ---
  kFormatUnknown,  // rows that a checker cannot read: it has just registered
  kFormatUnread,   // rows older than all can read: who reads what has just changed
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

// How often each excuse was needed.
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
