#include "checker/lead/commit.h"

#include <algorithm>
#include <utility>

#include "base/overloaded.h"
#include "codec/codec.h"
#include "model/limits.h"

namespace zkcluster {

namespace {

class Planner {
 public:
  Planner(const CommitInput& input, Round round) : in_(input), stored_(*input.spec.stored) {
    plan_.round = std::move(round);
  }

  CommitPlan Plan() {
    AddGuards();
    const bool status_changed = AddChunks();
    const bool ledger_changed = AddLedger();
    const bool mirror_changed = AddMirror();
    const bool differs = status_changed || ledger_changed || mirror_changed || Respecced() ||
                         NamesOtherChunks() || IsOfLaterEpoch() || in_.store.GoDecided();
    if (differs) {
      AddHead();
      AddEvents();
    } else {
      plan_.head = *in_.store.head();
    }
    AddContributions();
    plan_.empty = !differs && in_.contributions.empty();
    return std::move(plan_);
  }

  CommitPlan Yield() {
    AddFence();
    AddSpecChecks();
    plan_.kind = CommitPlan::Kind::kYield;
    constexpr SlotId kHead{SlotId::Kind::kHead};
    plan_.empty = !AddMirrorToYield();
    Add(OpRole::kHead, zk::DeleteOp{in_.paths.head(), *in_.store.slot(kHead).version}, kHead);
    return std::move(plan_);
  }

  CommitPlan Restore() {
    AddFence();
    AddSpecChecks();
    plan_.kind = CommitPlan::Kind::kRestore;
    constexpr SlotId kId{SlotId::Kind::kLedger};
    const StatusStore::Slot& slot = in_.store.slot(kId);
    plan_.empty = slot.version && DecodeLedger(slot.data);
    Write(OpRole::kLedger, kId, in_.paths.ledger(), EncodeLedger(in_.store.ledger()));
    return std::move(plan_);
  }

 private:
  using What = decltype(PlannedOp::what);

  void Add(OpRole role, zk::Op op, What what = {}) {
    plan_.ops.push_back({std::move(op), role, std::move(what)});
  }

  [[nodiscard]] const Decision& decision() const { return plan_.round.decision; }

  void AddFence() {
    const ClusterPaths& paths = in_.paths;
    Add(OpRole::kFence, zk::CheckOp{in_.leadership.candidate, 0});
    Add(OpRole::kFence, zk::CheckOp{paths.leader(), in_.leadership.token});
  }

  void AddSpecChecks() {
    const ClusterPaths& paths = in_.paths;
    const auto spec = [&](const std::string& path, std::optional<zk::Version> version) {
      if (version) Add(OpRole::kSpec, zk::CheckOp{path, *version});
    };
    spec(paths.base(), in_.spec.standing.base);
    spec(paths.shards(), in_.spec.standing.shards);
    spec(paths.options(), in_.spec.standing.options);
    if (in_.go_signal) Add(OpRole::kGoSignal, zk::CheckOp{paths.go_voters(), *in_.go_signal});
  }

  void AddGuards() {
    const ClusterPaths& paths = in_.paths;
    AddFence();
    AddSpecChecks();
    for (const auto& [id, version] : in_.votes) {
      Add(OpRole::kVote, zk::CheckOp{paths.vote(id), version}, VoteOf{id});
    }
    if (!in_.votes.empty()) Add(OpRole::kVoteSignal, zk::CheckOp{paths.votes(), in_.vote_signal});
  }

  void Write(OpRole role, SlotId id, std::string path, std::string data) {
    const StatusStore::Slot& slot = in_.store.slot(id);
    if (slot.version) {
      Add(role, zk::SetOp{std::move(path), std::move(data), *slot.version}, id);
    } else {
      Add(role, zk::CreateOp{std::move(path), std::move(data)}, id);
    }
  }

  static SlotId Chunk(std::size_t k) { return {SlotId::Kind::kChunk, k}; }

  [[nodiscard]] bool Respecced() const {
    const auto& head = in_.store.head();
    return !head || head->spec != stored_.id || head->shards != stored_.spec.shards.size();
  }

  // Somebody rewrote a chunk with the same bytes: clients that start would wait for the version
  // that the head names, and never find it.
  [[nodiscard]] bool NamesOtherChunks() const {
    const auto& head = in_.store.head();
    if (!head) return false;
    for (std::size_t k = 0; k < head->chunks.size(); ++k) {
      const auto version = in_.store.slot(Chunk(k)).version;
      if (version && *version != head->chunks[k]) return true;
    }
    return false;
  }

  // No later leader wrote it, or our token would be refused: an outsider did. Clients would take
  // everything that we write there for older news.
  [[nodiscard]] bool IsOfLaterEpoch() const {
    const auto& head = in_.store.head();
    return head && head->epoch > in_.leadership.record.epoch;
  }

