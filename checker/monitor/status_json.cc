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

void WriteOpinions(JsonWriter& json, const OpinionCounts& opinions) {
  json.Key("opinions").Open('{');
  json.Key("alive").Number(opinions[Opinion::kAlive]);
  json.Key("dead").Number(opinions[Opinion::kDead]);
  json.Key("unknown").Number(opinions[Opinion::kUnknown]);
  json.Key("not_probed").Number(opinions[Opinion::kNotProbed]);
  json.Close('}');
}

void WriteLed(JsonWriter& json, const LeaderFacts& led) {
  json.Key("led").Open('{').Key("hold").Text(HoldName(led.hold));
  json.Key("quorum").Number(led.quorum);
  json.Key("electorate").Number(led.electorate).Key("votes").Open('{');
  for (const auto& [voter, present] : led.voters) json.Key(voter).Bool(present);
  json.Close('}').Key("outcomes").Open('{');
  json.Key("alive").Number(led.outcomes[Outcome::kAlive]);
  json.Key("dead").Number(led.outcomes[Outcome::kDead]);
  json.Key("no_quorum")
      .Number(led.outcomes[Outcome::kNoQuorum])
      .Close('}')
      .Key("statuses")
      .Open('{');
  for (const auto status : {ShardStatus::kAlive, ShardStatus::kDead, ShardStatus::kUnknown}) {
    json.Key(ShardStatusName(status)).Number(led.statuses[status]);
  }
  json.Close('}');
  WriteShards(json, "dead", led.dead);
  json.Key("flapping").Open('[');
  for (const FlappingShard& shard : led.flapping) {
    json.Open('{').Key("shard").Text(shard.name).Key("deaths").Number(shard.deaths);
    json.Key("good_probes").Number(shard.owed).Close('}');
  }
  json.Close(']');
  json.Key("since_ahead_us").Number(led.dated_ahead.count());
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

void WriteCluster(JsonWriter& json, const ClusterFacts& cluster, const WorkerCounts& counts) {
  json.Open('{').Key("spec_version").Number(cluster.spec_version);
  json.Key("registered").Bool(cluster.registered).Key("leading").Bool(cluster.leading);
  json.Key("leader").Text(cluster.leader).Key("epoch").Number(cluster.epoch);
  json.Key("shadow").Bool(cluster.shadow).Key("owed_ms").Number(Millis(cluster.owed));
  json.Key("depositions").Number(cluster.depositions);
  json.Key("frozen").Bool(cluster.frozen()).Key("paused").Bool(cluster.paused());
  json.Key("maintained").Number(cluster.maintained());
  WriteOpinions(json, cluster.opinions);
  WriteShards(json, "dead", cluster.dead);
  json.Key("ballot").Open('{').Key("published").Bool(cluster.ballot_published);
  json.Key("age_ms").Number(Millis(cluster.ballot_age)).Close('}');
  json.Key("flips").Open('{').Key("dead").Number(cluster.flips[ShardStatus::kDead]);
  json.Key("alive").Number(cluster.flips[ShardStatus::kAlive]).Close('}');
  const auto counted = counts.groups.find(cluster.group);
  WriteProbes(json, counted == counts.groups.end() ? ProbeCounters{} : counted->second);
  if (const LeaderFacts* const led = cluster.decided()) WriteLed(json, *led);
  json.Close('}');
}

}  // namespace

std::string FormatStatusJson(const CheckerFacts& facts, const ProcessFacts& process) {
  JsonWriter json;
  json.Open('{').Key("id").Text(process.id).Key("rack").Text(process.rack);
  json.Key("version").Text(ZKC_VERSION).Key("started").Number(process.started.count());
  json.Key("session").Text(SessionStateName(facts.session)).Key("ready").Bool(facts.Ready());
  if (facts.clock_ahead) json.Key("clock_ahead_us").Number(facts.clock_ahead->count());
  json.Key("clusters").Open('{');
  for (const auto& [name, cluster] : facts.clusters) {
    json.Key(name);
    WriteCluster(json, cluster, process.counts);
  }
  json.Close('}').Key("loop_lag_us").Open('{');
  WriteTimes(json, "main", process.main_lag);
  WriteTimes(json, "worker", process.counts.lag);
  json.Close('}').Key("stalls").Open('{');
  for (const auto& [loop, count] : process.stalls) json.Key(loop).Number(count);
  json.Close('}').Key("hook").Open('{').Key("succeeded").Number(process.hooks.succeeded);
  json.Key("failed").Number(process.hooks.failed).Key("dropped").Number(process.hooks.dropped);
  json.Close('}').Close('}');
  return json.Take() + "\n";
}

Verdict JudgeHealth(Duration counts_age) {
  if (counts_age < kWorkersHang) return {true, "ok\n"};
  return {false, "the probe workers have not answered for " +
                     std::to_string(Millis(counts_age) / 1000) + " s\n"};
}

Verdict JudgeReadiness(const CheckerFacts& facts) {
  if (facts.Ready()) return {true, "ok\n"};
  std::string text = "session " + std::string(SessionStateName(facts.session));
  if (const auto silent = facts.Silent(); !silent.empty()) {
    text += "; ballot missing or old in " + Join(silent, ", ");
  }
  return {false, "not ready: " + text + "\n"};
}

}  // namespace zkcluster
