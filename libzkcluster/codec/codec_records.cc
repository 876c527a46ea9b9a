#include <algorithm>

#include "codec/codec.h"
#include "codec/codec_fields.h"
#include "text/duration.h"

namespace zkcluster {

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
//  "Maintenance":[{"Shards":["s1","s2"],"Since":..,"Until":..,"By":"ann@ops1","Reason":"memory"}]}
// From AtLeast on, only what there is.
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

}  // namespace zkcluster
