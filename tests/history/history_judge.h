// Judges the history of an ensemble, one transaction after the other, by rules that must hold under
// every fault. It is a second, deliberately simple implementation of the rules: it keeps a replica
// of the znodes below a root (any number of clusters; a cluster that is deleted and created again
// is another incarnation), and shares only the codecs with the product. The simulator feeds it
// FakeEnsemble's history, the fault tests a real server's transaction log (transaction_log.h).
//
// The judge classifies sessions by what they have done. A *checker* is a session that has created a
// candidate. An *outsider* is the test itself, which writes any bytes anywhere (session 0,
// sim::kOutsiderSession, and the sessions that Options::is_outsider names): its writes are not
// judged, only applied. Any other session is an operator or a Go checker. Sessions end and never
// come back. A candidate, a ballot or a Go registration that no session owns is a ghost: it counts
// for nothing below.
//
// The invariants. Tests and tools depend on the names in brackets:
//
// [quorum]       Every flip is covered by ballots current at the zxid of its commit: those whose
//                znodes the commit checks, that are on the spec that the head names, have its
//                length, and belong to ids in the ledger with the commit applied. A flip to alive
//                needs alive votes >= quorum, and no quorum for dead. A flip to dead needs dead
//                votes >= quorum, from min_racks racks, and no quorum for alive. The counts and
//                the reason in the row are those of the ballots. For a commit that checks no
//                ballot, each voter may have had any ballot that was current within the look-back.
//                Where refusals are reported (ObserveRefusal), such a commit needs two refusals
//                before it may flip anything.
// [hasty_death]  A flip is not covered, and would be if first failures counted (Vote::first): those
//                count as dead only where the row before was never decided, elsewhere as unknown.
// [head_numbers] The head has the quorum and the electorate that follow from these ballots, the
//                ledger and the spec. The electorate is `checkers`, otherwise the number of known
//                ids (not below AtLeast), and never below the number of ballots on this spec. The
//                quorum is `quorum`, otherwise more than half of the electorate.
// [deposed]      Head, chunks, ledger, mirror and entries of the journal (but an operator's) are
//                written by the session that made the last take-over, and while its candidate
//                exists. A checker that led before and still
//                writes is deposed. Operators write the ledger together with an event of their
//                own; Go checkers write the mirror.
// [one_leader]   The same rule for a session that never took over. Together they mean: between two
//                take-overs all decisions are one session's.
// [takeover]     `leader` is written by a session that owns a live candidate of the id it names,
//                and no other live candidate is before it.
// [patience]     A take-over that ends other candidacies (a deposition) comes no sooner than a
//                decision has been owed by the ballots, and none was made, for 500 ms: doubled for
//                each deposition of the last ten minutes that `leader` knows of, at most the
//                shortest session, times the number of those deposed.
// [epoch]        A take-over has a greater epoch than the current `leader` and `head`. A head has
//                the epoch and the id of the current `leader`, and its sequence grows as long as
//                its znode exists.
// [spec]         A head names the spec in force, or, while that is undecodable, an earlier one of
//                this incarnation; its shards_zxid never falls. The head has as many shards as the
//                spec, the chunks have a row for each and the versions that the head names, and
//                chunks past the end are empty. The mirror agrees with the rows, or is empty when
//                it would exceed the limit.
//                Unless one write wrote all three znodes, the ledger's `checkers`, `quorum`,
//                `min_racks` and `max_dead_fraction` replace those that the spec lacks.
// [since]        Since moves exactly with flips, and then grows; an operator may order that what is
//                dated ahead of the ensemble's clock is dated at the present time. A shard that is
//                new, or moved to another address, begins unknown with Since 0; one that kept both
//                keeps its state.
//                A leader that did not know the list before may start from the mirror, or, when a
//                quorum has voted, from nothing; even then Since does not fall.
// [journal]      The journal records exactly the flips of a commit, with the counts of the rows (up
//                to kMaxEventFlips, the rest as a number), the ids that it learned, a change of
//                the spec, and a freeze that it begins or ends. A take-over records its epoch.
// [ledger]       The electorate loses ids only by `forget`, learns only ids seen in this
//                incarnation, and holds every id that was counted. After a lost ledger the
//                electorate is at least as large as the head before says. Penalties change only
//                with flips, and a shard that returns from dead has a penalty.
// [freeze]       No flip to dead in a commit that leaves the ledger frozen; none makes more dead
//                than max_dead_fraction (one is always allowed) or than the operator accepted. A
//                leader ends a freeze only when the deaths are accepted, or when the dead shards,
//                with those that too few have voted on, are below three quarters of the fraction.
//                A leader accepts no more deaths than an operator ordered, and no more than would
//                be dead. A dead shard is not forgotten while frozen.
// [pause]        While the ledger before a commit says paused, nothing flips before its end, and the
//                leader ends it no earlier, and not much later. Time is the ensemble's: an order that
//                says its length begins with the stamp of the write that brought it.
// [maintenance]  While the ledger before a commit has a shard under maintenance, that shard does
//                not flip before its end (as above); the leader ends it no earlier unless the shard
//                left the spec, and neither begins nor changes it.
// [mirror]       If a Go checker wrote the mirror last, each change from alive to dead or back that a
//                commit makes there needs that commit's ballots, too. A leader that removes the head
//                for Go checkers writes the mirror only where it was empty.
// [go_hold]      While a Go voter is registered, nothing flips, and the head is
//                removed only after a Go voter came. A leader is excused if it may not
//                know of the voter: `localstatus` was not written since the voter came, and the
//                voter came within go_patience.
// [ballot]       A ballot is ephemeral, on a spec that was in force, and written by its owner: a
//                session with a live candidate of that id, unless another session has an earlier
//                live candidate of that id (of two twins, the earlier one votes).
// [silent_vote]  With an oracle: a ballot says nothing (not probed) about a server that its session
//                has not probed.
// [history]      The input is a history: versions fit, and nothing is missing.
//
// A transaction costs as much as it changes. Pure apart from its own state.
#pragma once

