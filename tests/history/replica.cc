#include "tests/history/replica.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "codec/codec.h"

namespace zkcluster::history {
namespace {

template <class T>
std::optional<T> Value(Result<T> decoded) {
  if (!decoded) return std::nullopt;
  return *std::move(decoded);
}

std::optional<std::size_t> ChunkNumber(std::string_view name) {
  std::size_t k = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), k);
  // No list is long enough for a greater number.
  if (error != std::errc() || end != name.data() + name.size() || k > 10'000) return std::nullopt;
  return k;
}

// An order begins with the stamp of the write that brought it.
void BeginOrders(Ledger& ledger, zk::Version version, Micros stamp) {
  const auto begin = [&](auto& order) {
    if (order.undated && order.undated->ledger == version) {
      order.since = stamp;
      order.until = stamp + order.undated->length;
      if (order.undated->length == Micros(0)) order.until = Micros(0);
    }
    order.undated.reset();
  };
  if (ledger.pause) begin(*ledger.pause);
  for (auto& [shard, order] : ledger.maintenance) begin(order);
}

zk::Version Next(zk::Version version) {
  return static_cast<zk::Version>(static_cast<std::uint32_t>(version) + 1U);
}

}  // namespace

struct Replica::Stamp {
  const Touch& touch;
  const sim::Transaction& transaction;
  [[nodiscard]] const std::string* Data() const { return zk::DataOf(*touch.op); }
  [[nodiscard]] std::int64_t Owner() const {
    const auto* create = std::get_if<zk::CreateOp>(touch.op);
    return create != nullptr && sim::IsEphemeral(create->mode) ? transaction.session_id : 0;
  }
};

std::string Replica::Change(Slot& slot, const Stamp& stamp) {
  const std::string& path = zk::PathOf(*stamp.touch.op);
  const auto fits = [&](zk::Version wanted) -> std::string {
    if (!slot.exists) return path + ": does not exist";
    if (wanted == zk::kAnyVersion || wanted == slot.version) return "";
    return fmt::format("{}: has version {}, not {}", path, slot.version, wanted);
  };
  const std::int64_t zxid = stamp.transaction.zxid;
  if (const auto* check = std::get_if<zk::CheckOp>(stamp.touch.op)) return fits(check->version);
  if (const auto* set = std::get_if<zk::SetOp>(stamp.touch.op)) {
    std::string problem = fits(set->version);
    const zk::Version next = Next(slot.version);
    if (problem.empty() && stamp.touch.result->version != next) {
      problem = fmt::format("{}: got version {}, not {}", path, stamp.touch.result->version, next);
    }
    slot.exists = true;
    slot.version = stamp.touch.result->version;
    slot.mzxid = zxid;
    slot.writer = stamp.transaction.session_id;
    return problem;
  }
  if (std::holds_alternative<zk::CreateOp>(*stamp.touch.op)) {
    std::string problem = slot.exists ? path + ": exists already" : "";
    slot = Slot{true, 0, zxid, zxid, stamp.transaction.session_id};
    return problem;
  }
  std::string problem = fits(std::get<zk::DeleteOp>(*stamp.touch.op).version);
  slot = Slot{};
  slot.writer = stamp.transaction.session_id;
  return problem;
}

std::string Replica::Apply(const Touch& touch, const sim::Transaction& transaction,
                           Before& before) {
  const Stamp stamp{touch, transaction};
  const std::string* const data = stamp.Data();
  const bool changes = !std::holds_alternative<zk::CheckOp>(*touch.op);

  const auto text = [&](TextSlot& slot) {
    std::string problem = Change(slot, stamp);
    if (changes) slot.data = data != nullptr ? *data : "";
    return problem;
  };
  const auto decoded = [&](auto& slot, const auto& decode) {
    std::string problem = Change(slot, stamp);
    if (!changes) return problem;
    slot.value.reset();
    if (data != nullptr) slot.value = Value(decode(*data));
    return problem;
  };
  // In a map of children, an absent one has no entry.
  const auto child = [&](auto& children, const auto& fill) {
    auto found = children.find(touch.spot.name);
    if (found == children.end()) {
      found = children.try_emplace(std::string(touch.spot.name)).first;
    }
    std::string problem = Change(found->second, stamp);
    if (!found->second.exists) {
      children.erase(found);
    } else if (changes) {
      fill(found->second);
    }
    return problem;
  };

  switch (touch.spot.place) {
    case Place::kBase:
      return text(base);
    case Place::kShards:
      return text(shards);
    case Place::kOptions:
      return text(options);
    case Place::kMirror:
      if (changes && !before.mirror) before.mirror = mirror;
      return text(mirror);
    case Place::kGoSignal:
      if (std::holds_alternative<zk::CreateOp>(*touch.op)) go_changed = 0;
      return Change(go_signal, stamp);
    case Place::kLeader:
      if (changes && !before.leader) before.leader = leader;
      return decoded(leader, [](const std::string& bytes) { return DecodeLeader(bytes); });
    case Place::kHead:
      if (changes && !before.head) before.head = head;
      return decoded(head, [](const std::string& bytes) { return DecodeHead(bytes); });
    case Place::kLedger: {
      if (changes && !before.ledger) before.ledger = ledger;
      std::string problem =
          decoded(ledger, [](const std::string& bytes) { return DecodeLedger(bytes); });
      if (changes && ledger.value) BeginOrders(*ledger.value, ledger.version, transaction.stamp);
      return problem;
    }
    case Place::kChunk: {
      const auto k = ChunkNumber(touch.spot.name);
      if (!k) return "";
      if (chunks.size() <= *k) chunks.resize(*k + 1);
      if (changes && before.chunks.try_emplace(*k, chunks[*k]).second) {
        before.readable.emplace(*k, readable[*k]);
      }
      std::string problem =
          decoded(chunks[*k], [](const std::string& bytes) { return DecodeChunk(bytes); });
      if (changes && chunks[*k].value) readable[*k] = *chunks[*k].value;
      while (!chunks.empty() && !chunks.back().exists) chunks.pop_back();
      return problem;
    }
    case Place::kVote:
      return child(votes, [&](VoteSlot& vote) {
        if (std::holds_alternative<zk::CreateOp>(*touch.op)) vote.owner = stamp.Owner();
        auto ballot = DecodeBallot(*data);
        vote.ballot = ballot ? std::make_shared<const Ballot>(*std::move(ballot)) : nullptr;
      });
    case Place::kCandidate:
      return child(candidates, [&](CandidateSlot& candidate) {
        if (!std::holds_alternative<zk::CreateOp>(*touch.op)) return;
        candidate.owner = stamp.Owner();
        candidate.name = ParseCandidateName(touch.spot.name);
      });
    case Place::kGoVoter:
      if (changes && !std::holds_alternative<zk::SetOp>(*touch.op)) go_changed = transaction.zxid;
      if (!touch.spot.name.starts_with("n_")) return "";
      return child(go_voters, [&](GoVoterSlot& voter) {
        if (!std::holds_alternative<zk::CreateOp>(*touch.op)) return;
        voter.since = transaction.time;
        voter.owner = stamp.Owner();
      });
    case Place::kVoteSignal:
    case Place::kEvent:
    case Place::kOther:
      return "";
  }
  return "";
}

ShardState Replica::RowOf(std::size_t index) const {
  const std::size_t k = index / kChunkShards;
  if (k >= chunks.size() || !chunks[k].value) return {};
  const Rows& rows = *chunks[k].value;
  const std::size_t row = index % kChunkShards;
  return row < rows.size() ? rows[row] : ShardState{};
}

}  // namespace zkcluster::history
