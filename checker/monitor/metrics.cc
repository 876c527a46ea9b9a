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
  // A family of nothing would be a heading without a text.
  [[nodiscard]] std::string Text() {
    std::erase_if(families_, [](const MetricFamily& family) { return family.metric.empty(); });
    return prometheus::TextSerializer().Serialize(families_);
  }

 private:
  std::vector<MetricFamily> families_;
};

using Clusters = std::map<std::string, ClusterDetails>;

// One family with a value for each cluster.
template <class F>
void PerCluster(Page& page, const Clusters& clusters, const char* name, const char* help,
                const F& value) {
  page.Gauge(name, help);
  for (const auto& [cluster, details] : clusters) {
    page.Add({{"cluster", cluster}}, Value(value(details)));
  }
}

// The same of the clusters that this checker leads: what only the leader knows.
template <class F>
void PerLed(const Clusters& clusters, const F& add) {
  for (const auto& [cluster, details] : clusters) {
    if (details.led) add(cluster, *details.led);
  }
}

void AddProcess(Page& page, const MonitorFacts& facts) {
  page.Gauge("zkcluster_build_info", "1; the version of this checker.");
  page.Add({{"version", ZKC_VERSION}}, 1);
  page.Gauge("process_start_time_seconds", "When this process started, in seconds since 1970.");
  page.Add({}, std::chrono::duration<double>(facts.started).count());
  page.Gauge("zkcluster_session_state", "1 for the state that the session with ZooKeeper is in.");
  for (const SessionState state : {SessionState::kConnecting, SessionState::kConnected,
                                   SessionState::kSuspended, SessionState::kLost}) {
    page.Add({{"state", std::string(SessionStateName(state))}}, state == facts.session ? 1 : 0);
  }
  page.Gauge("zkcluster_ready", "1 while session, registration and ballots stand.");
  page.Add({}, facts.ready ? 1 : 0);
}

void AddStanding(Page& page, const Clusters& clusters) {
  PerCluster(page, clusters, "zkcluster_leading", "1 while this checker leads the cluster.",
             [](const ClusterDetails& d) { return d.leading ? 1 : 0; });
  PerCluster(page, clusters, "zkcluster_registered",
             "1 while this checker stands for election, which is when its ballot may count.",
             [](const ClusterDetails& d) { return d.registered ? 1 : 0; });
  PerCluster(page, clusters, "zkcluster_epoch",
             "Leadership generation, as far as this checker knows.",
             [](const ClusterDetails& d) { return d.epoch; });
  PerCluster(page, clusters, "zkcluster_spec_version",
             "Version of the spec that this checker probes and votes by.",
             [](const ClusterDetails& d) { return d.spec_version; });
  PerCluster(page, clusters, "zkcluster_frozen",
             "1 while too many shards would be dead and none is marked so; told by the leader.",
             [](const ClusterDetails& d) { return d.frozen ? 1 : 0; });
  PerCluster(page, clusters, "zkcluster_paused",
             "1 while an operator lets nothing flip; told by the leader.",
             [](const ClusterDetails& d) { return d.paused ? 1 : 0; });
  PerCluster(page, clusters, "zkcluster_maintenance",
             "Shards that an operator lets not flip; told by the leader.",
             [](const ClusterDetails& d) { return d.maintained; });
}

void AddOpinions(Page& page, const Clusters& clusters) {
  page.Gauge("zkcluster_shards", "Shards of the cluster, by this checker's own opinion.");
  static constexpr std::array<std::pair<Opinion, const char*>, 4> kOpinions = {
      {{Opinion::kAlive, "alive"},
       {Opinion::kDead, "dead"},
       {Opinion::kUnknown, "unknown"},
       {Opinion::kNotProbed, "not_probed"}}};
  for (const auto& [cluster, details] : clusters) {
    for (const auto& [opinion, name] : kOpinions) {
      page.Add({{"cluster", cluster}, {"opinion", name}}, Value(details.opinion(opinion)));
    }
  }
  page.Gauge(
      "zkcluster_opinion_dead",
      "1 for a shard that is dead in this checker's own opinion; the first 100 of a cluster.");
  for (const auto& [cluster, details] : clusters) {
    for (const ListedShard& shard : details.dead) {
      page.Add({{"cluster", cluster}, {"shard", shard.name}, {"addr", shard.addr}}, 1);
    }
  }
  PerCluster(page, clusters, "zkcluster_ballot_published",
             "1 while the ballot in ZooKeeper says what this checker thinks.",
             [](const ClusterDetails& d) { return d.ballot_published ? 1 : 0; });
  PerCluster(page, clusters, "zkcluster_ballot_age_seconds",
             "Since this checker's ballot was last written, which it is when an opinion changes.",
             [](const ClusterDetails& d) { return Seconds(d.ballot_age); });
}

