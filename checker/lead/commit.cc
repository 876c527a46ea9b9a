#include "checker/lead/commit.h"

#include <algorithm>
#include <utility>

#include "codec/codec.h"
#include "model/limits.h"

namespace zkcluster {

namespace {

class Planner {
 public:
  explicit Planner(const CommitInput& input) : in_(input) {}

  CommitPlan Plan() {
    AddGuards();
    const bool status_changed = AddChunks();
    const bool ledger_changed = AddLedger();
    const bool mirror_changed = AddMirror();
    if (status_changed || ledger_changed || mirror_changed || Respecced() || NamesOtherChunks() ||
        IsOfLaterEpoch()) {
      plan_.empty = false;
      AddHead();
      AddEvents();
    }
    return std::move(plan_);
  }

 private:
  void Add(OpRole role, zk::Op op) {
    plan_.ops.push_back(std::move(op));
    plan_.roles.push_back(role);
  }

  void AddGuards() {
    const ClusterPaths& paths = *in_.paths;
    Add(OpRole::kFence, zk::CheckOp{in_.leadership->candidate, 0});
    Add(OpRole::kFence, zk::CheckOp{paths.leader(), in_.leadership->token});
    const auto spec = [&](const std::string& path, std::optional<zk::Version> version) {
      if (version) Add(OpRole::kSpec, zk::CheckOp{path, *version});
    };
    spec(paths.base(), in_.standing.base);
    spec(paths.shards(), in_.standing.shards);
    spec(paths.options(), in_.standing.options);
    if (in_.go_bell) Add(OpRole::kGoBell, zk::CheckOp{paths.go_voters(), *in_.go_bell});
    for (const auto& [id, version] : in_.votes) {
      Add(OpRole::kVote, zk::CheckOp{paths.vote(id), version});
      plan_.voters.push_back(id);
    }
    if (!in_.votes.empty()) Add(OpRole::kVoteBell, zk::CheckOp{paths.votes(), in_.vote_bell});
  }

  void Write(OpRole role, std::string path, const StatusStore::Slot& slot, std::string data) {
    if (slot.version) {
      Add(role, zk::SetOp{std::move(path), std::move(data), *slot.version});
    } else {
      Add(role, zk::CreateOp{std::move(path), std::move(data)});
    }
  }

  [[nodiscard]] bool Respecced() const {
    const auto& head = in_.store->head();
    return !head || head->spec != in_.spec->id || head->shards != in_.spec->spec.shards.size();
  }

  // Somebody wrote the bytes of a chunk again: clients that start would look for the version that
  // the head names, and never find it.
  [[nodiscard]] bool NamesOtherChunks() const {
    const auto& head = in_.store->head();
    const auto& slots = in_.store->chunk_slots;
    if (!head) return false;
    for (std::size_t k = 0; k < std::min(head->chunks.size(), slots.size()); ++k) {
      if (slots[k].version && *slots[k].version != head->chunks[k]) return true;
    }
    return false;
  }

  // No leader after us wrote it, or our token would be refused: a hand did. Clients would take
  // whatever we write there for older news.
  [[nodiscard]] bool IsOfLaterEpoch() const {
    const auto& head = in_.store->head();
    return head && head->epoch > in_.leadership->record.epoch;
  }

  // The same rows as another leader wrote them, with more columns or fewer: not worth a write, which
  // a take-over would cost for each chunk of a large cluster at once.
  [[nodiscard]] static bool HoldsRows(const std::string& data, const StatusBoard& board,
                                      std::size_t k) {
    const auto rows = DecodeChunk(data);
    const auto wanted = DecodeChunk(EncodeChunk(board, k));
    return rows && wanted && *rows == *wanted;
  }

  // Nothing where these rows stand already.
  [[nodiscard]] std::optional<std::string> NewChunk(const StatusStore::Slot& slot,
                                                    std::size_t k) const {
    const StatusBoard& board = in_.decision->board;
    if (slot.version && in_.store->Wrote(board, k)) return std::nullopt;
    std::string data = EncodeChunk(board, k, in_.format);
    if (slot.version && slot.data == data) return std::nullopt;
    if (slot.version && !in_.store->written() && HoldsRows(slot.data, board, k))
      return std::nullopt;
    return data;
  }

  // Chunks past the end of a list that shrank are emptied, never deleted: a version that starts
  // again at 0 would look like an old acquaintance to a client.
  bool AddChunks() {
    const auto& slots = in_.store->chunk_slots;
    const std::size_t needed = ChunkCount(in_.spec->spec.shards.size());
    bool changed = false;
    const StatusStore::Slot absent;
    for (std::size_t k = 0; k < std::max(needed, slots.size()); ++k) {
      const StatusStore::Slot& slot = k < slots.size() ? slots[k] : absent;
      std::int32_t version = slot.version.value_or(0);
      if (!slot.version && k < needed) new_chunk_ = true;
      if (std::optional<std::string> data = NewChunk(slot, k)) {
        version = slot.version ? *slot.version + 1 : 0;
        Write(OpRole::kChunk, in_.paths->chunk(k), slot, *std::move(data));
        changed = true;
      } else {
        // The head will name this version: a chunk that foreign hands wrote
        // meanwhile must not stay.
        Add(OpRole::kChunk, zk::CheckOp{in_.paths->chunk(k), version});
      }
      plan_.chunks.push_back(k);
      if (k < needed) plan_.head.chunks.push_back(version);
    }
    return changed;
  }

