#include <algorithm>

#include "codec/codec.h"
#include "codec/codec_fields.h"
#include "text/duration.h"

namespace zkcluster {
namespace {

constexpr std::string_view kRegistrationKeys[] = {"Id",      "Host",  "Rack",    "Pid",
                                                  "Version", "Since", "Timeout", "Format"};

}  // namespace

// {"Id":"rack1","Host":"node17","Rack":"r1","Pid":812,"Version":"0.1.0","Since":1795228044224923,
//  "Timeout":"10s","Format":2}
// Timeout: where it is known. Format: where it is not 1.
std::string EncodeRegistration(const Registration& registration) {
  JsonWriter json;
  json.Open('{').Key("Id").Text(registration.id).Key("Host").Text(registration.host);
  json.Key("Rack").Text(registration.rack).Key("Pid").Number(registration.pid);
  json.Key("Version").Text(registration.version);
  json.Key("Since").Number(registration.since.count());
  if (registration.session_timeout > Duration::zero()) {
    json.Key("Timeout").Text(FormatDuration(registration.session_timeout));
  }
  if (registration.format != 1) json.Key("Format").Number(registration.format);
  json.Members(registration.unknown_keys).Close('}');
  return json.Take();
}

Result<Registration> DecodeRegistration(std::string_view payload) {
  return DecodeObject<Registration>(payload, [&](const JsonFields& fields, JsonProblem& problem) {
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
    registration.format = std::max(1, ReadInt(fields, "Format", 1));
    registration.unknown_keys =
        ReadUnknownKeys(fields, kRegistrationKeys, problem, [&] { return RawJson(payload); });
    return registration;
  });
}

// {"Id":"rack1","Epoch":3,"Since":1795228044224923,"Deposed":["rack2"],
//  "Depositions":[1795228011000000]}
// Deposed, Depositions: where there are any. Checkers of 0.1.0 skip both.
std::string EncodeLeader(const LeaderRecord& leader) {
  JsonWriter json;
  json.Open('{').Key("Id").Text(leader.id).Key("Epoch").Number(leader.epoch);
  json.Key("Since").Number(leader.since.count());
  if (!leader.deposed.empty()) {
    json.Key("Deposed");
    WriteTexts(json, leader.deposed);
  }
  if (!leader.depositions.empty()) {
    json.Key("Depositions").Open('[');
    for (const Micros stamp : leader.depositions) json.Number(stamp.count());
    json.Close(']');
  }
  json.Close('}');
  return json.Take();
}

namespace {

// Who leads must be known even where this list cannot be read.
std::vector<Micros> ReadDepositions(const JsonFields& fields) {
  std::vector<Micros> stamps;
  const Json* const list = fields.Find("Depositions");
  if (list == nullptr || !list->is_array()) return stamps;
  for (const Json& stamp : *list) {
    if (stamp.is_number_integer()) stamps.emplace_back(stamp.get<std::int64_t>());
  }
  const std::size_t surplus = stamps.size() - std::min(stamps.size(), kMaxDepositions);
  stamps.erase(stamps.begin(), stamps.begin() + static_cast<std::ptrdiff_t>(surplus));
  return stamps;
}

}  // namespace

Result<LeaderRecord> DecodeLeader(std::string_view payload) {
  return DecodeObject<LeaderRecord>(payload, [](const JsonFields& fields, JsonProblem& problem) {
    LeaderRecord leader;
    leader.id = fields.Text("Id");
    leader.epoch = fields.Integer("Epoch", kMostCounted);
    leader.since = Micros(fields.Integer("Since"));
    leader.deposed = ReadTexts(fields, "Deposed", false, problem);
    leader.depositions = ReadDepositions(fields);
    return leader;
  });
}

}  // namespace zkcluster
