#include "checker/lead/status_store.h"

#include <algorithm>
#include <span>
#include <utility>

#include "checker/lead/commit.h"
#include "model/limits.h"

namespace zkcluster {
namespace {

BoardReader::Bytes BytesOf(const StatusStore::Slot& slot) {
  return slot.version ? BoardReader::Bytes(slot.data) : std::nullopt;
}

}  // namespace

StatusStore::StatusStore(const ClusterScope& scope, Callbacks callbacks)
    : scope_(scope),
      callbacks_(std::move(callbacks)),
      retry_(scope_.loop.NewTimer([this] { callbacks_.changed(); })),
      backoff_(std::chrono::milliseconds(50), std::chrono::seconds(5)) {
  Watch(head_node_, scope_.paths.head());
  Watch(ledger_node_, scope_.paths.ledger());
  Watch(mirror_node_, scope_.paths.mirror());
}

// A write of somebody else is noticed at once, not with the next flip: until then a program that
// starts would take a corrupted chunk's shards for unknown.
void StatusStore::Watch(Watched& node, std::string path) {
  node.path = std::move(path);
  node.watcher = std::make_unique<zk::StatWatcher>(scope_.loop, scope_.client, node.path,
                                                   [this](const auto&) { callbacks_.changed(); });
}

// A watcher that has news is about to read, and its owner hears of it. One that has none knows at
// least what every answer so far has shown. A znode that somebody has removed and made again may
// have the version that we know, and another stamp.
bool StatusStore::Moved(const Watched& node) {
  if (node.doubted) return true;
  const zk::StatWatcher& watcher = *node.watcher;
  if (!watcher.known() || watcher.has_news()) return false;
  if (watcher.version() != node.slot.version) return true;
  const bool stamped = node.slot.modified != Micros(0);
  return stamped && watcher.stat()->modified != node.slot.modified;
}

StatusStore::Watched& StatusStore::At(SlotId id) {
  switch (id.kind) {
    case SlotId::Kind::kHead:
      return head_node_;
    case SlotId::Kind::kLedger:
      return ledger_node_;
    case SlotId::Kind::kMirror:
      return mirror_node_;
    case SlotId::Kind::kChunk:
      break;
  }
  while (chunk_nodes_.size() <= id.chunk) {
    const std::size_t k = chunk_nodes_.size();
    Watch(chunk_nodes_.emplace_back(), scope_.paths.chunk(k));
  }
  return chunk_nodes_[id.chunk];
}

const StatusStore::Slot& StatusStore::slot(SlotId id) const {
  static const Slot absent;
  switch (id.kind) {
    case SlotId::Kind::kHead:
      return head_node_.slot;
    case SlotId::Kind::kLedger:
      return ledger_node_.slot;
    case SlotId::Kind::kMirror:
      return mirror_node_.slot;
    case SlotId::Kind::kChunk:
      break;
  }
  return id.chunk < chunk_nodes_.size() ? chunk_nodes_[id.chunk].slot : absent;
}

std::vector<StatusStore::Watched*> StatusStore::Nodes() {
  std::vector<Watched*> nodes = {&head_node_, &ledger_node_, &mirror_node_};
  for (Watched& chunk : chunk_nodes_) nodes.push_back(&chunk);
  return nodes;
}

void StatusStore::Enter(State state) {
  static constexpr std::string_view kNames[] = {"unread", "reading", "read", "rereading"};
  state_ = state;
  scope_.logger.Debug("status.state", {{"cluster", scope_.paths.name()},
                                       {"state", kNames[static_cast<std::size_t>(state)]}});
}

void StatusStore::Refresh() {
  if (state_ == State::kUnread && !retry_->armed()) return ReadAll();
  if (state_ != State::kRead) return;
  std::vector<Watched*> moved = Nodes();
  std::erase_if(moved, [](const Watched* node) { return !Moved(*node); });
  if (moved.empty()) return;
  Enter(State::kRereading);
  const bool mirror = std::ranges::count(moved, &mirror_node_) > 0;
  pending_ = moved.size();
  only_ledger_ = moved.size() == 1 && moved.front() == &ledger_node_;
  for (Watched* node : moved) Read(*node);
  // Whose the status is, the three of them show together (IsDecidedByGo).
  if (mirror) ReadHeadStamp();
  if (mirror) ReadGo();
}

void StatusStore::Forget() {
  load_.Reset();
  Enter(State::kUnread);
}

void StatusStore::Doubt(SlotId id) {
  At(id).doubted = true;
}

void StatusStore::ReadAll() {
  load_.Reset();
  existence_changed_ = false;
  failure_.reset();
  Enter(State::kReading);
  scope_.client.Children(scope_.paths.chunks(), {},
                         load_.Guard([this](Result<std::vector<std::string>> names) {
                           OnChunkNames(std::move(names));
                         }));
}

void StatusStore::OnChunkNames(Result<std::vector<std::string>> names) {
  if (!names) return Failed(names.error().Within("list chunks"));
  // Chunks are numbered 0, 1, 2 ... and no leader deletes one, but an operator may: the highest
  // number says how many there were. Other names there are no chunks.
  std::size_t count = 0;
  for (std::size_t k = 0; k < ChunkCount(kMaxShards); ++k) {
    if (std::ranges::count(*names, std::to_string(k)) > 0) count = k + 1;
  }
  while (chunk_nodes_.size() > count) chunk_nodes_.pop_back();
  if (count > 0) At({SlotId::Kind::kChunk, count - 1});
  const std::vector<Watched*> nodes = Nodes();
  pending_ = nodes.size();
  only_ledger_ = false;
  for (Watched* node : nodes) Read(*node);
  ReadGo();
}

// After our own commit it is not known.
void StatusStore::ReadHeadStamp() {
  ++pending_;
  scope_.client.Exists(scope_.paths.head(), {},
                       load_.Guard([this](const Result<std::optional<zk::Stat>>& stat) {
                         Slot& slot = head_node_.slot;
                         if (!stat) failure_ = stat.error().Within("read " + scope_.paths.head());
                         if (stat && *stat && (*stat)->version == slot.version)
                           slot.mzxid = (*stat)->mzxid;
                         Answered();
                       }));
}

void StatusStore::ReadGo() {
  ++pending_;
  scope_.client.Exists(scope_.paths.go_voters(), {},
                       load_.Guard([this](const Result<std::optional<zk::Stat>>& stat) {
                         if (stat) {
                           go_ = *stat;
                         } else {
                           failure_ = stat.error().Within("read " + scope_.paths.go_voters());
                         }
                         Answered();
                       }));
}

void StatusStore::Answered() {
  if (--pending_ == 0) Finish();
}

void StatusStore::Read(Watched& node) {
  scope_.client.Get(node.path, {}, load_.Guard([this, &node](Result<zk::Node> answer) {
    if (answer || answer.error().code == ErrorCode::kNotFound) {
      existence_changed_ |= answer.has_value() != node.slot.version.has_value();
      node.doubted = false;
      node.slot = answer ? Slot{.version = answer->stat.version,
                                .data = std::move(answer->data),
                                .modified = answer->stat.modified,
                                .mzxid = answer->stat.mzxid}
                         : Slot{};
    } else {
      failure_ = answer.error().Within("read " + node.path);
    }
    Answered();
  }));
}

// What we wrote ourselves no Go checker has replaced: such a slot has no zxid.
bool StatusStore::GoDecided() const {
  return go_ && IsDecidedByGo({.head = head_node_.slot.mzxid,
                               .mirror = mirror_node_.slot.mzxid,
                               .go_born = go_->czxid,
                               .go_changed = go_->pzxid});
}

void StatusStore::Finish() {
  const bool other_znodes = std::exchange(existence_changed_, false);
  if (const auto failure = std::exchange(failure_, std::nullopt)) return Failed(*failure);
  // If one chunk has appeared or disappeared, others may have, too.
  if (state_ == State::kRereading && other_znodes) return ReadAll();
  if (only_ledger_) {
    DecodeLedgerOrMakeDo();
  } else {
    Decode();
  }
  backoff_.Reset();
  Enter(State::kRead);
  callbacks_.changed();
}

void StatusStore::Failed(const Error& error) {
  // Without a session the Contender ends this leadership.
  if (scope_.client.state() != SessionState::kConnected) return;
  if (error.code == ErrorCode::kNotFound) return callbacks_.gone(error.message);
  scope_.logger.Warn("leader.load_failed",
                     {{"cluster", scope_.paths.name()}, {"error", error.message}});
  Enter(State::kUnread);
  retry_->Arm(backoff_.Next(scope_.loop.Random()));
}

void StatusStore::Complain(const std::string& path, const Error& error) {
  scope_.logger.Error("status.undecodable",
                      {{"cluster", scope_.paths.name()}, {"path", path}, {"error", error.message}});
}

// False when it was lost. What this leader has read or written before is kept: a pause must not
// end, nor a freeze be forgiven, because its record was corrupted.
bool StatusStore::DecodeLedgerSlot() {
  const Slot& slot = ledger_node_.slot;
  // Where nothing was decided yet there is none.
  if (!slot.version && !head_node_.slot.version) return false;
  auto ledger =
      slot.version ? DecodeLedger(slot.data) : Fail(ErrorCode::kNotFound, "there is no such znode");
  if (ledger) {
    ledger_ = *std::move(ledger);
    DateOrders(ledger_, *slot.version, slot.modified);
    orders_ = Orders::kKnown;
    return true;
  }
  Complain(scope_.paths.ledger(), ledger.error());
  if (orders_ != Orders::kKnown) orders_ = Orders::kLost;
  return false;
}

// The checkers present must not become the electorate because its list was lost.
void StatusStore::DecodeLedgerOrMakeDo() {
  if (DecodeLedgerSlot()) return;
  ledger_.at_least = head_ ? head_->electorate : std::max(ledger_.at_least, MostVoters());
}

void StatusStore::Decode() {
  carried_.reset();
  const std::optional<Head> last_head = std::exchange(head_, std::nullopt);
  const StatusBoard last_board = std::exchange(board_, StatusBoard{});
  BoardReader reader;
  if (const auto problem = reader.TakeHead(BytesOf(head_node_.slot));
      problem && head_node_.slot.version) {
    Complain(scope_.paths.head(), *problem);
  }
  head_ = reader.head();
  DecodeLedgerOrMakeDo();
  if (!head_) return;
  for (std::size_t k = 0; k < ChunkCount(head_->shards); ++k) {
    const auto problem = reader.TakeChunk(k, BytesOf(slot({SlotId::Kind::kChunk, k})));
    if (problem) Complain(scope_.paths.chunk(k), *problem);
  }
  board_ = reader.Board();
  // Under the very head that we had, what we knew of rows that cannot be read any more holds.
  if (last_head == head_ && last_board.shards.size() == head_->shards) {
    Remember(reader, last_board);
  }
}

void StatusStore::Remember(const BoardReader& reader, const StatusBoard& last_board) {
  for (std::size_t k = 0; k < ChunkCount(board_.shards.size()); ++k) {
    if (reader.Rows(k) != nullptr) continue;
    const std::size_t end = std::min((k + 1) * kChunkShards, board_.shards.size());
    for (std::size_t i = k * kChunkShards; i < end; ++i) board_.shards[i] = last_board.shards[i];
  }
}

// The most that voted on one shard when it flipped; 0 where nothing was ever decided.
int StatusStore::MostVoters() const {
  int most = 0;
  for (const Watched& node : chunk_nodes_) {
    const Slot& slot = node.slot;
    const auto rows = slot.version ? DecodeChunk(slot.data) : Result<std::vector<ShardState>>();
    if (!rows) continue;
    for (const ShardState& row : *rows) {
      const auto voters = std::int64_t{row.counts.alive} + row.counts.dead + row.counts.unknown;
      // No checker writes more than there can be.
      if (voters <= kMaxCheckers) most = std::max(most, static_cast<int>(voters));
    }
  }
  return most;
}

const CarriedBoard& StatusStore::BoardFor(const StoredSpec& spec, const KnownLists& lists) const {
  const std::optional<std::int64_t> list =
      head_ ? std::optional(head_->spec.shards_zxid) : std::nullopt;
  const bool knows_list = list && lists.Find(*list) != nullptr;
  if (carried_ && carried_->shards_zxid == spec.id.shards_zxid &&
      carried_->knows_list == knows_list) {
    return carried_->carried;
  }
  BoardFacts facts{.rows = board_,
                   .list = list,
                   .decided = head_node_.slot.version || !chunk_nodes_.empty(),
                   .go_decided = GoDecided(),
                   .mirror = {},
                   .newest_since = [this] { return NewestSince(); }};
  facts.mirror = [this]() -> std::optional<Mirror> {
    auto mirror = BoardReader::ReadMirror(BytesOf(mirror_node_.slot));
    return mirror ? std::optional(*std::move(mirror)) : std::nullopt;
  };
  carried_ = Carried{spec.id.shards_zxid, knows_list,
                     CarryBoard(facts, lists, spec.spec.shards, spec.id.shards_zxid)};
  return carried_->carried;
}

// Of all shards of the head's list; 0: none was ever decided.
Micros StatusStore::NewestSince() const {
  Micros newest{0};
  const auto note = [&newest](const std::vector<ShardState>& rows) {
    for (const ShardState& state : rows) newest = std::max(newest, state.since);
  };
  note(board_.shards);
  if (head_) return newest;
  // Whose rows these are nobody knows, but not how new they are.
  for (const Watched& chunk : chunk_nodes_) {
    if (const auto rows = DecodeChunk(chunk.slot.data)) note(*rows);
  }
  return newest;
}

void StatusStore::Committed(const CommitPlan& plan, const std::vector<zk::OpResult>& results) {
  for (std::size_t i = 0; i < plan.ops.size(); ++i) {
    const auto* const id = std::get_if<SlotId>(&plan.ops[i].what);
    if (id == nullptr) continue;
    Slot& slot = At(*id).slot;
    if (const auto* set = std::get_if<zk::SetOp>(&plan.ops[i].op)) {
      slot = {.version = results[i].version, .data = set->data, .modified = results[i].modified};
    } else if (const auto* create = std::get_if<zk::CreateOp>(&plan.ops[i].op)) {
      slot = {.version = 0, .data = create->data};
    }
  }
  for (Watched& chunk : chunk_nodes_) chunk.slot.ours = true;
  carried_.reset();
  head_ = plan.head;
  ledger_ = plan.round.decision.ledger;
  board_ = plan.round.decision.board;
  // Not before: what is missing may be a cluster that is being deleted, and orders can be given
  // again only now.
  if (std::exchange(orders_, Orders::kKnown) != Orders::kLost) return;
  scope_.logger.Error("ledger.lost", {{"cluster", scope_.paths.name()},
                                      {"path", scope_.paths.ledger()},
                                      {"forgotten", "pause,maintenance,freeze,penalties"}});
}

bool StatusStore::Wrote(const StatusBoard& board, std::size_t k) const {
  const auto rows = [k](const StatusBoard& of) {
    const std::size_t size = of.shards.size();
    const std::size_t first = std::min(size, k * kChunkShards);
    return std::span(of.shards).subspan(first, std::min(kChunkShards, size - first));
  };
  return slot({SlotId::Kind::kChunk, k}).ours && std::ranges::equal(rows(board), rows(board_));
}

}  // namespace zkcluster
