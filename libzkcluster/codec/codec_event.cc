#include <algorithm>
#include <cstddef>

#include "codec/codec.h"
#include "codec/codec_fields.h"

namespace zkcluster {

// {"Kind":"flips","At":1795228044224923,"Leader":"rack1","Epoch":3,"Quorum":2,
//  "Spec":1795228000000000,"Flips":[{"Shard":"s2","Addr":"10.0.0.2:6379","From":"alive",
//  "To":"dead","Reason":"timeout","Votes":{"Alive":0,"Dead":3,"Unknown":0}}],"More":12,
//  "Ids":["rack3"],"By":"ann@ops1","Note":"switch replaced","Until":1795229844224923,"Dead":5}
// From Leader on, what is empty or 0 is left out.
// Flips beyond kMaxEventFlips are only counted, in More.
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

ShardStatus ReadStatus(const JsonFields& fields, std::string_view key, JsonProblem& problem) {
  const std::string name = fields.Text(key);
  for (const auto status : {ShardStatus::kUnknown, ShardStatus::kAlive, ShardStatus::kDead}) {
    if (name == ShardStatusName(status)) return status;
  }
  problem.Add(fields.Where(key), "expected alive, dead or unknown");
  return ShardStatus::kUnknown;
}

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
