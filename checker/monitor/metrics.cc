#include "checker/monitor/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <utility>
#include <vector>

#include "checker/rules/tally.h"

namespace zkcluster {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

template <class Number>
double Value(Number number) {
  return static_cast<double>(number);
}

double Seconds(Duration time) {
  return std::chrono::duration<double>(time).count();
}

class Page {
 public:
  // Everything added until the next call belongs to this family.
  void Begin(std::string name, std::string help, MetricType type) {
    families_.push_back({std::move(name), std::move(help), type, {}});
  }
  void Gauge(std::string name, std::string help) {
    Begin(std::move(name), std::move(help), MetricType::Gauge);
  }
  void Counter(std::string name, std::string help) {
    Begin(std::move(name), std::move(help), MetricType::Counter);
  }
  void Add(Labels labels, double value) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = value;
    metric.counter.value = value;
    families_.back().metric.push_back(std::move(metric));
  }
  void Add(Labels labels, const Histogram& histogram) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.histogram.sample_count = histogram.count();
    metric.histogram.sample_sum = Seconds(histogram.sum());
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < Histogram::kBounds.size(); ++i) {
      below += histogram.buckets()[i];
      metric.histogram.bucket.push_back({below, Seconds(Micros(Histogram::kBounds[i]))});
    }
    families_.back().metric.push_back(std::move(metric));
  }
  // A family without values would be a heading without lines.
  [[nodiscard]] std::string Text() {
    std::erase_if(families_, [](const MetricFamily& family) { return family.metric.empty(); });
    return prometheus::TextSerializer().Serialize(families_);
  }

 private:
  std::vector<MetricFamily> families_;
};

using Clusters = std::map<std::string, ClusterFacts>;

// One family with a value for each cluster.
template <class F>
void PerCluster(Page& page, const Clusters& clusters, const char* family, const char* help,
                const F& value) {
  page.Gauge(family, help);
  for (const auto& [name, cluster] : clusters) {
    page.Add({{"cluster", name}}, Value(value(cluster)));
  }
}

// The same for the clusters that this checker leads: values that only the leader knows.
template <class F>
void PerLed(const Clusters& clusters, const F& add) {
  for (const auto& [name, cluster] : clusters) {
    if (const LeaderFacts* const led = cluster.decided()) add(name, *led);
  }
}

void AddProcess(Page& page, const CheckerFacts& facts, const ProcessFacts& process) {
  page.Gauge("zkcluster_build_info", "1; the version of this checker.");
  page.Add({{"version", ZKC_VERSION}}, 1);
  page.Gauge("process_start_time_seconds", "When this process started, in seconds since 1970.");
  page.Add({}, std::chrono::duration<double>(process.started).count());
  page.Gauge("zkcluster_session_state", "1 for the state that the session with ZooKeeper is in.");
  for (const SessionState state : {SessionState::kConnecting, SessionState::kConnected,
                                   SessionState::kSuspended, SessionState::kLost}) {
    page.Add({{"state", std::string(SessionStateName(state))}}, state == facts.session ? 1 : 0);
  }
  page.Gauge("zkcluster_clock_ahead_seconds",
             "How far this host's clock is ahead of ZooKeeper's; negative: behind.");
  if (facts.clock_ahead) page.Add({}, std::chrono::duration<double>(*facts.clock_ahead).count());
  page.Gauge("zkcluster_ready", "1 while connected, registered and voting in all clusters.");
  page.Add({}, facts.Ready() ? 1 : 0);
}

void AddStanding(Page& page, const Clusters& clusters) {
  PerCluster(page, clusters, "zkcluster_leading", "1 while this checker leads the cluster.",
             [](const ClusterFacts& c) { return c.leading ? 1 : 0; });
  PerCluster(page, clusters, "zkcluster_registered",
             "1 while this checker is a candidate; only then its ballot may count.",
             [](const ClusterFacts& c) { return c.registered ? 1 : 0; });
  PerCluster(page, clusters, "zkcluster_epoch",
             "Leadership generation, as far as this checker knows.",
             [](const ClusterFacts& c) { return c.epoch; });
  PerCluster(page, clusters, "zkcluster_spec_version",
             "Version of the spec that this checker probes and votes by.",
             [](const ClusterFacts& c) { return c.spec_version; });
  PerCluster(page, clusters, "zkcluster_frozen",
             "1 while too many would be dead, so no more are marked; reported by the leader.",
             [](const ClusterFacts& c) { return c.frozen() ? 1 : 0; });
  PerCluster(page, clusters, "zkcluster_paused",
             "1 while an operator's pause holds all flips; reported by the leader.",
             [](const ClusterFacts& c) { return c.paused() ? 1 : 0; });
  PerCluster(page, clusters, "zkcluster_maintenance",
             "Shards under an operator's maintenance; reported by the leader.",
             [](const ClusterFacts& c) { return c.maintained(); });
}

