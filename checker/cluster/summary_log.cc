#include "checker/cluster/summary_log.h"

#include <fmt/format.h>

#include <utility>

#include "base/join.h"
#include "checker/rules/conclusion.h"

namespace zkcluster {

namespace {

// "refused:9,timeout:3"; "none" without any.
std::string FailuresByReason(const ProbeCounters& probes) {
  std::string text;
  for (int i = 0; i < kReasonCount; ++i) {
    const std::uint64_t count = probes.failed[static_cast<std::size_t>(i)];
    if (count == 0) continue;
    text +=
        fmt::format("{}{}:{}", text.empty() ? "" : ",", ReasonName(static_cast<Reason>(i)), count);
  }
  return text.empty() ? "none" : text;
}

}  // namespace

SummaryLog::SummaryLog(Loop& loop, Logger& logger, ProbePool& pool, Facts facts)
    : logger_(logger),
      pool_(pool),
      facts_(std::move(facts)),
      timer_(loop.NewTimer([this] { Collect(); })) {
  timer_->Arm(kInterval);
}

void SummaryLog::Collect() {
  timer_->Arm(kInterval);
  pool_.CollectCounts(lifetime_.Guard([this](const WorkerCounts& counts) { LogAll(counts); }));
}

void SummaryLog::LogAll(const WorkerCounts& counts) {
  std::map<ProbeGroup, Totals> logged;
  const CheckerFacts facts = facts_();
  for (const auto& [name, cluster] : facts.clusters) {
    const auto counted = counts.groups.find(cluster.group);
    Totals now;
    if (counted != counts.groups.end()) now.counters = counted->second;
    now.flips = cluster.flips;
    const auto known = logged_.find(cluster.group);
    const Totals last = known == logged_.end() ? Totals{} : known->second;
    ProbeCounters fresh = now.counters;
    // Counters fall only when a worker is gone, while the daemon ends.
    if (fresh.started >= last.counters.started) fresh -= last.counters;
    LogCluster(name, cluster, fresh, last.flips);
    logged.emplace(cluster.group, std::move(now));
  }
  logged_ = std::move(logged);
}

void SummaryLog::LogCluster(const std::string& name, const ClusterFacts& cluster,
                            const ProbeCounters& probes, const FlipCounts& flips_before) {
  const char* const role = cluster.leading ? "leader" : cluster.registered ? "follower" : "away";
  const auto log = [&](const auto&... more) {
    logger_.Info("summary", {{"cluster", name},
                             {"shards", cluster.shards},
                             {"alive", cluster.opinions[Opinion::kAlive]},
                             {"dead", cluster.opinions[Opinion::kDead]},
                             {"unknown", cluster.opinions[Opinion::kUnknown]},
                             {"not_probed", cluster.opinions[Opinion::kNotProbed]},
                             {"probes", probes.succeeded + probes.failures()},
                             {"failures", probes.failures()},
                             {"failed_by", FailuresByReason(probes)},
                             {"p50_us", probes.latency.Quantile(0.5).count()},
                             {"p99_us", probes.latency.Quantile(0.99).count()},
                             {"published", cluster.ballot_published},
                             {"role", role},
                             {"leader", cluster.leader},
                             {"epoch", cluster.epoch},
                             more...});
  };
  const LeaderFacts* const led = cluster.decided();
  if (led == nullptr) return log();
  const auto missing = led->Missing();
  const auto fresh_flips = [&](ShardStatus to) { return cluster.flips[to] - flips_before[to]; };
  log(LogField{"flips_to_dead", fresh_flips(ShardStatus::kDead)},
      LogField{"flips_to_alive", fresh_flips(ShardStatus::kAlive)},
      LogField{"status_alive", led->statuses[ShardStatus::kAlive]},
      LogField{"status_dead", led->statuses[ShardStatus::kDead]},
      LogField{"status_unknown", led->statuses[ShardStatus::kUnknown]},
      LogField{"no_quorum", led->outcomes[Outcome::kNoQuorum]}, LogField{"quorum", led->quorum},
      LogField{"electorate", led->electorate},
      LogField{"ballots", led->voters.size() - missing.size()},
      LogField{"votes_missing", missing.size()}, LogField{"no_ballot_from", Join(missing, ",")},
      LogField{"frozen", led->frozen}, LogField{"hold", HoldName(led->hold)});
}

}  // namespace zkcluster
