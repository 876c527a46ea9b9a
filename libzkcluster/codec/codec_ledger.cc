#include <algorithm>
#include <limits>

#include "codec/codec.h"
#include "codec/codec_fields.h"
#include "text/fraction.h"

namespace zkcluster {
namespace {

constexpr std::string_view kLedgerKeys[] = {"Electorate", "Penalties",   "AtLeast", "Freeze",
                                            "Pause",      "Maintenance", "Redate",  "Safeguards"};
constexpr std::string_view kPenaltyKeys[] = {"Required", "Since", "Deaths", "First", "Died"};
constexpr std::string_view kFreezeKeys[] = {"Frozen", "Since", "Dead", "Accept", "Accepted"};
constexpr std::string_view kPauseKeys[] = {"Since", "Until", "By", "Reason", "For", "Ledger"};
constexpr std::string_view kMaintenanceKeys[] = {"Shards", "Since", "Until", "By",
                                                 "Reason", "For",   "Ledger"};
constexpr std::string_view kSafeguardKeys[] = {"Checkers", "Quorum", "MinRacks", "MaxDeadFraction",
                                               "Lost"};

void WriteUndated(JsonWriter& json, const std::optional<Undated>& undated) {
  if (!undated) return;
  json.Key("For").Number(undated->length.count());
  json.Key("Ledger").Number(static_cast<std::uint32_t>(undated->ledger));  // versions may wrap
}

std::optional<Undated> ReadUndated(const JsonFields& order) {
  if (order.Find("For") == nullptr) return std::nullopt;
  return Undated{Micros(order.Integer("For", kLatestMicros)),
                 static_cast<std::int32_t>(static_cast<std::uint32_t>(
                     order.Integer("Ledger", std::numeric_limits<std::uint32_t>::max())))};
}

void WriteFreeze(JsonWriter& json, const Freeze& freeze) {
  json.Key("Freeze").Open('{').Key("Frozen").Bool(freeze.frozen);
  json.Key("Since").Number(freeze.since.count()).Key("Dead").Number(freeze.dead);
  json.Key("Accept").Bool(freeze.accept).Key("Accepted").Number(freeze.accepted);
  json.Members(freeze.unknown_keys).Close('}');
}

void WritePause(JsonWriter& json, const Pause& pause) {
  json.Key("Pause").Open('{').Key("Since").Number(pause.since.count());
  json.Key("Until").Number(pause.until.count()).Key("By").Text(pause.by);
  json.Key("Reason").Text(pause.reason);
  WriteUndated(json, pause.undated);
  json.Members(pause.unknown_keys).Close('}');
}

// Shards of one order share an entry, so its reason is written once.
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
    json.Key("Reason").Text(order->reason);
    WriteUndated(json, order->undated);
    json.Members(order->unknown_keys).Close('}');
  }
  json.Close(']');
}

std::map<std::string, Maintenance> ReadMaintenance(const JsonFields& ledger, RawJson raw,
                                                   JsonProblem& problem) {
  std::map<std::string, Maintenance> maintenance;
  const Json* const orders = ledger.Array("Maintenance", false);
  if (orders == nullptr) return maintenance;
  for (std::size_t i = 0; i < orders->size(); ++i) {
    const JsonFields fields((*orders)[i], "Maintenance", problem);
    const Maintenance order{Micros(fields.Integer("Since")),
                            Micros(fields.Integer("Until")),
                            fields.Text("By"),
                            fields.Text("Reason"),
                            ReadUnknownKeys(fields, kMaintenanceKeys, problem,
                                            [&] { return raw.Member("Maintenance").Element(i); }),
                            ReadUndated(fields)};
    for (const std::string& shard : ReadTexts(fields, "Shards", true, problem)) {
      if (!maintenance.emplace(shard, order).second) {
        problem.Add(fields.Where("Shards"), "\"" + shard + "\" is there twice");
      }
    }
  }
  return maintenance;
}

Freeze ReadFreeze(const JsonFields& ledger, RawJson raw, JsonProblem& problem) {
  const Json* const object = ledger.Object("Freeze", false);
  if (object == nullptr) return {};
  const JsonFields fields(*object, "Freeze", problem);
  return {fields.Bool("Frozen"),
          Micros(fields.Integer("Since")),
          ReadInt(fields, "Dead"),
          fields.Bool("Accept"),
          ReadInt(fields, "Accepted"),
          ReadUnknownKeys(fields, kFreezeKeys, problem, [&] { return raw.Member("Freeze"); })};
}

std::optional<Pause> ReadPause(const JsonFields& ledger, RawJson raw, JsonProblem& problem) {
  const Json* const object = ledger.Object("Pause", false);
  if (object == nullptr) return std::nullopt;
  const JsonFields fields(*object, "Pause", problem);
  return Pause{Micros(fields.Integer("Since")),
               Micros(fields.Integer("Until")),
               fields.Text("By"),
               fields.Text("Reason"),
               ReadUnknownKeys(fields, kPauseKeys, problem, [&] { return raw.Member("Pause"); }),
               ReadUndated(fields)};
}

void WriteSafeguards(JsonWriter& json, const Safeguards& safeguards) {
  json.Key("Safeguards").Open('{');
  if (safeguards.checkers) json.Key("Checkers").Number(*safeguards.checkers);
  if (safeguards.quorum) json.Key("Quorum").Number(*safeguards.quorum);
  if (safeguards.min_racks) json.Key("MinRacks").Number(*safeguards.min_racks);
  if (safeguards.max_dead_fraction) {
    json.Key("MaxDeadFraction").Text(FormatFraction(*safeguards.max_dead_fraction));
  }
  if (!safeguards.lost.empty()) {
    json.Key("Lost");
    WriteTexts(json, safeguards.lost);
  }
  json.Members(safeguards.unknown_keys).Close('}');
}