  bool AddLedger() {
    std::string data = EncodeLedger(in_.decision->ledger);
    const StatusStore::Slot& slot = in_.store->ledger_slot;
    if (slot.version && slot.data == data) {
      // An operator's order that stands in the ledger holds from its own zxid on.
      Add(OpRole::kLedger, zk::CheckOp{in_.paths->ledger(), *slot.version});
      return false;
    }
    Write(OpRole::kLedger, in_.paths->ledger(), slot, std::move(data));
    return true;
  }

  bool AddMirror() {
    const StatusStore::Slot& slot = in_.store->mirror_slot;
    const std::size_t limit = in_.spec->spec.mirror_limit.value_or(kDefaultMirrorLimit);
    const auto& shards = in_.spec->spec.shards;
    const StatusBoard& board = in_.decision->board;
    // Of a large cluster it would be the costliest part of a decision, only to be thrown away.
    bool kept = LeastMirrorBytes(shards, board) <= limit;
    std::string data = kept ? EncodeMirror(shards, board) : "";
    kept = kept && data.size() <= limit;
    if (!kept) {
      if (!slot.version) return false;
      data = "{}";  // a mirror nobody keeps up would lie to Go clients
    }
    // Checked, too: what is decided may come from there (see StatusStore::BoardFor).
    if (slot.version && slot.data == data) {
      Add(OpRole::kMirror, zk::CheckOp{in_.paths->mirror(), *slot.version});
      return false;
    }
    Write(OpRole::kMirror, in_.paths->mirror(), slot, std::move(data));
    return true;
  }

  void AddHead() {
    const auto& last = in_.store->head();
    Head& head = plan_.head;
    head.spec = in_.spec->id;
    head.epoch = in_.leadership->record.epoch;
    head.sequence = last ? last->sequence + 1 : 1;
    // Where the last head was undecodable: it is written once per decision, so one above the
    // version it is about to have is above every sequence there ever was. A smaller one would be
    // old news to clients.
    if (const auto version = in_.store->head_slot.version) {
      head.sequence = std::max(head.sequence, std::int64_t{*version} + 2);
    }
    head.leader = in_.leadership->record.id;
    head.quorum = in_.electorate->quorum;
    head.electorate = in_.electorate->size;
    head.shards = in_.spec->spec.shards.size();
    std::string data = EncodeHead(head);
    const StatusStore::Slot& slot = in_.store->head_slot;
    if (slot.version && (!last || IsOfLaterEpoch() || new_chunk_)) {
      // Not a continuation of what clients know: a head that is a new znode makes them forget it.
      // What a foreign hand has removed begins again at version 0, and would be taken for what they
      // had read under that version; and nobody knows how far a head had come that is undecodable.
      Add(OpRole::kHead, zk::DeleteOp{in_.paths->head(), *slot.version});
      Add(OpRole::kHead, zk::CreateOp{in_.paths->head(), std::move(data)});
    } else {
      Write(OpRole::kHead, in_.paths->head(), slot, std::move(data));
    }
  }

  void AddEvent(Event::What what) {
    Event event;
    event.what = std::move(what);
    event.at = in_.now;
    event.leader = in_.leadership->record.id;
    event.epoch = in_.leadership->record.epoch;
    event.quorum = in_.electorate->quorum;
    event.spec_version = in_.spec->id.version;
    Add(OpRole::kEvent, zk::CreateOp{in_.paths->event_prefix(), EncodeEvent(event),
                                     zk::CreateMode::kPersistentSequential});
    plan_.events.push_back(std::move(event));
  }

  void AddEvents() {
    if (!in_.learned.empty()) AddEvent(Event::Electorate{in_.learned});
    if (in_.store->head() && Respecced()) AddEvent(Event::Spec{});
    if (in_.decision->pause_over) AddEvent(Event::Resume{});
    if (!in_.decision->maintenance_over.empty()) {
      AddEvent(Event::MaintenanceOver{in_.decision->maintenance_over});
    }
    const int dead = static_cast<int>(in_.decision->would_be_dead);
    if (in_.decision->freeze_began) AddEvent(Event::Freeze{dead});
    if (in_.decision->freeze_ended) AddEvent(Event::Unfreeze{dead});
    const auto& flips = in_.decision->flips;
    if (flips.empty()) return;
    const std::size_t listed = std::min(flips.size(), kMaxEventFlips);
    Event::Flips event;
    event.flips.assign(flips.begin(), flips.begin() + static_cast<std::ptrdiff_t>(listed));
    event.more = flips.size() - listed;
    AddEvent(std::move(event));
  }

  const CommitInput& in_;
  CommitPlan plan_;
  bool new_chunk_ = false;  // one that has not stood before, as far as we know
};

}  // namespace

const std::string& CommitPlan::VoterOf(std::size_t op) const {
  const auto end = roles.begin() + static_cast<std::ptrdiff_t>(op);
  return voters.at(static_cast<std::size_t>(std::count(roles.begin(), end, OpRole::kVote)));
}

CommitPlan PlanCommit(const CommitInput& input) {
  return Planner(input).Plan();
}

}  // namespace zkcluster