void AddVotes(Page& page, const Clusters& clusters) {
  page.Gauge("zkcluster_quorum_votes", "Votes that a flip needs; told by the leader.");
  PerLed(clusters, [&](const std::string& cluster, const LeaderDetails& led) {
    page.Add({{"cluster", cluster}}, led.quorum);
  });
  page.Gauge("zkcluster_electorate_checkers", "Checkers that may vote; told by the leader.");
  PerLed(clusters, [&](const std::string& cluster, const LeaderDetails& led) {
    page.Add({{"cluster", cluster}}, led.electorate);
  });
  page.Gauge(
      "zkcluster_vote_present",
      "1 while the ballot of a checker of the electorate counts, else 0; told by the leader.");
  PerLed(clusters, [&](const std::string& cluster, const LeaderDetails& led) {
    for (const auto& [voter, present] : led.voters) {
      page.Add({{"cluster", cluster}, {"voter", voter}}, present ? 1 : 0);
    }
  });
  page.Gauge("zkcluster_tally_shards",
             "Shards by the outcome of the last count of votes; told by the leader.");
  static constexpr std::array<std::pair<Outcome, const char*>, 3> kOutcomes = {
      {{Outcome::kAlive, "alive"}, {Outcome::kDead, "dead"}, {Outcome::kNoQuorum, "no_quorum"}}};
  PerLed(clusters, [&](const std::string& cluster, const LeaderDetails& led) {
    for (const auto& [outcome, name] : kOutcomes) {
      page.Add({{"cluster", cluster}, {"outcome", name}},
               Value(led.outcomes[static_cast<std::size_t>(outcome)]));
    }
  });
}

void AddDecisions(Page& page, const Clusters& clusters) {
  page.Gauge("zkcluster_status_shards",
             "Shards by the status that clients obey; told by the leader.");
  PerLed(clusters, [&](const std::string& cluster, const LeaderDetails& led) {
    for (const auto status : {ShardStatus::kAlive, ShardStatus::kDead, ShardStatus::kUnknown}) {
      page.Add({{"cluster", cluster}, {"status", std::string(ShardStatusName(status))}},
               Value(led.statuses[static_cast<std::size_t>(status)]));
    }
  });
  page.Gauge("zkcluster_shard_dead",
             "1 for a shard whose status is dead; told by the leader, the first 100 of a cluster.");
  PerLed(clusters, [&](const std::string& cluster, const LeaderDetails& led) {
    for (const ListedShard& shard : led.dead) {
      page.Add({{"cluster", cluster}, {"shard", shard.name}, {"addr", shard.addr}}, 1);
    }
  });
  page.Gauge(
      "zkcluster_held",
      "1 while nothing is decided, and why (go_checkers, newer_spec, behind_status, paused); told "
      "by the leader.");
  PerLed(clusters, [&](const std::string& cluster, const LeaderDetails& led) {
    const bool held = led.hold != "none";
    if (held) page.Add({{"cluster", cluster}, {"hold", std::string(led.hold)}}, 1);
  });
  page.Counter("zkcluster_flips_total", "Flips of a status that this checker has decided.");
  for (const auto& [cluster, details] : clusters) {
    page.Add({{"cluster", cluster}, {"to", "alive"}}, Value(details.flips_to_alive));
    page.Add({{"cluster", cluster}, {"to", "dead"}}, Value(details.flips_to_dead));
  }
}

// No probe ends with these.
bool EndsProbe(Reason reason) {
  return reason != Reason::kNone && reason < Reason::kMixed;
}

void AddProbes(Page& page, const MonitorFacts& facts) {
  const auto counters_of = [&](const ClusterDetails& details) {
    const auto found = facts.counts.groups.find(details.group);
    return found == facts.counts.groups.end() ? ProbeCounters{} : found->second;
  };
  page.Counter("zkcluster_probes_total", "Probes that have ended, by what came of them.");
  for (const auto& [cluster, details] : facts.clusters) {
    const ProbeCounters counters = counters_of(details);
    page.Add({{"cluster", cluster}, {"result", "alive"}}, Value(counters.succeeded));
    for (int i = 0; i < kReasonCount; ++i) {
      const auto reason = static_cast<Reason>(i);
      if (!EndsProbe(reason)) continue;
      page.Add({{"cluster", cluster}, {"result", std::string(ReasonName(reason))}},
               Value(counters.failed[static_cast<std::size_t>(i)]));
    }
  }
  page.Begin("zkcluster_probe_duration_seconds",
             "How long probes took that found the server alive, connecting included.",
             MetricType::Histogram);
  for (const auto& [cluster, details] : facts.clusters) {
    page.Add({{"cluster", cluster}}, counters_of(details).latency);
  }
}

void AddLoops(Page& page, const MonitorFacts& facts) {
  page.Begin("zkcluster_loop_lag_seconds",
             "How late the regular beats of the main loop and of probe workers were.",
             MetricType::Histogram);
  page.Add({{"loop", "main"}}, facts.main_lag);
  page.Add({{"loop", "worker"}}, facts.counts.lag);
  page.Counter("zkcluster_stalls_total",
               "Times that a loop of this process was stopped or starved.");
  for (const auto& [loop, count] : facts.stalls) page.Add({{"loop", loop}}, Value(count));
  page.Counter("zkcluster_hook_events_total", "Events for on_event, by what came of them.");
  page.Add({{"result", "succeeded"}}, Value(facts.hooks.succeeded));
  page.Add({{"result", "failed"}}, Value(facts.hooks.failed));
  page.Add({{"result", "dropped"}}, Value(facts.hooks.dropped));
}

}  // namespace

std::string FormatMetrics(const MonitorFacts& facts) {
  Page page;
  AddProcess(page, facts);
  AddStanding(page, facts.clusters);
  AddOpinions(page, facts.clusters);
  AddVotes(page, facts.clusters);
  AddDecisions(page, facts.clusters);
  AddProbes(page, facts);
  AddLoops(page, facts);
  return page.Text();
}

}  // namespace zkcluster
