#include <algorithm>
#include <cstddef>
#include <limits>

#include "codec/codec.h"
#include "codec/codec_fields.h"

namespace zkcluster {

// {"Spec":1795228044224923,"ShardsZxid":42,"Epoch":3,"Seq":17,"Leader":"rack1","Quorum":2,
//  "Electorate":3,"Shards":600,"Chunks":[4,0]}
// Chunks: the data version of each chunk.
std::string EncodeHead(const Head& head) {
  JsonWriter json;
  json.Open('{');
  WriteSpecId(json, head.spec);
  json.Key("Epoch").Number(head.epoch).Key("Seq").Number(head.sequence);
  json.Key("Leader").Text(head.leader).Key("Quorum").Number(head.quorum);
  json.Key("Electorate").Number(head.electorate).Key("Shards").Number(head.shards);
  json.Key("Chunks").Open('[');
  for (const std::int32_t version : head.chunks) json.Number(version);
  json.Close(']').Close('}');
  return json.Take();
}

Result<Head> DecodeHead(std::string_view payload) {
  return DecodeObject<Head>(payload, [](const JsonFields& fields, JsonProblem& problem) {
    Head head;
    head.spec = ReadSpecId(fields);
    head.epoch = fields.Integer("Epoch", kMostCounted);
    head.sequence = fields.Integer("Seq", kMostCounted);
    head.leader = fields.Text("Leader");
    head.quorum = ReadInt(fields, "Quorum");
    head.electorate = ReadInt(fields, "Electorate");
    // Bounded, because a board of that size is allocated.
    head.shards = static_cast<std::size_t>(fields.Integer("Shards", kMaxShards));
    const Json* const chunks = fields.Array("Chunks");
    if (chunks == nullptr) return head;
    head.chunks.reserve(chunks->size());
    for (const Json& version : *chunks) {
      // A znode's data version wraps into the negative.
      head.chunks.push_back(static_cast<std::int32_t>(
          ReadInteger(version, "Chunks", std::numeric_limits<std::int32_t>::min(),
                      std::numeric_limits<std::int32_t>::max(), problem)));
    }
    if (head.chunks.size() != ChunkCount(head.shards)) {
      problem.Add("Chunks", "expected " + std::to_string(ChunkCount(head.shards)) + " of them");
    }
    return head;
  });
}

// {"Rows":[[count,status,since_us,"reason",alive,dead,unknown],...]}; status: 0 unknown, 1 alive, 2
// dead. `count` equal neighbours share a row.
// A later format may add columns behind these seven, and words of reasons. A reader ignores columns
// that it does not know. A leader that writes such a row again drops them: a column that must not
// get lost comes with a word in the spec's Needs, and then this leader writes nothing at all.
std::string EncodeChunk(const StatusBoard& board, std::size_t k, const Format& format) {
  const std::size_t begin =
      k > board.shards.size() / kChunkShards ? board.shards.size() : k * kChunkShards;
  const std::size_t end = std::min(board.shards.size(), begin + kChunkShards);
  JsonWriter json;
  json.Open('{').Key("Rows").Open('[');
  for (std::size_t i = begin; i < end;) {
    const ShardState& state = board.shards[i];
    std::size_t count = 1;
    while (i + count < end && board.shards[i + count] == state) ++count;
    json.Open('[').Number(count).Number(static_cast<int>(state.status));
    json.Number(state.since.count()).Text(ReasonName(state.reason));
    json.Number(state.counts.alive).Number(state.counts.dead).Number(state.counts.unknown);
    if (format.row_tail != nullptr) format.row_tail(json, state);
    json.Close(']');
    i += count;
  }
  json.Close(']').Close('}');
  return json.Take();
}

namespace {

constexpr std::size_t kRowColumns = 7;

}  // namespace

Result<std::vector<ShardState>> DecodeChunk(std::string_view payload) {
  using States = std::vector<ShardState>;
  return DecodeObject<States>(payload, [](const JsonFields& fields, JsonProblem& problem) {
    States states;
    const Json* const rows = fields.Array("Rows");
    if (rows == nullptr) return states;
    std::size_t index = 0;
    for (const Json& row : *rows) {
      const std::string where = "row " + std::to_string(index++);
      if (!row.is_array() || row.size() < kRowColumns) {
        problem.Add(where, "expected [count, status, since, reason, alive, dead, unknown]");
        return states;
      }
      const auto left = static_cast<std::int64_t>(kChunkShards - states.size());
      if (left == 0) problem.Add(where, "more than " + std::to_string(kChunkShards) + " shards");
      const auto number = [&](std::size_t column, std::int64_t min, std::int64_t max) {
        return ReadInteger(row[column], where, min, max, problem);
      };
      const auto count = number(0, 1, std::max<std::int64_t>(left, 1));
      ShardState state;
      state.status = static_cast<ShardStatus>(number(1, 0, 2));
      state.since = Micros(number(2, 0, kLatestMicros));
      state.reason = ReadReason(row[3], where, problem);
      state.counts = {static_cast<int>(number(4, 0, kIntMax)),
                      static_cast<int>(number(5, 0, kIntMax)),
                      static_cast<int>(number(6, 0, kIntMax))};
      if (problem.found()) return states;
      states.insert(states.end(), static_cast<std::size_t>(count), state);
    }
    return states;
  });
}

}  // namespace zkcluster
