#include <algorithm>
#include <concepts>
#include <cstddef>

#include "model/codec.h"
#include "model/duration.h"
#include "model/json.h"

namespace zkcluster {
namespace {

// --- two-bit opinions in base64 ---

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string EncodeBase64(const std::vector<unsigned char>& bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < have ? bytes[i + k] : std::uint32_t{0});
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= have ? kBase64[(group >> (18 - 6 * k)) & 0x3f] : '=';
    }
  }
  return out;
}

// Only the canonical form of exactly `size` bytes: one text for one ballot.
std::optional<std::vector<unsigned char>> DecodeBase64(std::string_view text, std::size_t size) {
  if (text.size() != (size + 2) / 3 * 4) return std::nullopt;
  std::vector<unsigned char> bytes;
  bytes.reserve(size + 2);
  const std::size_t padding = (3 - size % 3) % 3;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const bool is_padding = i + k >= text.size() - padding;
      const std::size_t digit = is_padding ? 0 : kBase64.find(text[i + k]);
      if (digit == std::string_view::npos || (is_padding && text[i + k] != '='))
        return std::nullopt;
      group = group << 6 | static_cast<std::uint32_t>(digit);
    }
    for (const int shift : {16, 8, 0}) bytes.push_back(static_cast<unsigned char>(group >> shift));
  }
  for (std::size_t i = size; i < bytes.size(); ++i) {
    if (bytes[i] != 0) return std::nullopt;
  }
  bytes.resize(size);
  return bytes;
}

bool HasReason(const Vote& vote) {
  return vote.opinion == Opinion::kDead || vote.opinion == Opinion::kUnknown;
}

// --- shared fields ---

void WriteSpecId(JsonWriter& json, const SpecId& spec) {
  json.Key("Spec").Number(spec.version).Key("ShardsZxid").Number(spec.shards_zxid);
}

SpecId ReadSpecId(const JsonFields& fields) {
  return {static_cast<std::uint64_t>(fields.Integer("Spec")), fields.Integer("ShardsZxid")};
}

int ReadInt(const JsonFields& fields, std::string_view key,
            std::optional<std::int64_t> absent = {}) {
  return static_cast<int>(fields.Integer(key, kIntMax, absent));
}

Reason ReadReason(const Json& value, std::string_view where, JsonProblem& problem) {
  const std::string name = ReadText(value, where, problem);
  const auto reason = ParseReason(name);
  if (!reason) problem.Add(where, "unknown reason \"" + name.substr(0, 40) + "\"");
  return reason.value_or(Reason::kNone);
}

ShardStatus ReadStatus(const JsonFields& fields, std::string_view key, JsonProblem& problem) {
  const std::string name = fields.Text(key);
  for (const auto status : {ShardStatus::kUnknown, ShardStatus::kAlive, ShardStatus::kDead}) {
    if (name == ShardStatusName(status)) return status;
  }
  problem.Add(fields.Where(key), "expected alive, dead or unknown");
  return ShardStatus::kUnknown;
}

template <class Container>
void WriteTexts(JsonWriter& json, const Container& texts) {
  json.Open('[');
  for (const std::string& text : texts) json.Text(text);
  json.Close(']');
}

std::vector<std::string> ReadTexts(const JsonFields& fields, std::string_view key, bool required,
                                   JsonProblem& problem) {
  std::vector<std::string> texts;
  const Json* const list = fields.Array(key, required);
  if (list == nullptr) return texts;
  texts.reserve(list->size());
  for (const Json& text : *list) texts.push_back(ReadText(text, fields.Where(key), problem));
  return texts;
}

// Parses and reads one object; `read` fills a T.
template <class T>
Result<T> DecodeObject(std::string_view payload,
                       std::invocable<const JsonFields&, JsonProblem&> auto read) {
  const auto json = ParseJson(payload);
  if (!json) return Fail(json.error());
  JsonProblem problem;
  T value = read(JsonFields(*json, "", problem), problem);
  if (problem.found()) return problem.failure();
  return value;
}

}  // namespace