#include <zkcluster/time.h>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/znode_tree.h"
#include "tests/history/excuse.h"
#include "tests/history/record.h"

namespace zkcluster::history {

class ClusterJudge;

class HistoryJudge {
 public:
  struct Options {
    std::string root = "/goreclusters";
    // Whether the process of this session has probed that address since it started. Null: not
    // judged. The judge remembers a yes.
    std::function<bool(std::int64_t session_id, const std::string& addr)> probed;
    // Sessions whose writes are the test's own, besides 0.
    std::function<bool(std::int64_t session_id)> is_outsider;
    // The look-back: how long ago a leader may have read a ballot that its commit does not
    // check. A ballot is too old when this time has passed, and this number of
    // transactions that touch `votes`.
    Duration lookback = std::chrono::seconds(3);
    std::size_t lookback_votes = 50;
    Duration go_patience = std::chrono::seconds(30);
    Duration shortest_session = std::chrono::milliseconds(400);  // of all checkers
    bool refusals_reported = false;
    bool keep_heads = true;  // for a TableJudge; memory grows with each decision
  };
  struct Counters {
    std::uint64_t transactions = 0;
    std::uint64_t incarnations = 0;
    std::uint64_t take_overs = 0;
    std::uint64_t depositions = 0;  // of these
    std::uint64_t commits = 0;
    std::uint64_t commits_unchecked = 0;  // those without checks of the ballots
    std::uint64_t flips = 0;
    std::uint64_t ballots = 0;  // written
    bool operator==(const Counters&) const = default;
  };

  explicit HistoryJudge(Options options);
  HistoryJudge() : HistoryJudge(Options()) {}
  ~HistoryJudge();
  HistoryJudge(const HistoryJudge&) = delete;
  HistoryJudge& operator=(const HistoryJudge&) = delete;

  // In the order of zxids, from the first one that touches the root.
  void Observe(const sim::Transaction& transaction);
  // A multi of this session was refused because of its operation on `path` (`refusals_reported`).
  void ObserveRefusal(std::int64_t session_id, std::string_view path);

  [[nodiscard]] const std::vector<Violation>& violations() const { return verdicts_.list(); }
  // May exceed the length of the list, which keeps only the first ones.
  [[nodiscard]] std::size_t violation_count() const { return verdicts_.count(); }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const ExcuseCounts& excuses() const { return excuses_; }
  // The incarnations of a cluster, in order. Empty: the history has no such cluster.
  [[nodiscard]] const std::vector<std::unique_ptr<IncarnationRecord>>& RecordsOf(
      std::string_view cluster) const;

 private:
  friend class ClusterJudge;

  [[nodiscard]] ClusterJudge& JudgeOf(std::string_view cluster);

  const Options options_;
  Verdicts verdicts_;
  Counters counters_;
  ExcuseCounts excuses_;
  std::map<std::string, std::unique_ptr<ClusterJudge>, std::less<>> clusters_;
  std::vector<ClusterJudge*> touched_;  // those that the transaction under judgement touches
};

}  // namespace zkcluster::history
