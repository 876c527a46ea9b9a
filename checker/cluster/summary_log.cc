#include "checker/cluster/summary_log.h"

#include <fmt/format.h>

#include <utility>

#include "base/join.h"
#include "checker/rules/tally.h"

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

SummaryLog::SummaryLog(Loop& loop, Logger& logger, ProbePool& pool, Look look)
    : logger_(logger),
      pool_(pool),
      look_(std::move(look)),
      timer_(loop.NewTimer([this] { Collect(); })) {
  timer_->Arm(kInterval);
}

void SummaryLog::Collect() {
  timer_->Arm(kInterval);
  pool_.CollectCounts(lifetime_.Guard([this](const WorkerCounts& counts) { Tell(counts); }));
}

void SummaryLog::Tell(const WorkerCounts& counts) {
  std::map<ProbeGroup, Told> telling;
  for (const auto& [cluster, details] : look_()) {
    const auto counted = counts.groups.find(details.group);
    Told now;
    if (counted != counts.groups.end()) now.counters = counted->second;
    now.flips_to_dead = details.flips_to_dead;
    now.flips_to_alive = details.flips_to_alive;
    const auto known = told_.find(details.group);
    const Told last = known == told_.end() ? Told{} : known->second;
    ProbeCounters fresh = now.counters;
    // Counters fall when a worker is gone, which is when the daemon ends.
    if (fresh.started >= last.counters.started) fresh -= last.counters;
    TellOne(cluster, details, fresh, last);
    telling.emplace(details.group, std::move(now));
  }
  told_ = std::move(telling);
}

void SummaryLog::TellOne(const std::string& cluster, const ClusterDetails& details,
                         const ProbeCounters& probes, const Told& last) {
  const char* const role = details.leading ? "leader" : details.registered ? "follower" : "away";
  const auto tell = [&](const auto&... more) {
    logger_.Info("summary", {{"cluster", cluster},
                             {"shards", details.shards()},
                             {"alive", details.opinion(Opinion::kAlive)},
                             {"dead", details.opinion(Opinion::kDead)},
                             {"unknown", details.opinion(Opinion::kUnknown)},
                             {"not_probed", details.opinion(Opinion::kNotProbed)},
                             {"probes", probes.succeeded + probes.failures()},
                             {"failures", probes.failures()},
                             {"failed_by", FailuresByReason(probes)},
                             {"p50_us", probes.latency.Quantile(0.5).count()},
                             {"p99_us", probes.latency.Quantile(0.99).count()},
                             {"published", details.ballot_published},
                             {"role", role},
                             {"leader", details.leader},
                             {"epoch", details.epoch},
                             more...});
  };
  if (!details.led) return tell();
  const LeaderDetails& led = *details.led;
  const auto missing = led.Missing();
  const auto outcome = [&](Outcome which) { return led.outcomes[static_cast<std::size_t>(which)]; };
  const auto status = [&](ShardStatus which) {
    return led.statuses[static_cast<std::size_t>(which)];
  };
  tell(LogField{"flips_to_dead", details.flips_to_dead - last.flips_to_dead},
       LogField{"flips_to_alive", details.flips_to_alive - last.flips_to_alive},
       LogField{"status_alive", status(ShardStatus::kAlive)},
       LogField{"status_dead", status(ShardStatus::kDead)},
       LogField{"status_unknown", status(ShardStatus::kUnknown)},
       LogField{"no_quorum", outcome(Outcome::kNoQuorum)}, LogField{"quorum", led.quorum},
       LogField{"electorate", led.electorate},
       LogField{"ballots", led.voters.size() - missing.size()},
       LogField{"votes_missing", missing.size()}, LogField{"no_ballot_from", Join(missing, ",")},
       LogField{"frozen", details.frozen}, LogField{"hold", led.hold});
}

}  // namespace zkcluster