// {"Spec":1795228044224923,"ShardsZxid":42,"Writes":7,"Shards":4,"Votes":"mQ==",
//  "Reasons":[["timeout",3],["refused",1]],"Rack":"r1"}
// Votes: two bits a shard in spec order, four shards a byte, the first in the lowest bits, unused
// bits 0; 0 not probed, 1 alive, 2 dead, 3 unknown. Reasons: run-length list over the shards that
// are dead or unknown, in spec order. 20,000 shards take 6.7 kB and a few bytes for each run of
// equal reasons.
std::string EncodeBallot(const Ballot& ballot) {
  std::vector<unsigned char> opinions((ballot.votes.size() + 3) / 4);
  for (std::size_t i = 0; i < ballot.votes.size(); ++i) {
    const auto bits = static_cast<unsigned>(ballot.votes[i].opinion) << (i % 4 * 2);
    opinions[i / 4] = static_cast<unsigned char>(opinions[i / 4] | bits);
  }
  JsonWriter json;
  json.Open('{');
  WriteSpecId(json, ballot.spec);
  json.Key("Writes").Number(ballot.writes).Key("Shards").Number(ballot.votes.size());
  json.Key("Votes").Text(EncodeBase64(opinions)).Key("Reasons").Open('[');
  std::size_t run = 0;
  Reason reason = Reason::kNone;
  const auto end_run = [&] {
    if (run > 0) json.Open('[').Text(ReasonName(reason)).Number(run).Close(']');
    run = 0;
  };
  for (const Vote& vote : ballot.votes) {
    if (!HasReason(vote)) continue;
    if (vote.reason != reason) end_run();
    reason = vote.reason;
    ++run;
  }
  end_run();
  json.Close(']');
  if (!ballot.rack.empty()) json.Key("Rack").Text(ballot.rack);
  json.Close('}');
  return json.Take();
}

Result<Ballot> DecodeBallot(std::string_view payload) {
  return DecodeObject<Ballot>(payload, [](const JsonFields& fields, JsonProblem& problem) {
    Ballot ballot;
    ballot.spec = ReadSpecId(fields);
    ballot.writes = static_cast<std::uint64_t>(fields.Integer("Writes"));
    // Bounded before anything is allocated for it.
    const auto shards = static_cast<std::size_t>(fields.Integer("Shards", kMaxShards));
    const auto opinions = DecodeBase64(fields.Text("Votes"), (shards + 3) / 4);
    const Json* const runs = fields.Array("Reasons");
    ballot.rack = fields.Text("Rack", "");
    if (!opinions) problem.Add("Votes", "expected base64 of the opinions on all shards");
    if (problem.found()) return ballot;

    ballot.votes.resize(shards);
    for (std::size_t i = 0; i < opinions->size() * 4; ++i) {
      const unsigned bits = (*opinions)[i / 4] >> (i % 4 * 2) & 3u;
      if (i < shards) {
        ballot.votes[i].opinion = static_cast<Opinion>(bits);
      } else if (bits != 0) {
        problem.Add("Votes", "opinions on more shards than there are");
      }
    }
    std::size_t next = 0;
    const auto skip_to_reason = [&] {
      while (next < shards && !HasReason(ballot.votes[next])) ++next;
    };
    for (const Json& run : *runs) {
      if (!run.is_array() || run.size() != 2) {
        problem.Add("Reasons", "expected [reason, count]");
        return ballot;
      }
      const Reason reason = ReadReason(run[0], "Reasons", problem);
      const auto count =
          ReadInteger(run[1], "Reasons", 1, static_cast<std::int64_t>(shards), problem);
      for (std::int64_t n = 0; n < count && !problem.found(); ++n) {
        skip_to_reason();
        if (next == shards) {
          problem.Add("Reasons", "more of them than shards that are dead or unknown");
        } else {
          ballot.votes[next++].reason = reason;
        }
      }
      if (problem.found()) return ballot;
    }
    skip_to_reason();
    if (next != shards)
      problem.Add("Reasons", "fewer of them than shards that are dead or unknown");
    return ballot;
  });
}

// {"Spec":1795228044224923,"ShardsZxid":42,"Epoch":3,"Seq":17,"Leader":"rack1","Quorum":2,"Electorate":3,
//  "Shards":600,"Chunks":[4,0]}; Chunks: the data version of each chunk.
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
    // Bounded: a board of that size is made of it.
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
// dead. Neighbours that are equal share a row, `count` of them.
std::string EncodeChunk(const StatusBoard& board, std::size_t k) {
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
    json.Close(']');
    i += count;
  }
  json.Close(']').Close('}');
  return json.Take();
}

