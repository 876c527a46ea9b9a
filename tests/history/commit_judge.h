// Judges what one commit of a leader says: the numbers of its head, its board, its journal and its
// mirror, against the ballots and the spec it was made by. Its ledger has a judge of its own
// (ledger_judge.h); who may commit, and when, is judged in cluster_judge.h.
//
// A flip is a change of status against what the leader had to go by for that shard: the row of the
// board before, where the shard kept name and address; where the head before is absent, undecodable
// or of a list that the leader did not know, the mirror's entry for the address; else nothing
// (unknown, Since 0). Whether a leader knew a list cannot be seen from outside: a commit that
// changes the list is right when it is right by either. What nobody could read or know is decided
// anew by a quorum, or told to be lost where nothing may be decided. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "codec/codec.h"
#include "model/journal.h"
#include "model/ledger.h"
#include "tests/history/ballot_box.h"
#include "tests/history/excuse.h"
#include "tests/history/record.h"
#include "tests/history/replica.h"

namespace zkcluster::history {

struct CommitFacts {
  const Replica& after;  // with the commit
  const Replica::Before& before;
  const Head& head;                      // as written
  const SpecRecord& spec;                // that the head names
  const std::vector<SpecRecord>& specs;  // all of this incarnation, in order
  const BallotBox& box;
  bool votes_checked = false;  // the box is exact
  const std::vector<Event>& events;
  const std::set<std::string, std::less<>>& seen;  // ids that ever had a candidate or a ballot
  std::string go_voter;        // one that no leader has an excuse for overlooking; empty: none
  bool mirror_is_ours = true;  // a checker wrote it last
  bool mirror_was_go = false;  // before the commit: a Go checker did
  bool go_decided = false;     // before the commit: the mirror was newer than the head, and Go's
  // Where the box is not exact: the ballots that are there at the commit. Null: it is.
  const BallotBox* box_now = nullptr;
  ExcuseCounts& excuses;  // adds those that this commit needs

  [[nodiscard]] const std::optional<Head>& HeadBefore() const {
    return before.head ? before.head->value : after.head.value;
  }
  [[nodiscard]] const std::optional<Ledger>& LedgerBefore() const {
    return before.ledger ? before.ledger->value : after.ledger.value;
  }
  // The first event of that kind; null: none.
  // The event of that kind, and what it holds. Null: there is none.
  template <class Kind>
  [[nodiscard]] const Event* FindEvent() const {
    const auto found = std::find_if(events.begin(), events.end(),
                                    [](const Event& event) { return event.As<Kind>() != nullptr; });
    return found == events.end() ? nullptr : &*found;
  }
  template <class Kind>
  [[nodiscard]] const Kind* Find() const {
    const Event* const event = FindEvent<Kind>();
    return event == nullptr ? nullptr : event->As<Kind>();
  }
};

// A row that differs, and what it was, as the leader may have seen it.
struct RowChange {
  std::size_t shard = 0;
  ShardState from;
  ShardState to;
  // Nothing is ever decided to be unknown: that is forgetting.
  [[nodiscard]] bool flips() const {
    return from.status != to.status && to.status != ShardStatus::kUnknown;
  }
};
using RowChanges = std::vector<RowChange>;  // in spec order

using ReportFunction = std::function<void(const char* invariant, std::string text)>;

class CommitJudge {
 public:
  CommitJudge(const CommitFacts& facts, ReportFunction report);

  // Reports what it finds. Returns what it took for the changes of this commit.
  RowChanges Judge();

 private:
  using Mirror = std::map<std::string, MirrorEntry>;
  // What is wrong by one reading of the rows before, and the excuses that this reading needs.
  struct Problems {
    std::vector<std::pair<const char*, std::string>> list;
    ExcuseCounts excuses;
    void Add(const char* invariant, std::string text) {
      list.emplace_back(invariant, std::move(text));
    }
    void Add(Problems other);
    void Excuse(history::Excuse excuse) { ++excuses[excuse]; }
    [[nodiscard]] bool empty() const { return list.empty(); }
  };

  [[nodiscard]] const ClusterSpec* ListBefore() const;
  // What stands for rows that could not be read before the commit.
  enum class Lost : unsigned char { kAsLastRead, kByMirror, kUnknown };
  [[nodiscard]] ShardState RowBefore(std::size_t row, std::string_view addr, Lost lost) const;
  [[nodiscard]] bool LostRows() const;
  void JudgeShape();
  void JudgeNumbers();
  void JudgeMirror(bool rows_changed);
  void JudgeMirrorFlips();
  [[nodiscard]] RowChanges AgainstGo(const ClusterSpec& list) const;
  [[nodiscard]] RowChanges AgainstBoard(const ClusterSpec& list, Lost lost) const;
  [[nodiscard]] RowChanges AgainstMirror() const;
  [[nodiscard]] RowChanges AgainstNothing() const;
  [[nodiscard]] Problems JudgeAnew(const RowChanges& changes) const;
  [[nodiscard]] Problems JudgeChanges(const RowChanges& changes) const;
  void JudgeLost(const RowChange& change, Problems& problems) const;
  void JudgeFlip(const RowChange& change, Problems& problems) const;
  void JudgeMaintenance(const RowChange& change, Problems& problems) const;
  void JudgeJournal(const RowChanges& changes, Problems& problems) const;
  [[nodiscard]] Problems JudgeForgetting(const RowChanges& against_board) const;
  [[nodiscard]] const Mirror& MirrorBefore() const;
  [[nodiscard]] ShardState InMirror(std::string_view addr) const;
  [[nodiscard]] std::string Name(std::size_t shard) const;

  const CommitFacts& facts_;
  const ReportFunction report_;
  const std::vector<ShardSpec>& shards_;
  mutable std::optional<Mirror> mirror_before_;  // decoded once it is needed
};

}  // namespace zkcluster::history
