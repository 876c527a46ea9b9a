#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "base/overloaded.h"
#include "codec/codec.h"
#include "codec/codec_fields.h"

namespace zkcluster {
namespace {

// The members of an event besides its kind and time. One struct serves all kinds, because they
// share their keys, also with those of a newer zkcluster. Refers to the event.
struct Fields {
  std::span<const Event::Flip> flips;
  std::size_t more = 0;
  std::span<const std::string> ids;
  std::string_view note;
  Micros until{0};
  Micros length{0};
  int dead = 0;
  std::span<const std::string> changes;
  std::string_view rack;
  int registered = 0;
  const FormerSpec* former = nullptr;
};

constexpr std::string_view kAccepted = "accepted";
constexpr std::string_view kGone = "gone";
constexpr std::string_view kBack = "back";
constexpr std::string_view kLost = "lost";
constexpr std::string_view kRestored = "restored";

Fields FieldsOf(const Event::What& what) {
  return std::visit(
      Overloaded{
          [](const Event::Flips& e) {
            const std::size_t shown = std::min(e.flips.size(), kMaxEventFlips);
            return Fields{.flips = std::span(e.flips).first(shown),
                          .more = e.more + (e.flips.size() - shown)};
          },
          [](const Event::Leader& e) { return Fields{.ids = e.deposed}; },
          [](const Event::Spec&) { return Fields(); },
          [](const Event::Electorate& e) { return Fields{.ids = e.ids}; },
          [](const Event::Forget& e) { return Fields{.ids = e.ids}; },
          [](const Event::Freeze& e) { return Fields{.dead = e.dead}; },
          [](const Event::Unfreeze& e) {
            return Fields{.note = e.accepted ? kAccepted : "", .dead = e.dead};
          },
          [](const Event::Pause& e) {
            return Fields{.note = e.note, .until = e.until, .length = e.length};
          },
          [](const Event::Resume&) { return Fields(); },
          [](const Event::Maintenance& e) {
            return Fields{.ids = e.shards, .note = e.note, .until = e.until, .length = e.length};
          },
          [](const Event::MaintenanceOver& e) { return Fields{.ids = e.shards}; },
          [](const Event::KeysLost& e) { return Fields{.ids = e.keys}; },
          [](const Event::Redate&) { return Fields(); },
          [](const Event::Checker& e) {
            return Fields{
                .ids = std::span(&e.id, 1), .note = e.back ? kBack : kGone, .rack = e.rack};
          },
          [](const Event::Quorum& e) {
            return Fields{.ids = e.missing,
                          .note = e.restored ? kRestored : kLost,
                          .registered = e.registered};
          },
          [](const Event::Update& e) {
            return Fields{
                .note = e.note, .changes = e.changes, .former = e.former ? &*e.former : nullptr};
          },
          [](const Event::Unknown&) { return Fields(); },
      },
      what);
}

void WriteFlip(JsonWriter& json, const Event::Flip& flip) {
  json.Open('{').Key("Shard").Text(flip.shard).Key("Addr").Text(flip.addr);
  json.Key("From").Text(ShardStatusName(flip.from)).Key("To").Text(ShardStatusName(flip.to));
  json.Key("Reason").Text(ReasonName(flip.reason)).Key("Votes").Open('{');
  json.Key("Alive").Number(flip.counts.alive).Key("Dead").Number(flip.counts.dead);
  json.Key("Unknown").Number(flip.counts.unknown).Close('}').Close('}');
}

void WriteFormer(JsonWriter& json, const FormerSpec& former) {
  json.Open('{').Key("Version").Number(former.settings.version);
  json.Key("Options").Text(EncodeOptions(former.settings));
  if (!former.pieces.empty()) {
    json.Key("Pieces").Open('[');
    for (const FormerSpec::Piece& piece : former.pieces) {
      json.Open('{').Key("At").Number(piece.at).Key("Count").Number(piece.count);
      json.Key("Shards").Text(EncodeShards(piece.shards)).Close('}');
    }
    json.Close(']');
  }
  json.Close('}');
}

}  // namespace

// {"Kind":"flips","At":1795228044224923,"Leader":"rack1","Epoch":3,"Quorum":2,
//  "Spec":1795228000000000,"Flips":[{"Shard":"s2","Addr":"10.0.0.2:6379","From":"alive",
//  "To":"dead","Reason":"timeout","Votes":{"Alive":0,"Dead":3,"Unknown":0}}],"More":12,
//  "Ids":["rack3"],"By":"ann@ops1","Note":"switch replaced","Until":1795229844224923,
//  "For":1800000000,"Dead":5,
//  "Rack":"r1","Registered":1,"Changes":["s6 removed"],
//  "Before":{"Version":1795228000000000,"Options":"{...}","Pieces":[{"At":5,"Count":0,
//  "Shards":"[{...}]"}]}}
// Options and Shards are texts: the bytes of the znodes of these names.
// From Leader on, members that are empty, 0 or not of the kind are left out.
// Flips beyond kMaxEventFlips are only counted, in More.
std::string EncodeEvent(const Event& event) {
  if (const auto* const unknown = event.As<Event::Unknown>()) return unknown->json;
  const Fields fields = FieldsOf(event.what);
  JsonWriter json;
  json.Open('{').Key("Kind").Text(EventKindName(event)).Key("At").Number(event.at.count());
  if (!event.leader.empty()) json.Key("Leader").Text(event.leader);
  if (event.epoch != 0) json.Key("Epoch").Number(event.epoch);
  if (event.quorum != 0) json.Key("Quorum").Number(event.quorum);
  if (event.spec_version != 0) json.Key("Spec").Number(event.spec_version);
  if (!fields.flips.empty()) {
    json.Key("Flips").Open('[');
    for (const Event::Flip& flip : fields.flips) WriteFlip(json, flip);
    json.Close(']');
  }
  if (fields.more != 0) json.Key("More").Number(fields.more);
  if (!fields.ids.empty()) {
    json.Key("Ids");
    WriteTexts(json, fields.ids);
  }
  if (!event.by.empty()) json.Key("By").Text(event.by);
  if (!fields.note.empty()) json.Key("Note").Text(fields.note);
  if (fields.until != Micros(0)) json.Key("Until").Number(fields.until.count());
  if (fields.length != Micros(0)) json.Key("For").Number(fields.length.count());
  if (fields.dead != 0) json.Key("Dead").Number(fields.dead);
  if (!fields.rack.empty()) json.Key("Rack").Text(fields.rack);
  if (fields.registered != 0) json.Key("Registered").Number(fields.registered);
  if (!fields.changes.empty()) {
    json.Key("Changes");
    WriteTexts(json, fields.changes);
  }
  if (fields.former) {
    json.Key("Before");
    WriteFormer(json, *fields.former);
  }
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

Event::Flips ReadFlips(const JsonFields& fields, JsonProblem& problem) {
  Event::Flips event;
  if (const Json* const flips = fields.Array("Flips", false)) {
    for (const Json& flip : *flips) event.flips.push_back(ReadFlip(flip, problem));
  }
  event.more = static_cast<std::size_t>(fields.Integer("More", kIntMax, 0));
  if (event.flips.size() > kMaxEventFlips) {  // as the encoder would
    event.more += event.flips.size() - kMaxEventFlips;
    event.flips.resize(kMaxEventFlips);
  }
  return event;
}

// Nothing where it is left out or unreadable, as a newer zkcluster's may be: then the change cannot
// be undone, but the event is as good as any.
std::optional<FormerSpec> ReadFormer(const JsonFields& fields) {
  JsonProblem problem;
  const Json* const object = fields.Object("Before", false);
  if (object == nullptr) return std::nullopt;
  const JsonFields before(*object, "Before", problem);
  FormerSpec former;
  const auto options = DecodeOptions(before.Text("Options"), former.settings);
  if (!options) problem.Add("Options", options.error().message);
  former.settings.version = static_cast<std::uint64_t>(before.Integer("Version"));
  if (const Json* const pieces = before.Array("Pieces", false)) {
    for (const Json& value : *pieces) {
      const JsonFields piece(value, "Pieces", problem);
      auto shards = DecodeShards(piece.Text("Shards"), RingTypeOf(former.settings.ring));
      if (!shards) problem.Add("Shards", shards.error().message);
      former.pieces.push_back({static_cast<std::size_t>(piece.Integer("At", kIntMax)),
                               static_cast<std::size_t>(piece.Integer("Count", kIntMax)),
                               std::move(shards).value_or(std::vector<ShardSpec>())});
    }
  }
  if (problem.found()) return std::nullopt;
  return former;
}

// The contents of an event of a known `kind`; nothing for an unknown one.
std::optional<Event::What> ReadKind(std::string_view kind, const JsonFields& fields,
                                    JsonProblem& problem) {
  const auto ids = [&] { return ReadTexts(fields, "Ids", false, problem); };
  const auto note = [&] { return fields.Text("Note", ""); };
  const auto until = [&] { return Micros(fields.Integer("Until", kInt64Max, 0)); };
  const auto length = [&] { return Micros(fields.Integer("For", kLatestMicros, 0)); };
  const auto dead = [&] { return ReadInt(fields, "Dead", 0); };
  if (kind == Event::Flips::kKind) return ReadFlips(fields, problem);
  if (kind == Event::Leader::kKind) return Event::Leader{ids()};
  if (kind == Event::Spec::kKind) return Event::Spec{};
  if (kind == Event::Electorate::kKind) return Event::Electorate{ids()};
  if (kind == Event::Forget::kKind) return Event::Forget{ids()};
  if (kind == Event::Freeze::kKind) return Event::Freeze{dead()};
  if (kind == Event::Unfreeze::kKind) return Event::Unfreeze{dead(), note() == kAccepted};
  if (kind == Event::Pause::kKind) return Event::Pause{note(), until(), length()};
  if (kind == Event::Resume::kKind) return Event::Resume{};
  if (kind == Event::Maintenance::kKind) {
    return Event::Maintenance{ids(), note(), until(), length()};
  }
  if (kind == Event::MaintenanceOver::kKind) return Event::MaintenanceOver{ids()};
  if (kind == Event::KeysLost::kKind) return Event::KeysLost{ids()};
  if (kind == Event::Redate::kKind) return Event::Redate{};
  if (kind == Event::Checker::kKind) {
    std::vector<std::string> named = ids();
    if (named.size() != 1) problem.Add("Ids", "expected one checker");
    return Event::Checker{named.empty() ? "" : std::move(named.front()), fields.Text("Rack", ""),
                          note() == kBack};
  }
  if (kind == Event::Quorum::kKind) {
    return Event::Quorum{ReadInt(fields, "Registered", 0), ids(), note() == kRestored};
  }
  if (kind == Event::Update::kKind) {
    return Event::Update{note(), ReadTexts(fields, "Changes", false, problem), ReadFormer(fields)};
  }
  return std::nullopt;
}

}  // namespace

Result<Event> DecodeEvent(std::string_view payload) {
  return DecodeObject<Event>(payload, [&](const JsonFields& fields, JsonProblem& problem) {
    Event event;
    std::string kind = fields.Text("Kind");
    event.at = Micros(fields.Integer("At"));
    event.leader = fields.Text("Leader", "");
    event.epoch = fields.Integer("Epoch", kMostCounted, 0);
    event.quorum = ReadInt(fields, "Quorum", 0);
    event.spec_version = static_cast<std::uint64_t>(fields.Integer("Spec", kInt64Max, 0));
    event.by = fields.Text("By", "");
    if (auto what = ReadKind(kind, fields, problem)) {
      event.what = *std::move(what);
    } else {
      event.what = Event::Unknown{std::move(kind), std::string(payload)};
    }
    return event;
  });
}

}  // namespace zkcluster