std::optional<Safeguards> ReadSafeguards(const JsonFields& ledger, RawJson raw,
                                         JsonProblem& problem) {
  const Json* const object = ledger.Object("Safeguards", false);
  if (object == nullptr) return std::nullopt;
  const JsonFields fields(*object, "Safeguards", problem);
  Safeguards safeguards;
  const auto number = [&](std::string_view key) {
    return fields.Find(key) == nullptr ? std::nullopt : std::optional(ReadInt(fields, key));
  };
  safeguards.checkers = number("Checkers");
  safeguards.quorum = number("Quorum");
  safeguards.min_racks = number("MinRacks");
  if (fields.Find("MaxDeadFraction") != nullptr) {
    const auto fraction = ParseFraction(fields.Text("MaxDeadFraction"));
    if (!fraction) problem.Add(fields.Where("MaxDeadFraction"), fraction.error().message);
    if (fraction) safeguards.max_dead_fraction = *fraction;
  }
  for (std::string& key : ReadTexts(fields, "Lost", false, problem)) {
    safeguards.lost.insert(std::move(key));
  }
  safeguards.unknown_keys =
      ReadUnknownKeys(fields, kSafeguardKeys, problem, [&] { return raw.Member("Safeguards"); });
  return safeguards;
}

}  // namespace

// {"Electorate":["rack1","rack2"],
//  "Penalties":{"s2":{"Required":4,"Since":1795228044224923,"Deaths":3,"First":..,"Died":..}},
//  "AtLeast":3,"Freeze":{"Frozen":true,"Since":..,"Dead":5,"Accept":false,"Accepted":0},
//  "Pause":{"Since":..,"Until":..,"By":"ann@ops1","Reason":"switch replaced"},
//  "Maintenance":[{"Shards":["s1","s2"],"Since":..,"Until":..,"By":"ann@ops1","Reason":"memory"}],
//  "Redate":true,
//  "Safeguards":{"Quorum":2,"MinRacks":2,"MaxDeadFraction":"0.25","Lost":["quorum"]}}
// An order that is not dated yet has two more: "For":1800000000,"Ledger":7.
// From AtLeast on, empty members are left out; Deaths, First and Died are where nothing was
// counted. The last members of each object are those that this
// build does not know, as they were read.
std::string EncodeLedger(const Ledger& ledger) {
  JsonWriter json;
  json.Open('{').Key("Electorate");
  WriteTexts(json, ledger.electorate);
  json.Key("Penalties").Open('{');
  for (const auto& [shard, penalty] : ledger.penalties) {
    json.Key(shard).Open('{').Key("Required").Number(penalty.required);
    json.Key("Since").Number(penalty.since.count());
    if (penalty.deaths > 0) {
      json.Key("Deaths").Number(penalty.deaths).Key("First").Number(penalty.first.count());
      json.Key("Died").Number(penalty.died.count());
    }
    json.Members(penalty.unknown_keys).Close('}');
  }
  json.Close('}');
  if (ledger.at_least > 0) json.Key("AtLeast").Number(ledger.at_least);
  if (ledger.freeze != Freeze{}) WriteFreeze(json, ledger.freeze);
  if (ledger.pause) WritePause(json, *ledger.pause);
  if (!ledger.maintenance.empty()) WriteMaintenance(json, ledger.maintenance);
  if (ledger.redate) json.Key("Redate").Bool(true);
  if (ledger.safeguards) WriteSafeguards(json, *ledger.safeguards);
  json.Members(ledger.unknown_keys).Close('}');
  return json.Take();
}

Result<Ledger> DecodeLedger(std::string_view payload) {
  return DecodeObject<Ledger>(payload, [&](const JsonFields& fields, JsonProblem& problem) {
    const RawJson raw(payload);
    Ledger ledger;
    for (std::string& id : ReadTexts(fields, "Electorate", true, problem)) {
      ledger.electorate.insert(std::move(id));
    }
    if (fields.Find("AtLeast") != nullptr) ledger.at_least = ReadInt(fields, "AtLeast");
    ledger.freeze = ReadFreeze(fields, raw, problem);
    ledger.pause = ReadPause(fields, raw, problem);
    ledger.maintenance = ReadMaintenance(fields, raw, problem);
    if (fields.Find("Redate") != nullptr) ledger.redate = fields.Bool("Redate");
    ledger.safeguards = ReadSafeguards(fields, raw, problem);
    ledger.unknown_keys = ReadUnknownKeys(fields, kLedgerKeys, problem, [&] { return raw; });
    const Json* const penalties = fields.Object("Penalties");
    if (penalties == nullptr) return ledger;
    for (const auto& [shard, value] : *penalties->get_ptr<const Json::object_t*>()) {
      const JsonFields penalty(value, "Penalties: " + shard, problem);
      const int required = ReadInt(penalty, "Required");
      if (required < 1) problem.Add(penalty.Where("Required"), "expected at least 1");
      ledger.penalties[shard] = {
          required,
          Micros(penalty.Integer("Since", kLatestMicros)),
          static_cast<int>(penalty.Integer("Deaths", kIntMax, 0)),
          Micros(penalty.Integer("First", kLatestMicros, 0)),
          Micros(penalty.Integer("Died", kLatestMicros, 0)),
          ReadUnknownKeys(penalty, kPenaltyKeys, problem,
                          [&, &name = shard] { return raw.Member("Penalties").Member(name); })};
    }
    return ledger;
  });
}

}  // namespace zkcluster