  // The same rows, written by another leader with more or fewer columns: not worth a write. A
  // take-over of a large cluster would rewrite every chunk at once.
  [[nodiscard]] static bool HoldsRows(const std::string& data, const StatusBoard& board,
                                      std::size_t k) {
    const auto rows = DecodeChunk(data);
    const auto wanted = DecodeChunk(EncodeChunk(board, k));
    return rows && wanted && *rows == *wanted;
  }

  // Nothing if the chunk has these rows already.
  [[nodiscard]] std::optional<std::string> NewChunk(const StatusStore::Slot& slot,
                                                    std::size_t k) const {
    const StatusBoard& board = decision().board;
    if (slot.version && in_.store.Wrote(board, k)) return std::nullopt;
    std::string data = EncodeChunk(board, k, in_.format);
    if (slot.version && slot.data == data) return std::nullopt;
    if (slot.version && !slot.ours && HoldsRows(slot.data, board, k)) return std::nullopt;
    return data;
  }

  // Chunks past the end of a list that shrank are emptied, never deleted: a client would take a
  // version that starts again at 0 for one that it has read.
  bool AddChunks() {
    const std::size_t needed = ChunkCount(stored_.spec.shards.size());
    bool changed = false;
    for (std::size_t k = 0; k < std::max(needed, in_.store.chunk_slots()); ++k) {
      const StatusStore::Slot& slot = in_.store.slot(Chunk(k));
      std::int32_t version = slot.version.value_or(0);
      if (!slot.version && k < needed) new_chunk_ = true;
      if (std::optional<std::string> data = NewChunk(slot, k)) {
        version = slot.version ? *slot.version + 1 : 0;
        Write(OpRole::kChunk, Chunk(k), in_.paths.chunk(k), *std::move(data));
        changed = true;
      } else {
        // The head will name this version: a chunk that an outsider wrote meanwhile
        // must be replaced.
        Add(OpRole::kChunk, zk::CheckOp{in_.paths.chunk(k), version}, Chunk(k));
      }
      if (k < needed) plan_.head.chunks.push_back(version);
    }
    return changed;
  }

  bool AddLedger() {
    std::string data = EncodeLedger(decision().ledger);
    constexpr SlotId kId{SlotId::Kind::kLedger};
    const StatusStore::Slot& slot = in_.store.slot(kId);
    if (slot.version && slot.data == data) {
      // An operator's order in the ledger holds from the zxid of its own write on.
      Add(OpRole::kLedger, zk::CheckOp{in_.paths.ledger(), *slot.version}, kId);
      return false;
    }
    Write(OpRole::kLedger, kId, in_.paths.ledger(), std::move(data));
    return true;
  }

  bool AddMirror() {
    constexpr SlotId kId{SlotId::Kind::kMirror};
    const StatusStore::Slot& slot = in_.store.slot(kId);
    const std::size_t limit = stored_.spec.mirror_limit.value_or(kDefaultMirrorLimit);
    const auto& shards = stored_.spec.shards;
    const StatusBoard& board = decision().board;
    // In a large cluster it would be the costliest part of a decision, and then be thrown away.
    bool kept = LeastMirrorBytes(shards, board) <= limit;
    std::string data = kept ? EncodeMirror(shards, board) : "";
    kept = kept && data.size() <= limit;
    if (!kept) {
      if (!slot.version) return false;
      data = "{}";  // a mirror that is not updated would mislead Go clients
    }
    // Checked, too: the decision may be based on it (see StatusStore::BoardFor).
    if (slot.version && slot.data == data) {
      Add(OpRole::kMirror, zk::CheckOp{in_.paths.mirror(), *slot.version}, kId);
      return false;
    }
    Write(OpRole::kMirror, kId, in_.paths.mirror(), std::move(data));
    return true;
  }

  // False: what the head says would be in no znode any more.
  bool AddMirrorToYield() {
    constexpr SlotId kId{SlotId::Kind::kMirror};
    const StatusStore::Slot& slot = in_.store.slot(kId);
    const auto kept = slot.version ? DecodeMirror(slot.data) : Result<Mirror>();
    const bool says_it = kept && !kept->empty();  // ours, or a Go checker's
    std::string data = says_it ? "" : EncodeMirror(stored_.spec.shards, decision().board);
    if (says_it || slot.data == data) {
      Add(OpRole::kMirror, zk::CheckOp{in_.paths.mirror(), *slot.version}, kId);
      return true;
    }
    if (data.size() > kMaxShardsBytes) return false;
    Write(OpRole::kMirror, kId, in_.paths.mirror(), std::move(data));
    return true;
  }