Result<std::vector<ShardState>> DecodeChunk(std::string_view payload) {
  using States = std::vector<ShardState>;
  return DecodeObject<States>(payload, [](const JsonFields& fields, JsonProblem& problem) {
    States states;
    const Json* const rows = fields.Array("Rows");
    if (rows == nullptr) return states;
    std::size_t index = 0;
    for (const Json& row : *rows) {
      const std::string where = "row " + std::to_string(index++);
      if (!row.is_array() || row.size() != 7) {
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

// {"Id":"rack1","Host":"node17","Rack":"r1","Pid":812,"Version":"0.1.0","Since":1795228044224923}
std::string EncodeRegistration(const Registration& registration) {
  JsonWriter json;
  json.Open('{').Key("Id").Text(registration.id).Key("Host").Text(registration.host);
  json.Key("Rack").Text(registration.rack).Key("Pid").Number(registration.pid);
  json.Key("Version").Text(registration.version);
  json.Key("Since").Number(registration.since.count());
  if (registration.session_timeout > Duration::zero()) {
    json.Key("Timeout").Text(FormatDuration(registration.session_timeout));
  }
  json.Close('}');
  return json.Take();
}

Result<Registration> DecodeRegistration(std::string_view payload) {
  return DecodeObject<Registration>(payload, [](const JsonFields& fields, JsonProblem&) {
    Registration registration;
    registration.id = fields.Text("Id");
    registration.host = fields.Text("Host");
    registration.rack = fields.Text("Rack");
    registration.pid = fields.Integer("Pid");
    registration.version = fields.Text("Version");
    registration.since = Micros(fields.Integer("Since"));
    if (fields.Find("Timeout") != nullptr) {
      registration.session_timeout =
          ParseDuration(fields.Text("Timeout")).value_or(Duration::zero());
    }
    return registration;
  });
}

// {"Id":"rack1","Epoch":3,"Since":1795228044224923}
std::string EncodeLeader(const LeaderRecord& leader) {
  JsonWriter json;
  json.Open('{').Key("Id").Text(leader.id).Key("Epoch").Number(leader.epoch);
  json.Key("Since").Number(leader.since.count()).Close('}');
  return json.Take();
}

Result<LeaderRecord> DecodeLeader(std::string_view payload) {
  return DecodeObject<LeaderRecord>(payload, [](const JsonFields& fields, JsonProblem&) {
    return LeaderRecord{fields.Text("Id"), fields.Integer("Epoch", kMostCounted),
                        Micros(fields.Integer("Since"))};
  });
}

namespace {

void WriteFreeze(JsonWriter& json, const Freeze& freeze) {
  json.Key("Freeze").Open('{').Key("Frozen").Bool(freeze.frozen);
  json.Key("Since").Number(freeze.since.count()).Key("Dead").Number(freeze.dead);
  json.Key("Accept").Bool(freeze.accept).Key("Accepted").Number(freeze.accepted).Close('}');
}

void WritePause(JsonWriter& json, const Pause& pause) {
  json.Key("Pause").Open('{').Key("Since").Number(pause.since.count());
  json.Key("Until").Number(pause.until.count()).Key("By").Text(pause.by);
  json.Key("Reason").Text(pause.reason).Close('}');
}

// What was ordered together stands together: a reason is written once.
void WriteMaintenance(JsonWriter& json, const std::map<std::string, Maintenance>& maintenance) {
  std::vector<std::pair<const Maintenance*, std::vector<const std::string*>>> orders;
  for (const auto& [shard, order] : maintenance) {
    const auto same = std::find_if(orders.begin(), orders.end(),
                                   [&order = order](const auto& e) { return *e.first == order; });
    auto& entry = same == orders.end()
                      ? orders.emplace_back(&order, std::vector<const std::string*>())
                      : *same;
    entry.second.push_back(&shard);
  }
  json.Key("Maintenance").Open('[');
  for (const auto& [order, shards] : orders) {
    json.Open('{').Key("Shards").Open('[');
    for (const std::string* shard : shards) json.Text(*shard);
    json.Close(']').Key("Since").Number(order->since.count());
    json.Key("Until").Number(order->until.count()).Key("By").Text(order->by);
    json.Key("Reason").Text(order->reason).Close('}');
  }
  json.Close(']');
}

std::map<std::string, Maintenance> ReadMaintenance(const JsonFields& ledger, JsonProblem& problem) {
  std::map<std::string, Maintenance> maintenance;
  const Json* const orders = ledger.Array("Maintenance", false);
  if (orders == nullptr) return maintenance;
  for (const Json& value : *orders) {
    const JsonFields fields(value, "Maintenance", problem);
    const Maintenance order{Micros(fields.Integer("Since")), Micros(fields.Integer("Until")),
                            fields.Text("By"), fields.Text("Reason")};
    for (const std::string& shard : ReadTexts(fields, "Shards", true, problem)) {
      if (!maintenance.emplace(shard, order).second) {
        problem.Add(fields.Where("Shards"), "\"" + shard + "\" is there twice");
      }
    }
  }
  return maintenance;
}

Freeze ReadFreeze(const JsonFields& ledger, JsonProblem& problem) {
  const Json* const object = ledger.Object("Freeze", false);
  if (object == nullptr) return {};
  const JsonFields fields(*object, "Freeze", problem);
  return {fields.Bool("Frozen"), Micros(fields.Integer("Since")), ReadInt(fields, "Dead"),
          fields.Bool("Accept"), ReadInt(fields, "Accepted")};
}

std::optional<Pause> ReadPause(const JsonFields& ledger, JsonProblem& problem) {
  const Json* const object = ledger.Object("Pause", false);
  if (object == nullptr) return std::nullopt;
  const JsonFields fields(*object, "Pause", problem);
  return Pause{Micros(fields.Integer("Since")), Micros(fields.Integer("Until")), fields.Text("By"),
               fields.Text("Reason")};
}

}  // namespace

// {"Electorate":["rack1","rack2"],"Penalties":{"s2":{"Required":4,"Since":1795228044224923}},
//  "AtLeast":3,"Freeze":{"Frozen":true,"Since":..,"Dead":5,"Accept":false,"Accepted":0},
//  "Pause":{"Since":..,"Until":..,"By":"ann@ops1","Reason":"switch replaced"},
//  "Maintenance":[{"Shards":["s1","s2"],"Since":..,"Until":..,"By":"ann@ops1","Reason":"memory"}]};
// from AtLeast on only what there is.
std::string EncodeLedger(const Ledger& ledger) {
  JsonWriter json;
  json.Open('{').Key("Electorate");
  WriteTexts(json, ledger.electorate);
  json.Key("Penalties").Open('{');
  for (const auto& [shard, penalty] : ledger.penalties) {
    json.Key(shard).Open('{').Key("Required").Number(penalty.required);
    json.Key("Since").Number(penalty.since.count()).Close('}');
  }
  json.Close('}');
  if (ledger.at_least > 0) json.Key("AtLeast").Number(ledger.at_least);
  if (ledger.freeze != Freeze{}) WriteFreeze(json, ledger.freeze);
  if (ledger.pause) WritePause(json, *ledger.pause);
  if (!ledger.maintenance.empty()) WriteMaintenance(json, ledger.maintenance);
  json.Close('}');
  return json.Take();
}

Result<Ledger> DecodeLedger(std::string_view payload) {
  return DecodeObject<Ledger>(payload, [](const JsonFields& fields, JsonProblem& problem) {
    Ledger ledger;
    for (std::string& id : ReadTexts(fields, "Electorate", true, problem)) {
      ledger.electorate.insert(std::move(id));
    }
    if (fields.Find("AtLeast") != nullptr) ledger.at_least = ReadInt(fields, "AtLeast");
    ledger.freeze = ReadFreeze(fields, problem);
    ledger.pause = ReadPause(fields, problem);
    ledger.maintenance = ReadMaintenance(fields, problem);
    const Json* const penalties = fields.Object("Penalties");
    if (penalties == nullptr) return ledger;
    for (const auto& [shard, value] : *penalties->get_ptr<const Json::object_t*>()) {
      const JsonFields penalty(value, "Penalties: " + shard, problem);
      const int required = ReadInt(penalty, "Required");
      if (required < 1) problem.Add(penalty.Where("Required"), "expected at least 1");
      ledger.penalties[shard] = {required, Micros(penalty.Integer("Since", kLatestMicros))};
    }
    return ledger;
  });
}

// {"Kind":"flips","At":1795228044224923,"Leader":"rack1","Epoch":3,"Quorum":2,"Spec":1795228000000000,
//  "Flips":[{"Shard":"s2","Addr":"10.0.0.2:6379","From":"alive","To":"dead","Reason":"timeout",
//  "Votes":{"Alive":0,"Dead":3,"Unknown":0}}],"More":12,"Ids":["rack3"],"By":"ann@ops1","Note":"switch
//  replaced", "Until":1795229844224923,"Dead":5}; from Leader on, what is empty or 0 is left out.
//  Flips beyond kMaxEventFlips are only counted, in More.
std::string EncodeEvent(const Event& event) {
  const std::size_t shown = std::min(event.flips.size(), kMaxEventFlips);
  const std::size_t more = event.more_flips + (event.flips.size() - shown);
  JsonWriter json;
  json.Open('{').Key("Kind").Text(EventKindName(event.kind)).Key("At").Number(event.at.count());
  if (!event.leader.empty()) json.Key("Leader").Text(event.leader);
  if (event.epoch != 0) json.Key("Epoch").Number(event.epoch);
  if (event.quorum != 0) json.Key("Quorum").Number(event.quorum);
  if (event.spec_version != 0) json.Key("Spec").Number(event.spec_version);
  if (shown != 0) {
    json.Key("Flips").Open('[');
    for (std::size_t i = 0; i < shown; ++i) {
      const Event::Flip& flip = event.flips[i];
      json.Open('{').Key("Shard").Text(flip.shard).Key("Addr").Text(flip.addr);
      json.Key("From").Text(ShardStatusName(flip.from)).Key("To").Text(ShardStatusName(flip.to));
      json.Key("Reason").Text(ReasonName(flip.reason)).Key("Votes").Open('{');
      json.Key("Alive").Number(flip.counts.alive).Key("Dead").Number(flip.counts.dead);
      json.Key("Unknown").Number(flip.counts.unknown).Close('}').Close('}');
    }
    json.Close(']');
  }
  if (more != 0) json.Key("More").Number(more);
  if (!event.ids.empty()) {
    json.Key("Ids");
    WriteTexts(json, event.ids);
  }
  if (!event.by.empty()) json.Key("By").Text(event.by);
  if (!event.note.empty()) json.Key("Note").Text(event.note);
  if (event.until != Micros(0)) json.Key("Until").Number(event.until.count());
  if (event.dead != 0) json.Key("Dead").Number(event.dead);
  json.Close('}');
  return json.Take();
}

namespace {

Event::Flip ReadFlip(const Json& value, JsonProblem& problem) {
  const JsonFields fields(value, "Flips", problem);
  Event::Flip flip;
  flip.shard = fields.Text("Shard");
  flip.addr = fields.Text("Addr");
  flip.from = ReadStatus(fields, "From", problem);
  flip.to = ReadStatus(fields, "To", problem);
  if (const Json* const reason = fields.Find("Reason")) {
    flip.reason = ReadReason(*reason, "Flips: Reason", problem);
  }
  if (const Json* const votes = fields.Object("Votes")) {
    const JsonFields counts(*votes, "Flips: Votes", problem);
    flip.counts = {ReadInt(counts, "Alive"), ReadInt(counts, "Dead"), ReadInt(counts, "Unknown")};
  }
  return flip;
}

Event::Kind ReadKind(const JsonFields& fields, JsonProblem& problem) {
  using Kind = Event::Kind;
  const std::string name = fields.Text("Kind");
  for (const Kind kind :
       {Kind::kFlips, Kind::kLeader, Kind::kSpec, Kind::kElectorate, Kind::kForget, Kind::kFreeze,
        Kind::kUnfreeze, Kind::kPause, Kind::kResume, Kind::kMaintenance, Kind::kMaintenanceOver}) {
    if (name == EventKindName(kind)) return kind;
  }
  problem.Add("Kind", "unknown kind of event");
  return Kind::kFlips;
}

}  // namespace

Result<Event> DecodeEvent(std::string_view payload) {
  return DecodeObject<Event>(payload, [](const JsonFields& fields, JsonProblem& problem) {
    Event event;
    event.kind = ReadKind(fields, problem);
    event.at = Micros(fields.Integer("At"));
    event.leader = fields.Text("Leader", "");
    event.epoch = fields.Integer("Epoch", kMostCounted, 0);
    event.quorum = ReadInt(fields, "Quorum", 0);
    event.spec_version = static_cast<std::uint64_t>(fields.Integer("Spec", kInt64Max, 0));
    if (const Json* const flips = fields.Array("Flips", false)) {
      for (const Json& flip : *flips) event.flips.push_back(ReadFlip(flip, problem));
    }
    event.more_flips = static_cast<std::size_t>(fields.Integer("More", kIntMax, 0));
    if (event.flips.size() > kMaxEventFlips) {  // as the encoder would
      event.more_flips += event.flips.size() - kMaxEventFlips;
      event.flips.resize(kMaxEventFlips);
    }
    event.ids = ReadTexts(fields, "Ids", false, problem);
    event.by = fields.Text("By", "");
    event.note = fields.Text("Note", "");
    event.until = Micros(fields.Integer("Until", kInt64Max, 0));
    event.dead = ReadInt(fields, "Dead", 0);
    return event;
  });
}

}  // namespace zkcluster