void AddOpinions(Page& page, const Clusters& clusters) {
  page.Gauge("zkcluster_shards", "Shards of the cluster, by this checker's own opinion.");
  static constexpr std::array<std::pair<Opinion, const char*>, 4> kOpinions = {
      {{Opinion::kAlive, "alive"},
       {Opinion::kDead, "dead"},
       {Opinion::kUnknown, "unknown"},
       {Opinion::kNotProbed, "not_probed"}}};
  for (const auto& [name, cluster] : clusters) {
    for (const auto& [opinion, word] : kOpinions) {
      page.Add({{"cluster", name}, {"opinion", word}}, Value(cluster.opinions[opinion]));
    }
  }
  page.Gauge("zkcluster_opinion_dead",
             "1 for a shard that is dead in this checker's own opinion; at most 100 a cluster.");
  for (const auto& [name, cluster] : clusters) {
    for (const ListedShard& shard : cluster.dead) {
      page.Add({{"cluster", name}, {"shard", shard.name}, {"addr", shard.addr}}, 1);
    }
  }
  PerCluster(page, clusters, "zkcluster_ballot_published",
             "1 while the ballot in ZooKeeper has this checker's opinions.",
             [](const ClusterFacts& c) { return c.ballot_published ? 1 : 0; });
  PerCluster(page, clusters, "zkcluster_ballot_age_seconds",
             "Time since this checker last wrote its ballot, as it does when an opinion changes.",
             [](const ClusterFacts& c) { return Seconds(c.ballot_age); });
}

void AddVotes(Page& page, const Clusters& clusters) {
  page.Gauge("zkcluster_quorum_votes", "Votes that a flip needs; reported by the leader.");
  PerLed(clusters, [&](const std::string& cluster, const LeaderFacts& led) {
    page.Add({{"cluster", cluster}}, led.quorum);
  });
  page.Gauge("zkcluster_electorate_checkers", "Checkers that may vote; reported by the leader.");
  PerLed(clusters, [&](const std::string& cluster, const LeaderFacts& led) {
    page.Add({{"cluster", cluster}}, led.electorate);
  });
  page.Gauge("zkcluster_vote_present",
             "1 while the ballot of a checker of the electorate counts; reported by the leader.");
  PerLed(clusters, [&](const std::string& cluster, const LeaderFacts& led) {
    for (const auto& [voter, present] : led.voters) {
      page.Add({{"cluster", cluster}, {"voter", voter}}, present ? 1 : 0);
    }
  });
  page.Gauge("zkcluster_tally_shards",
             "Shards by the outcome of the last count of votes; reported by the leader.");
  static constexpr std::array<std::pair<Outcome, const char*>, 3> kOutcomes = {
      {{Outcome::kAlive, "alive"}, {Outcome::kDead, "dead"}, {Outcome::kNoQuorum, "no_quorum"}}};
  PerLed(clusters, [&](const std::string& cluster, const LeaderFacts& led) {
    for (const auto& [outcome, name] : kOutcomes) {
      page.Add({{"cluster", cluster}, {"outcome", name}}, Value(led.outcomes[outcome]));
    }
  });
}

