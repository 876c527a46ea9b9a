#include "checker/quorum/status_store.h"

#include <algorithm>
#include <utility>

namespace zkcluster {

void KnownLists::Add(std::int64_t shards_zxid, std::vector<ShardSpec> shards) {
  if (Find(shards_zxid) != nullptr) return;
  if (lists_.size() == kKept) lists_.erase(lists_.begin());
  lists_.emplace_back(shards_zxid, std::move(shards));
}

const std::vector<ShardSpec>* KnownLists::Find(std::int64_t shards_zxid) const {
  for (const auto& [zxid, shards] : lists_) {
    if (zxid == shards_zxid) return &shards;
  }
  return nullptr;
}

StatusStore::StatusStore(Logger& logger, zk::Client& client, ClusterPaths paths)
    : logger_(logger), client_(client), paths_(std::move(paths)) {}

void StatusStore::Load(std::function<void(Result<std::monostate>)> done) {
  load_.Reset();
  loaded_ = false;
  done_ = std::move(done);
  failure_.reset();
  client_.Children(paths_.chunks(), {}, load_.Guard([this](Result<std::vector<std::string>> names) {
    OnChunkNames(std::move(names));
  }));
}

void StatusStore::OnChunkNames(Result<std::vector<std::string>> names) {
  if (!names) return done_(Fail(names.error().Within("list chunks")));
  // Chunks are numbered 0, 1, 2 ... and never deleted: their number says which there are.
  chunk_slots.assign(names->size(), Slot{});
  pending_ = names->size() + 3;
  Read(paths_.head(), head_slot);
  Read(paths_.ledger(), ledger_slot);
  Read(paths_.mirror(), mirror_slot);
  for (std::size_t k = 0; k < chunk_slots.size(); ++k) Read(paths_.chunk(k), chunk_slots[k]);
}

void StatusStore::Read(const std::string& path, Slot& slot) {
  client_.Get(path, {}, load_.Guard([this, path, &slot](Result<zk::Node> node) {
    slot = Slot{};
    if (node) {
      slot = {node->stat.version, std::move(node->data)};
    } else if (node.error().code != ErrorCode::kNotFound) {
      failure_ = node.error().Within("read " + path);
    }
    if (--pending_ == 0) Finish();
  }));
}

void StatusStore::Finish() {
  if (failure_) return done_(Fail(*failure_));
  Decode();
  loaded_ = true;
  done_(std::monostate());
}

void StatusStore::Complain(const std::string& path, const Error& error) {
  logger_.Error("status.undecodable",
                {{"cluster", paths_.name()}, {"path", path}, {"error", error.message}});
}

void StatusStore::Decode() {
  head_.reset();
  ledger_ = Ledger{};
  board_ = StatusBoard{};
  bool ledger_lost = !ledger_slot.version;
  if (ledger_slot.version) {
    if (auto ledger = DecodeLedger(ledger_slot.data)) {
      ledger_ = *std::move(ledger);
    } else {
      ledger_lost = true;
      Complain(paths_.ledger(), ledger.error());
    }
  }
  if (!head_slot.version) return;
  auto head = DecodeHead(head_slot.data);
  if (!head) return Complain(paths_.head(), head.error());
  head_ = *std::move(head);
  // Whoever is present must not become the electorate because its list was lost.
  if (ledger_lost) ledger_.at_least = head_->electorate;
  board_.shards.resize(head_->shards);
  for (std::size_t k = 0; k < std::min(ChunkCount(head_->shards), chunk_slots.size()); ++k) {
    auto rows = DecodeChunk(chunk_slots[k].data);
    if (!rows) {
      Complain(paths_.chunk(k), rows.error());
      continue;  // its shards are unknown until they are counted again
    }
    const std::size_t first = k * kChunkShards;
    for (std::size_t i = 0; i < rows->size() && first + i < board_.shards.size(); ++i) {
      board_.shards[first + i] = (*rows)[i];
    }
  }
}

StatusStore::CarriedBoard StatusStore::BoardFor(const StoredSpec& spec,
                                                const KnownLists& lists) const {
  const auto& shards = spec.spec.shards;
  if (head_ && head_->spec.shards_zxid == spec.id.shards_zxid &&
      board_.shards.size() == shards.size()) {
    return {board_, true};
  }
  if (head_) {
    const auto* list = lists.Find(head_->spec.shards_zxid);
    if (list != nullptr && list->size() == board_.shards.size())
      return {CarryOver(board_, *list, shards), true};
  }
  CarriedBoard carried;
  carried.board.shards.resize(shards.size());
  const auto mirror = mirror_slot.version ? DecodeMirror(mirror_slot.data)
                                          : Result<std::map<std::string, MirrorEntry>>{};
  // Without a head nothing was ever decided, and there is nothing to know.
  carried.known = !head_ || (mirror && !mirror->empty());
  if (!mirror) return carried;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const auto entry = mirror->find(shards[i].addr);
    if (entry == mirror->end()) continue;
    ShardState& state = carried.board.shards[i];
    state.status = entry->second.alive ? ShardStatus::kAlive : ShardStatus::kDead;
    state.since = entry->second.since;
  }
  return carried;
}

Micros StatusStore::NewestSince() const {
  Micros newest{0};
  for (const ShardState& state : board_.shards) newest = std::max(newest, state.since);
  return newest;
}

void StatusStore::Adopt(Head head, Ledger ledger, StatusBoard board) {
  head_ = std::move(head);
  ledger_ = std::move(ledger);
  board_ = std::move(board);
}

}  // namespace zkcluster
