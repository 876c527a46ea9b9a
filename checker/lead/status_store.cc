#include "checker/lead/status_store.h"

#include "model/limits.h"

#include <algorithm>
#include <span>
#include <utility>

namespace zkcluster {

namespace {

constexpr ShardState kLostRow{.reason = Reason::kLost};

}  // namespace

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

void StatusStore::Load(std::function<void(Result<void>)> done) {
  load_.Reset();
  loaded_ = false;
  written_ = false;
  done_ = std::move(done);
  failure_.reset();
  client_.Children(paths_.chunks(), {}, load_.Guard([this](Result<std::vector<std::string>> names) {
    OnChunkNames(std::move(names));
  }));
}

void StatusStore::OnChunkNames(Result<std::vector<std::string>> names) {
  if (!names) return done_(Fail(names.error().Within("list chunks")));
  // Chunks are numbered 0, 1, 2 ... and no leader deletes one, but a hand may: the last that stands
  // says how many there were, not their number. Whatever else stands there is none.
  std::size_t count = 0;
  for (std::size_t k = 0; k < ChunkCount(kMaxShards); ++k) {
    if (std::ranges::count(*names, std::to_string(k)) > 0) count = k + 1;
  }
  chunk_slots.assign(count, Slot{});
  pending_ = count + 3;
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
  done_({});
}

void StatusStore::Complain(const std::string& path, const Error& error) {
  logger_.Error("status.undecodable",
                {{"cluster", paths_.name()}, {"path", path}, {"error", error.message}});
}

// False when it was lost. What this leader has read or written before stays all the same: a pause
// must not end, nor a freeze be forgiven, because some hand spoilt what tells of it.
bool StatusStore::DecodeLedgerSlot() {
  // Where nothing was decided yet there is none.
  if (!ledger_slot.version && !head_slot.version) return false;
  auto ledger = ledger_slot.version ? DecodeLedger(ledger_slot.data)
                                    : Fail(ErrorCode::kNotFound, "there is no such znode");
  if (ledger) {
    ledger_ = *std::move(ledger);
    knows_ledger_ = true;
  } else {
    Complain(paths_.ledger(), ledger.error());
  }
  orders_lost_ = !knows_ledger_;
  return ledger.has_value();
}

void StatusStore::Decode() {
  carried_.reset();
  const std::optional<Head> last_head = std::exchange(head_, std::nullopt);
  const StatusBoard last_board = std::exchange(board_, StatusBoard{});
  const bool ledger_lost = !DecodeLedgerSlot();
  if (head_slot.version) {
    if (auto head = DecodeHead(head_slot.data)) {
      head_ = *std::move(head);
    } else {
      Complain(paths_.head(), head.error());
    }
  }
  // Whoever is present must not become the electorate because its list was lost.
  if (ledger_lost) {
    ledger_.at_least = head_ ? head_->electorate : std::max(ledger_.at_least, MostVoters());
  }
  if (head_) DecodeRows(last_head, last_board);
}

// As many have voted on one shard when it flipped; 0 where nothing was ever decided.
int StatusStore::MostVoters() const {
  int most = 0;
  for (const Slot& slot : chunk_slots) {
    const auto rows = slot.version ? DecodeChunk(slot.data) : Result<std::vector<ShardState>>();
    if (!rows) continue;
    for (const ShardState& row : *rows) {
      const auto voters = std::int64_t{row.counts.alive} + row.counts.dead + row.counts.unknown;
      // More than there can be is what a hand wrote.
      if (voters <= kMaxCheckers) most = std::max(most, static_cast<int>(voters));
    }
  }
  return most;
}

void StatusStore::DecodeRows(const std::optional<Head>& last_head, const StatusBoard& last_board) {
  board_.shards.resize(head_->shards);
  const bool remembered = last_head == head_ && last_board.shards.size() == head_->shards;
  for (std::size_t k = 0; k < ChunkCount(head_->shards); ++k) {
    const std::size_t first = k * kChunkShards;
    const std::size_t count = std::min(kChunkShards, board_.shards.size() - first);
    const bool stands = k < chunk_slots.size() && chunk_slots[k].version;
    auto rows = stands ? DecodeChunk(chunk_slots[k].data)
                       : Fail(ErrorCode::kNotFound, "there is no such chunk");
    if (rows && rows->size() != count) rows = Fail(ErrorCode::kBadData, "has too many or few rows");
    if (!rows) Complain(paths_.chunk(k), rows.error());
    const auto to = board_.shards.begin() + static_cast<std::ptrdiff_t>(first);
    if (rows) {
      std::copy(rows->begin(), rows->end(), to);
    } else if (remembered) {
      std::copy_n(last_board.shards.begin() + static_cast<std::ptrdiff_t>(first), count, to);
    } else {
      std::fill_n(to, count, kLostRow);
    }
  }
}

const StatusStore::CarriedBoard& StatusStore::BoardFor(const StoredSpec& spec,
                                                       const KnownLists& lists) const {
  const auto* const list = head_ ? lists.Find(head_->spec.shards_zxid) : nullptr;
  const bool knows_list = list != nullptr;
  if (!carried_ || carried_->shards_zxid != spec.id.shards_zxid ||
      carried_->knows_list != knows_list) {
    carried_ = Carried{spec.id.shards_zxid, knows_list, Carry(spec, list)};
  }
  return carried_->carried;
}

StatusStore::CarriedBoard StatusStore::Carry(const StoredSpec& spec,
                                             const std::vector<ShardSpec>* list) const {
  const auto& shards = spec.spec.shards;
  CarriedBoard carried;
  const bool same_list = head_ && head_->spec.shards_zxid == spec.id.shards_zxid;
  if (same_list && board_.shards.size() == shards.size()) {
    carried.board = board_;
  } else if (!same_list && list != nullptr && list->size() == board_.shards.size()) {
    carried.board = CarryOver(board_, *list, shards);
  } else {
    carried.board.shards.assign(shards.size(), kLostRow);
  }
  FindInMirror(shards, carried);
  return carried;
}

// What the rows do not tell.
void StatusStore::FindInMirror(const std::vector<ShardSpec>& shards, CarriedBoard& carried) const {
  const auto sought = [](const ShardState& state) { return state == kLostRow; };
  if (std::ranges::none_of(carried.board.shards, sought)) return;
  const auto mirror = mirror_slot.version ? DecodeMirror(mirror_slot.data)
                                          : Result<std::map<std::string, MirrorEntry>>{};
  // A mirror that is kept tells what was decided when it was written. What it does not list was
  // not decided, or was lost already: to call it lost does no harm, for who knows it keeps it. One
  // that is not kept tells nothing. Where neither head nor chunks stand nothing was ever decided,
  // and there is nothing to know.
  const bool undecided = !head_slot.version && chunk_slots.empty();
  carried.anew = !undecided;
  const bool kept = mirror && !mirror->empty();
  for (std::size_t i = 0; i < shards.size(); ++i) {
    ShardState& state = carried.board.shards[i];
    if (!sought(state)) continue;
    const bool listed = mirror && mirror->contains(shards[i].addr);
    if (listed) {
      const MirrorEntry& entry = mirror->at(shards[i].addr);
      state = {entry.alive ? ShardStatus::kAlive : ShardStatus::kDead, entry.since};
    } else if (undecided) {
      state = ShardState{};
    } else if (!kept) {
      ++carried.unmirrored;
    }
  }
}

Micros StatusStore::NewestSince() const {
  Micros newest{0};
  const auto note = [&newest](const std::vector<ShardState>& rows) {
    for (const ShardState& state : rows) newest = std::max(newest, state.since);
  };
  note(board_.shards);
  if (head_) return newest;
  // Whose rows these are nobody knows, but not how new they are.
  for (const Slot& slot : chunk_slots) {
    if (const auto rows = DecodeChunk(slot.data)) note(*rows);
  }
  return newest;
}

void StatusStore::Adopt(Head head, Ledger ledger, StatusBoard board) {
  carried_.reset();
  head_ = std::move(head);
  ledger_ = std::move(ledger);
  board_ = std::move(board);
  written_ = true;
  // Not before: what is missing may be a cluster that is being deleted, and orders can be given
  // again only now.
  if (std::exchange(orders_lost_, false)) {
    logger_.Error("ledger.lost", {{"cluster", paths_.name()},
                                  {"path", paths_.ledger()},
                                  {"forgotten", "pause,maintenance,freeze,penalties"}});
  }
  knows_ledger_ = true;
}

bool StatusStore::Wrote(const StatusBoard& board, std::size_t k) const {
  const auto rows = [k](const StatusBoard& of) {
    const std::size_t size = of.shards.size();
    const std::size_t first = std::min(size, k * kChunkShards);
    return std::span(of.shards).subspan(first, std::min(kChunkShards, size - first));
  };
  return written_ && std::ranges::equal(rows(board), rows(board_));
}

}  // namespace zkcluster
