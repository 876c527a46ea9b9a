// Judges the history of an ensemble, one transaction after the other, by what must hold whatever
// happens. It is a second, deliberately dumb implementation of the rules: it keeps a replica of the
// znodes below a root (any number of clusters; one deleted and made anew is another incarnation),
// and shares with the product the codecs alone. The simulator feeds it FakeEnsemble's history, the
// fault tests a real server's transaction log (transaction_log.h).
//
// Who writes is told by what a session has done. A *checker* is a session that ever created a
// candidate. A *hand* is the test itself, putting bytes where it likes (session 0, and whoever
// Options::is_outsider names): what it writes is not judged, only taken as what now stands. Any other
// session is an operator or a Go checker. Sessions end and never come back.
//
// The invariants; the names in brackets are an interface:
//
// [quorum]       Every flip is covered by ballots current at the zxid of its commit: those whose
//                znodes the commit checks, on the very spec that the head names, of its length, of
//                ids in the ledger that stands with the commit. To alive: alive votes >= quorum,
//                and not dead as well; dead is: dead votes >= quorum, from min_racks racks. To
//                dead: the mirror image. The counts and the reason in the row are those ballots'.
//                A commit that checks no ballot is judged by what may have been read: of each
//                voter, some ballot that stood within the look-back. Where refusals are told
//                (ObserveRefusal), such a commit needs two of them to flip anything.
// [head_numbers] Quorum and electorate in the head are what these ballots, the ledger and the spec
//                amount to: `checkers`, else the ids known (AtLeast at least), and no less than
//                the ballots on this spec; `quorum`, else more than half of that.
// [deposed]      Head, chunks, ledger and mirror are written by the session that made the last
//                take-over, and while its candidate exists. A checker that led once and does so
//                later has been deposed. Operators write the ledger with an event of theirs; Go
//                checkers the mirror.
// [one_leader]   The same, of a session that decides without ever having taken over. Together:
//                between two take-overs there is one session's decisions.
// [takeover]     `leader` is written by a session that owns a live candidate of the id it names,
//                and no other live candidate is before it.
// [epoch]        A take-over has a greater epoch than the `leader` and `head` that stand; a head
//                has the epoch of the standing `leader`, names its id, and its sequence grows
//                while its znode lives.
// [spec]         A head names the spec in force, or, while that is undecodable, an earlier one of
//                this incarnation; its shards_zxid never falls. It has as many shards, the chunks
//                have their rows and the versions that the head names, chunks past the end are
//                empty; the mirror says what the rows say, or nothing when that is above the limit.
//                Without a write of all three znodes in one, `checkers`, `quorum`, `min_racks` and
//                `max_dead_fraction` that the spec lacks are those that the ledger remembers.
// [since]        Since moves exactly with flips, and then grows. A shard that is new, or moved to
//                another address, begins unknown with Since 0; one that kept both keeps its state.
//                A leader that did not know the list before may go by the mirror, and, when a
//                quorum has voted, by nothing; then too Since is not less than the row before.
// [journal]      A commit tells of exactly its flips, with the counts of the rows (up to
//                kMaxEventFlips, the rest counted), of the ids it learned, of a change of the spec
//                and of a freeze that it begins or ends; a take-over of its epoch.
// [ledger]       The electorate loses ids by `forget` alone, learns only ids seen in this
//                incarnation, and holds every id that was counted. A lost ledger leaves an
//                electorate no smaller than the head before says. Penalties move with flips only,
//                and who comes back from the dead owes one.
// [freeze]       No flip to dead in a commit that leaves the ledger frozen; none makes more dead
//                than max_dead_fraction (one is always allowed) or than was accepted; a leader
//                leaves a freeze only below three quarters of the fraction, those counted that too
//                few have voted on, or as accepted. No more is accepted than an operator ordered
//                and would be dead. A dead shard is not forgotten while frozen.
// [pause]        While the ledger before a commit says paused, nothing flips before its end, by the
//                journal's clock, and the leader ends it no earlier.
// [maintenance]  While the ledger before a commit has a shard under maintenance, that shard does
//                not flip before its end; the leader ends it no earlier unless the shard left the
//                spec, and neither begins nor changes it.
// [mirror]       Where a Go checker wrote the mirror last, what a commit changes in it from alive to
//                dead or back is covered by that commit's ballots, too. A leader that removes the
//                head for Go checkers writes the mirror only where it said nothing.
// [go_hold]      While a Go voter stands, nothing flips. The head is removed only after a Go checker
//                came. Excused is a leader that may not have
//                heard: the bell was not rung since the voter came, and that is within go_patience.
// [ballot]       A ballot is ephemeral, on a spec that was in force, and written by its owner: a
//                session that has a live candidate of that id, before which no other session's
//                live candidate of that id stands (the earlier twin votes).
// [silent_vote]  With an oracle: a ballot says nothing (not probed) about a server that its session
//                has not probed.
// [history]      What is fed is a history: versions fit, nothing is missing.
//
// What a transaction costs depends on what it changes. Pure but for its own state.
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
    // judged. A yes is remembered.
    std::function<bool(std::int64_t session_id, const std::string& addr)> probed;
    // Sessions whose writes are the test's own, besides 0.
    std::function<bool(std::int64_t session_id)> is_outsider;
    // How far back a ballot may have been read that a commit did not check: both this long, and so
    // many transactions that touch `votes`, must have passed for it to be too old.
    Duration lookback = std::chrono::seconds(3);
    std::size_t lookback_votes = 50;
    Duration go_patience = std::chrono::seconds(30);
    bool refusals_are_told = false;
    bool keep_heads = true;  // for a TableJudge; memory grows with each decision
  };
  struct Counters {
    std::uint64_t transactions = 0;
    std::uint64_t incarnations = 0;
    std::uint64_t take_overs = 0;
    std::uint64_t commits = 0;
    std::uint64_t commits_unchecked = 0;  // of these, without checks of the ballots
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
  // A multi of this session was refused because of its operation on `path`. See refusals_are_told.
  void ObserveRefusal(std::int64_t session_id, std::string_view path);

  [[nodiscard]] const std::vector<Violation>& violations() const { return verdicts_.list(); }
  // More than the list holds when there are very many.
  [[nodiscard]] std::size_t violation_count() const { return verdicts_.count(); }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const ExcuseCounts& excuses() const { return excuses_; }
  // The lives of a cluster, in order; empty: never heard of.
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
  std::vector<ClusterJudge*> touched_;  // by the transaction under judgement
};

}  // namespace zkcluster::history