void AddDecisions(Page& page, const Clusters& clusters) {
  page.Gauge("zkcluster_status_shards",
             "Shards by the status that clients obey; reported by the leader.");
  PerLed(clusters, [&](const std::string& cluster, const LeaderFacts& led) {
    for (const auto status : {ShardStatus::kAlive, ShardStatus::kDead, ShardStatus::kUnknown}) {
      page.Add({{"cluster", cluster}, {"status", std::string(ShardStatusName(status))}},
               Value(led.statuses[status]));
    }
  });
  page.Gauge("zkcluster_shard_dead",
             "1 for a shard whose status is dead; reported by the leader, at most 100 a cluster.");
  PerLed(clusters, [&](const std::string& cluster, const LeaderFacts& led) {
    for (const ListedShard& shard : led.dead) {
      page.Add({{"cluster", cluster}, {"shard", shard.name}, {"addr", shard.addr}}, 1);
    }
  });
  page.Gauge("zkcluster_shard_flapping",
             "Good probes in a row that the return of a flapping shard needs, for each that flaps; "
             "reported by the leader, at most 100 a cluster.");
  PerLed(clusters, [&](const std::string& cluster, const LeaderFacts& led) {
    for (const FlappingShard& shard : led.flapping) {
      page.Add({{"cluster", cluster}, {"shard", shard.name}}, shard.owed);
    }
  });
  page.Gauge("zkcluster_since_ahead_seconds",
             "How far the latest date of a status is ahead of ZooKeeper's clock; reported by the "
             "leader.");
  PerLed(clusters, [&](const std::string& cluster, const LeaderFacts& led) {
    page.Add({{"cluster", cluster}}, std::chrono::duration<double>(led.dated_ahead).count());
  });
  page.Gauge(
      "zkcluster_held",
      "1 while nothing is decided, and why (go_checkers, newer_spec, behind_status, paused); "
      "reported by the leader.");
  PerLed(clusters, [&](const std::string& cluster, const LeaderFacts& led) {
    if (led.hold == Hold::kNone) return;
    page.Add({{"cluster", cluster}, {"hold", std::string(HoldName(led.hold))}}, 1);
  });
  page.Counter("zkcluster_depositions_total",
               "Leaders that this checker has replaced because they owed a decision.");
  for (const auto& [name, cluster] : clusters) {
    page.Add({{"cluster", name}}, Value(cluster.depositions));
  }
  page.Counter("zkcluster_flips_total", "Flips of a status that this checker has decided.");
  for (const auto& [name, cluster] : clusters) {
    page.Add({{"cluster", name}, {"to", "alive"}}, Value(cluster.flips[ShardStatus::kAlive]));
    page.Add({{"cluster", name}, {"to", "dead"}}, Value(cluster.flips[ShardStatus::kDead]));
  }
}

// No probe ends with these reasons.
bool EndsProbe(Reason reason) {
  return reason != Reason::kNone && reason < Reason::kMixed;
}

void AddProbes(Page& page, const Clusters& clusters, const WorkerCounts& counts) {
  const auto counters_of = [&](const ClusterFacts& cluster) {
    const auto found = counts.groups.find(cluster.group);
    return found == counts.groups.end() ? ProbeCounters{} : found->second;
  };
  page.Counter("zkcluster_probes_total", "Probes that have ended, by result.");
  for (const auto& [name, cluster] : clusters) {
    const ProbeCounters counters = counters_of(cluster);
    page.Add({{"cluster", name}, {"result", "alive"}}, Value(counters.succeeded));
    for (int i = 0; i < kReasonCount; ++i) {
      const auto reason = static_cast<Reason>(i);
      if (!EndsProbe(reason)) continue;
      page.Add({{"cluster", name}, {"result", std::string(ReasonName(reason))}},
               Value(counters.failed[static_cast<std::size_t>(i)]));
    }
  }
  page.Begin("zkcluster_probe_duration_seconds",
             "How long successful probes took, connecting included.", MetricType::Histogram);
  for (const auto& [name, cluster] : clusters) {
    page.Add({{"cluster", name}}, counters_of(cluster).latency);
  }
}

void AddLoops(Page& page, const ProcessFacts& process) {
  page.Begin("zkcluster_loop_lag_seconds",
             "How late the regular beats of the main loop and of probe workers were.",
             MetricType::Histogram);
  page.Add({{"loop", "main"}}, process.main_lag);
  page.Add({{"loop", "worker"}}, process.counts.lag);
  page.Counter("zkcluster_stalls_total",
               "Times that a loop of this process was stopped or starved.");
  for (const auto& [loop, count] : process.stalls) page.Add({{"loop", loop}}, Value(count));
  page.Counter("zkcluster_hook_events_total", "Events for on_event, by result.");
  page.Add({{"result", "succeeded"}}, Value(process.hooks.succeeded));
  page.Add({{"result", "failed"}}, Value(process.hooks.failed));
  page.Add({{"result", "dropped"}}, Value(process.hooks.dropped));
}

}  // namespace

std::string FormatMetrics(const CheckerFacts& facts, const ProcessFacts& process) {
  Page page;
  AddProcess(page, facts, process);
  AddStanding(page, facts.clusters);
  AddOpinions(page, facts.clusters);
  AddVotes(page, facts.clusters);
  AddDecisions(page, facts.clusters);
  AddProbes(page, facts.clusters, process.counts);
  AddLoops(page, process);
  return page.Text();
}

}  // namespace zkcluster
