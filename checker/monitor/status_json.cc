#include "checker/monitor/status_json.h"

#include <chrono>
#include <string_view>

#include "base/join.h"
#include "checker/rules/tally.h"
#include "codec/json.h"

namespace zkcluster {

namespace {

std::int64_t Millis(Duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

void WriteShards(JsonWriter& json, std::string_view key, const std::vector<ListedShard>& shards) {
  json.Key(key).Open('[');
  for (const ListedShard& shard : shards) {
    json.Open('{').Key("shard").Text(shard.name).Key("addr").Text(shard.addr);
    json.Key("reason").Text(ReasonName(shard.reason));
    if (shard.since != Micros(0)) json.Key("since").Number(shard.since.count());
    json.Close('}');
  }
  json.Close(']');
}

void WriteOpinions(JsonWriter& json, const ClusterDetails& details) {
  json.Key("opinions").Open('{');
  json.Key("alive").Number(details.opinion(Opinion::kAlive));
  json.Key("dead").Number(details.opinion(Opinion::kDead));
  json.Key("unknown").Number(details.opinion(Opinion::kUnknown));
  json.Key("not_probed").Number(details.opinion(Opinion::kNotProbed));
  json.Close('}');
}

void WriteLed(JsonWriter& json, const LeaderDetails& led) {
  const auto outcome = [&](Outcome which) { return led.outcomes[static_cast<std::size_t>(which)]; };
  json.Key("led").Open('{').Key("hold").Text(led.hold).Key("quorum").Number(led.quorum);
  json.Key("electorate").Number(led.electorate).Key("votes").Open('{');
  for (const auto& [voter, present] : led.voters) json.Key(voter).Bool(present);
  json.Close('}').Key("outcomes").Open('{');
  json.Key("alive").Number(outcome(Outcome::kAlive));
  json.Key("dead").Number(outcome(Outcome::kDead));
  json.Key("no_quorum").Number(outcome(Outcome::kNoQuorum)).Close('}').Key("statuses").Open('{');
  for (const auto status : {ShardStatus::kAlive, ShardStatus::kDead, ShardStatus::kUnknown}) {
    json.Key(ShardStatusName(status)).Number(led.statuses[static_cast<std::size_t>(status)]);
  }
  json.Close('}');
  WriteShards(json, "dead", led.dead);
  json.Close('}');
}

void WriteTimes(JsonWriter& json, std::string_view key, const Histogram& histogram) {
  json.Key(key).Open('{').Key("count").Number(histogram.count());
  json.Key("p50").Number(histogram.Quantile(0.5).count());
  json.Key("p99").Number(histogram.Quantile(0.99).count()).Close('}');
}

void WriteProbes(JsonWriter& json, const ProbeCounters& counters) {
  json.Key("probes").Open('{').Key("alive").Number(counters.succeeded);
  for (int i = 0; i < kReasonCount; ++i) {
    const std::uint64_t count = counters.failed[static_cast<std::size_t>(i)];
    if (count > 0) json.Key(ReasonName(static_cast<Reason>(i))).Number(count);
  }
  json.Close('}');
  WriteTimes(json, "probe_us", counters.latency);
}

void WriteCluster(JsonWriter& json, const ClusterDetails& details, const WorkerCounts& counts) {
  json.Open('{').Key("spec_version").Number(details.spec_version);
  json.Key("registered").Bool(details.registered).Key("leading").Bool(details.leading);
  json.Key("leader").Text(details.leader).Key("epoch").Number(details.epoch);
  json.Key("frozen").Bool(details.frozen).Key("paused").Bool(details.paused);
  json.Key("maintained").Number(details.maintained);
  WriteOpinions(json, details);
  WriteShards(json, "dead", details.dead);
  json.Key("ballot").Open('{').Key("published").Bool(details.ballot_published);
  json.Key("age_ms").Number(Millis(details.ballot_age)).Close('}');
  json.Key("flips").Open('{').Key("dead").Number(details.flips_to_dead);
  json.Key("alive").Number(details.flips_to_alive).Close('}');
  const auto counted = counts.groups.find(details.group);
  WriteProbes(json, counted == counts.groups.end() ? ProbeCounters{} : counted->second);
  if (details.led) WriteLed(json, *details.led);
  json.Close('}');
}

}  // namespace

std::string FormatStatus(const MonitorFacts& facts) {
  JsonWriter json;
  json.Open('{').Key("id").Text(facts.id).Key("rack").Text(facts.rack);
  json.Key("version").Text(ZKC_VERSION).Key("started").Number(facts.started.count());
  json.Key("session").Text(SessionStateName(facts.session)).Key("ready").Bool(facts.ready);
  json.Key("clusters").Open('{');
  for (const auto& [name, details] : facts.clusters) {
    json.Key(name);
    WriteCluster(json, details, facts.counts);
  }
  json.Close('}').Key("loop_lag_us").Open('{');
  WriteTimes(json, "main", facts.main_lag);
  WriteTimes(json, "worker", facts.counts.lag);
  json.Close('}').Key("stalls").Open('{');
  for (const auto& [loop, count] : facts.stalls) json.Key(loop).Number(count);
  json.Close('}').Key("hook").Open('{').Key("succeeded").Number(facts.hooks.succeeded);
  json.Key("failed").Number(facts.hooks.failed).Key("dropped").Number(facts.hooks.dropped);
  json.Close('}').Close('}');
  return json.Take() + "\n";
}

Verdict JudgeHealth(Duration counts_age) {
  if (counts_age < kWorkersHang) return {true, "ok\n"};
  return {false, "the probe workers have not answered for " +
                     std::to_string(Millis(counts_age) / 1000) + " s\n"};
}

Verdict JudgeReadiness(SessionState session, const Readiness& readiness) {
  if (readiness.ready()) return {true, "ok\n"};
  std::string text = "session " + std::string(SessionStateName(session));
  if (!readiness.silent.empty()) {
    text += "; no ballot stands, or an old one, in " + Join(readiness.silent, ", ");
  }
  return {false, "not ready: " + text + "\n"};
}

}  // namespace zkcluster
