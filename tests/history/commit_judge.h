// Judges the contents of one leader's commit: the numbers of its head, its board, its journal and
// its mirror, against the ballots and the spec that the leader used. The ledger has a judge of its
// own (ledger_judge.h). cluster_judge.h judges who may commit, and when.
//
// A flip is a change of a shard's status against the state that the leader started from. If the
// shard kept its name and address, that is its row of the board before the commit. If the head
// before is absent or undecodable, or belongs to a list that the leader did not know, it is the
// mirror's entry for the address. Otherwise it is nothing (unknown, Since 0). The judge cannot see
// whether a leader knew a list, so it accepts a commit that changes the list if either reading
// makes it right. For a row that nobody could read or know, a quorum decides again; where nothing
// may be decided, the commit marks the row as lost. Pure.
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
  const Replica& after;  // with the commit applied
  const Replica::Before& before;
  const Head& head;                      // as written
  const SpecRecord& spec;                // the spec that the head names
  const std::vector<SpecRecord>& specs;  // all of this incarnation, in order
  const BallotBox& box;
  bool votes_checked = false;  // the box is exact
  const std::vector<Event>& events;
  const std::set<std::string, std::less<>>& seen;  // ids that ever had a candidate or a ballot
  std::string go_voter;        // a Go voter that the leader must have seen; empty: none
  bool mirror_is_ours = true;  // a checker wrote it last
  bool mirror_was_go = false;  // before the commit: a Go checker wrote it last
  bool go_decided = false;     // before the commit: the mirror was newer than the head, and Go's
  // The ballots that exist at the commit, where the box is not exact. Null: it is exact.
  const BallotBox* box_now = nullptr;
  ExcuseCounts& excuses;  // the judge adds the excuses that this commit needs
  Micros stamp;           // the ensemble's, of this commit

  // Whether an order was over when this was committed. (Stamps are in milliseconds.)
  template <class Order>
  [[nodiscard]] bool WasOver(const Order& order) const {
    return IsOver(order, stamp + std::chrono::milliseconds(1));
  }

  [[nodiscard]] const std::optional<Head>& HeadBefore() const {
    return before.head ? before.head->value : after.head.value;
  }
  [[nodiscard]] const std::optional<Ledger>& LedgerBefore() const {
    return before.ledger ? before.ledger->value : after.ledger.value;
  }
  // The first event of that kind, and its contents. Null: there is none.
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

// A row that differs from before, and what it was, as the leader may have seen it.
struct RowChange {
  std::size_t shard = 0;
  ShardState from;
  ShardState to;
  // A change to unknown is not a decision: the leader forgot the row.
  [[nodiscard]] bool flips() const {
    return from.status != to.status && to.status != ShardStatus::kUnknown;
  }
};
using RowChanges = std::vector<RowChange>;  // in spec order

using ReportFunction = std::function<void(const char* invariant, std::string text)>;

class CommitJudge {
 public:
  CommitJudge(const CommitFacts& facts, ReportFunction report);

  // Reports violations. Returns the changes of this commit, by the reading that it accepted.
  RowChanges Judge();

 private:
  using Mirror = std::map<std::string, MirrorEntry>;
  // The violations by one reading of the rows before, and the excuses that this reading needs.
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
  // What to assume about rows that could not be read before the commit.
  enum class Lost : unsigned char { kAsLastRead, kByMirror, kUnknown };
  [[nodiscard]] ShardState RowBefore(std::size_t row, std::string_view addr, Lost lost) const;
  [[nodiscard]] bool LostRows() const;
  void JudgeShape();
  void JudgeNumbers();
  void JudgeMirror(bool rows_changed);
  void JudgeMirrorFlips();
  [[nodiscard]] RowChanges AgainstGo(const ClusterSpec& list, Lost lost) const;
  [[nodiscard]] RowChanges AgainstBoard(const ClusterSpec& list, Lost lost) const;
  [[nodiscard]] RowChanges AgainstMirror() const;
  [[nodiscard]] RowChanges AgainstNothing() const;
  [[nodiscard]] Problems JudgeWithLostRows(const RowChanges& changes) const;
  [[nodiscard]] Problems JudgeChanges(const RowChanges& changes) const;
  void JudgeLost(const RowChange& change, Problems& problems) const;
  [[nodiscard]] bool Redated(const RowChange& change) const;
  void JudgeFlip(const RowChange& change, Problems& problems) const;
  [[nodiscard]] std::optional<std::string> WhyUncovered(const RowChange& change,
                                                        bool undecided) const;
  void JudgeMaintenance(const RowChange& change, Problems& problems) const;
  void JudgeJournal(const RowChanges& changes, Problems& problems) const;
  [[nodiscard]] Problems JudgeForgetting(const RowChanges& against_board) const;
  [[nodiscard]] const Mirror& MirrorBefore() const;
  [[nodiscard]] ShardState InMirror(std::string_view addr) const;
  [[nodiscard]] std::string Name(std::size_t shard) const;

  const CommitFacts& facts_;
  const ReportFunction report_;
  const std::vector<ShardSpec>& shards_;
  mutable std::optional<Mirror> mirror_before_;  // decoded when first needed
};

}  // namespace zkcluster::history