  void AddHead() {
    const auto& last = in_.store.head();
    Head& head = plan_.head;
    head.spec = stored_.id;
    head.epoch = in_.leadership.record.epoch;
    head.sequence = last ? last->sequence + 1 : 1;
    // For an undecodable last head: a head is written once per decision, so its next version plus
    // one exceeds every earlier sequence. Clients would take a smaller sequence for old news.
    constexpr SlotId kId{SlotId::Kind::kHead};
    const StatusStore::Slot& slot = in_.store.slot(kId);
    if (const auto version = slot.version) {
      head.sequence = std::max(head.sequence, std::int64_t{*version} + 2);
    }
    head.leader = in_.leadership.record.id;
    head.quorum = plan_.round.electorate.quorum;
    head.electorate = plan_.round.electorate.size;
    head.shards = stored_.spec.shards.size();
    std::string data = EncodeHead(head);
    if (slot.version && (!last || IsOfLaterEpoch() || new_chunk_)) {
      // This does not continue what clients know: a head that is a new znode makes them forget it.
      // What an outsider has removed begins again at version 0, and clients would take it for what
      // they read under that version; and an undecodable head does not show how far it had come.
      Add(OpRole::kHead, zk::DeleteOp{in_.paths.head(), *slot.version}, kId);
      Add(OpRole::kHead, zk::CreateOp{in_.paths.head(), std::move(data)}, kId);
    } else {
      Write(OpRole::kHead, kId, in_.paths.head(), std::move(data));
    }
  }

  void AddEvent(Event::What what) {
    Event event;
    event.what = std::move(what);
    event.at = in_.now;
    event.leader = in_.leadership.record.id;
    event.epoch = in_.leadership.record.epoch;
    event.quorum = plan_.round.electorate.quorum;
    event.spec_version = stored_.id.version;
    Add(OpRole::kEvent, zk::CreateOp{in_.paths.event_prefix(), EncodeEvent(event),
                                     zk::CreateMode::kPersistentSequential});
    plan_.events.push_back(std::move(event));
  }

  // The last event holds all flips.
  static void NoteFlip(const Flip& flip, Event::Flips& flips) {
    if (flips.flips.size() < kMaxEventFlips) {
      flips.flips.push_back(flip);
    } else {
      ++flips.more;
    }
  }

  void AddEvents() {
    if (!plan_.round.learned.empty()) AddEvent(Event::Electorate{plan_.round.learned});
    if (in_.store.head() && Respecced()) AddEvent(Event::Spec{});
    Event::Flips flips;
    const Overloaded journal{
        [&](const KeysLost& lost) { AddEvent(Event::KeysLost{lost.keys}); },
        [&](const PauseOver&) { AddEvent(Event::Resume{}); },
        [&](const MaintenanceOver& over) { AddEvent(Event::MaintenanceOver{over.shards}); },
        [&](const FreezeBegan& freeze) {
          AddEvent(Event::Freeze{static_cast<int>(freeze.would_be_dead)});
        },
        [&](const FreezeEnded& freeze) {
          AddEvent(Event::Unfreeze{static_cast<int>(freeze.would_be_dead)});
        },
        [&](const Flip& flip) { NoteFlip(flip, flips); },
    };
    for (const Change& change : decision().changes) std::visit(journal, change);
    if (!flips.flips.empty()) AddEvent(std::move(flips));
  }

  void AddContributions() {
    for (std::size_t i = 0; i < in_.contributions.size(); ++i) {
      for (const zk::Op& op : in_.contributions[i].ops) {
        Add(OpRole::kContributed, op, ContributionOf{i});
      }
    }
  }

  const CommitInput& in_;
  const StoredSpec& stored_;
  CommitPlan plan_;
  bool new_chunk_ = false;  // some chunk is new, as far as we know
};

}  // namespace

std::vector<zk::Op> CommitPlan::Operations() const {
  std::vector<zk::Op> operations;
  operations.reserve(ops.size());
  for (const PlannedOp& planned : ops) operations.push_back(planned.op);
  return operations;
}

CommitPlan PlanCommit(const CommitInput& input, Round round) {
  return Planner(input, std::move(round)).Plan();
}

CommitPlan PlanYield(const CommitInput& input, Round round) {
  return Planner(input, std::move(round)).Yield();
}

CommitPlan PlanRestore(const CommitInput& input, Round round) {
  return Planner(input, std::move(round)).Restore();
}

Refusal FindRefusal(const CommitPlan& plan, const zk::OpError& error) {
  if (zk::IsRefusedForGood(error)) return {Refusal::Kind::kUnwritable, nullptr};
  const std::size_t index = error.failed_op.value_or(plan.ops.size());
  if (!zk::IsGuardFailure(error) || index >= plan.ops.size()) {
    return {Refusal::Kind::kUnknown, nullptr};
  }
  return {Refusal::Kind::kMoved, &plan.ops[index]};
}

}  // namespace zkcluster
