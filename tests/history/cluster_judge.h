// The part of a HistoryJudge that judges one cluster: who may write what, and when. commit_judge.h
// and ledger_judge.h judge the contents of a commit. history_judge.h lists the invariants.
// Private to the judge. Pure apart from its own state.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "model/journal.h"
#include "tests/history/ballot_box.h"
#include "tests/history/history_judge.h"
#include "tests/history/replica.h"

namespace zkcluster::history {

class ClusterJudge {
 public:
  ClusterJudge(HistoryJudge& judge, std::string name);

  // Gathers the operations of a transaction on this cluster; Judge judges them as a whole.
  void Gather(Touch touch) { touches_.push_back(touch); }
  [[nodiscard]] bool gathered() const { return !touches_.empty(); }
  void Judge(const sim::Transaction& transaction);
  void SessionEnded(std::int64_t session_id);
  void ObserveRefusal(std::int64_t session_id, Place place);

  [[nodiscard]] const std::vector<std::unique_ptr<IncarnationRecord>>& records() const {
    return records_;
  }

 private:
  struct Leadership {
    std::int64_t session_id = 0;
    std::string candidate;
  };
  // A ballot that was current until `time`.
  struct PastVote {
    TimePoint time;
    std::uint64_t number;  // how many transactions had touched `votes` by then
    std::string id;
    std::shared_ptr<const Ballot> ballot;
  };
  // What the transaction under judgement contains.
  struct Facts {
    Replica::Before before;
    std::vector<Event> events;
    std::vector<std::string_view> votes_checked;
    bool event_undecodable = false;
    bool writes_spec = false;
    bool writes_leader = false;
    bool writes_status = false;  // the head or a chunk
    bool writes_ledger = false;
    bool writes_mirror = false;
    bool touches_votes = false;
    std::size_t deposed = 0;        // candidates of others that it removes
    bool operator_removes = false;  // an operator removes a znode that only checkers write
    bool mirror_was_by_go = false;  // before this transaction
    bool go_decided = false;        // likewise: the mirror is newer than the head, and Go's
  };

  void Report(const char* invariant, std::string text);
  void Excused(Excuse excuse) { ++judge_.excuses_[excuse]; }
  [[nodiscard]] bool IsOutsider(std::int64_t session_id) const;
  [[nodiscard]] bool IsChecker(std::int64_t session_id) const {
    return candidacies_.contains(session_id);
  }
  void BeginIncarnation(std::int64_t zxid);
  void Note(const Touch& touch, Facts& facts);
  void JudgeBallot(const Touch& touch);
  void JudgeVotes(const std::string& id, const VoteSlot& vote);
  [[nodiscard]] const ClusterSpec* FindSpec(const SpecId& id) const;
  void ReadSpec(std::int64_t zxid);
  void JudgeWrites(const Facts& facts);
  void MoveSequence();
  void JudgeTakeOver(const Facts& facts);
  // That candidate was made by this session, and an outsider has put a ghost in its place.
  [[nodiscard]] bool IsGhostOf(std::string_view node, std::int64_t session_id) const;
  void JudgePatience(const Facts& facts);
  [[nodiscard]] bool IsOwed() const;
  void WatchOwed(const Facts& facts);
  [[nodiscard]] bool MayCommit();
  void JudgeCommit(const Facts& facts);
  void JudgeYield(const Facts& facts);
  void JudgeRestore(const Facts& facts);
  [[nodiscard]] bool Paused(const Ledger& ledger) const;
  [[nodiscard]] bool GoDecided() const;
  void NoteGo();
  [[nodiscard]] SpecRecord InForce(const SpecRecord& spec, const Facts& facts) const;
  [[nodiscard]] SpecRecord LastRead(const SpecRecord& spec, const Facts& facts) const;
  [[nodiscard]] SpecRecord InForce(const SpecRecord& spec,
                                   const std::optional<Ledger>& ledger) const;
  [[nodiscard]] std::vector<PossibleBallots> VotersOf(const Facts& facts);
  // Null: the vote is no ghost, or replaces no ballot.
  [[nodiscard]] std::shared_ptr<const Ballot> ReplacedByGhost(const std::string& id,
                                                              const VoteSlot& vote) const;
  [[nodiscard]] std::vector<PossibleBallots> VotersNow() const;
  [[nodiscard]] std::string GoVoterInTheWay() const;
  void RecordHead(const Facts& facts);
  void RememberVote(const Touch& touch);
  void ForgetVotes();

  HistoryJudge& judge_;
  const std::string name_;
  std::vector<Touch> touches_;
  const sim::Transaction* transaction_ = nullptr;  // the one under judgement

  // Over all incarnations. There is always a last record; one with czxid 0 holds no cluster.
  std::vector<std::unique_ptr<IncarnationRecord>> records_;
  std::unordered_map<std::int64_t, std::set<std::string, std::less<>>> candidacies_;  // ids

  // Of this incarnation.
  Replica replica_;
  bool in_force_ = false;  // records_.back()->specs.back() is the spec in ZooKeeper
  std::optional<Leadership> leadership_;
  std::unordered_set<std::int64_t> led_;
  // The last sessions that owned them: by candidate, and by id.
  std::map<std::string, std::int64_t, std::less<>> makers_;
  std::map<std::string, std::int64_t, std::less<>> ballot_makers_;
  std::int64_t sequence_ = 0;  // the sequence of the last head that counts
  bool sequence_by_outsider_ = false;
  std::int64_t sequence_forgiven_ = 0;       // an outsider wrote it, and it no longer counts
  std::int64_t greatest_epoch_ = 0;          // of this incarnation; 0 after its journal was removed
  std::int64_t epoch_forgiven_ = 0;          // greatest_epoch_ before the journal was removed
  std::set<std::string, std::less<>> seen_;  // ids with a candidate or a ballot
  std::deque<PastVote> past_votes_;
  std::uint64_t votes_touched_ = 0;
  // The time since which the ballots have called for a decision that was not made.
  std::optional<TimePoint> owed_since_;
  // The same before the very first decision, while that is the last one.
  struct OwedFirst {
    TimePoint since;
    TimePoint decided;
  };
  std::optional<OwedFirst> owed_first_;
  std::vector<TimePoint> depositions_;
  TimePoint go_signal_since_{};
  bool mirror_by_checker_ = false;  // a checker wrote the mirror last
  bool mirror_by_go_ = false;       // a Go checker did
  std::vector<Pause> pauses_;       // all that a readable ledger has held
  int refusals_ = 0;                // in a row, because of ballots, in this leadership
  std::map<std::int64_t, std::unordered_set<std::string>> known_probed_;
};

}  // namespace zkcluster::history
