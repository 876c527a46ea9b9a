// A checker's pages over HTTP: /metrics, /status.json, /healthz and /readyz.
#include "checker/monitor/metrics.h"

#include <doctest/doctest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "checker/monitor/status_json.h"

namespace metrics_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

CheckerFacts Facts() {
  CheckerFacts facts;
  facts.session = SessionState::kConnected;
  facts.known = true;
  ClusterFacts& sessions = facts.clusters["sessions"];
  sessions.group = 5;
  sessions.spec_version = 1'795'228'000'000'000;
  sessions.registered = true;
  sessions.leading = true;
  sessions.shards = 6;
  sessions.opinions = {{Opinion::kAlive, 3}, {Opinion::kDead, 2}, {Opinion::kUnknown, 1}};
  sessions.dead = {{"s2", "10.0.0.2:6379", Reason::kTimeout, 0us}};
  sessions.ballot_published = true;
  sessions.ballot_age = 1500ms;
  sessions.leader = "c1";
  sessions.epoch = 41;
  sessions.shadow = true;
  sessions.owed = 2400ms;
  sessions.depositions = 3;
  sessions.flips = {{ShardStatus::kDead, 7}, {ShardStatus::kAlive, 6}};
  LeaderFacts& led = sessions.led.emplace();
  led.epoch = 41;
  led.hold = Hold::kPaused;
  led.frozen = true;
  led.maintained = 4;
  led.status_read = true;
  led.quorum = 2;
  led.electorate = 3;
  led.voters = {{"c1", true}, {"c2", true}, {"c3", false}};
  led.outcomes = {{Outcome::kAlive, 3}, {Outcome::kDead, 2}, {Outcome::kNoQuorum, 1}};
  led.statuses = {{ShardStatus::kAlive, 5}, {ShardStatus::kDead, 1}};
  led.flapping = {{"s3", 7, 16}};
  led.dead = {{"s2", "10.0.0.2:6379", Reason::kTimeout, 1'795'228'044'000'000us}};
  ClusterFacts& other = facts.clusters["other"];
  other.leader = "c2";
  other.ballot_allowed = false;
  return facts;
}

ProcessFacts Process() {
  ProcessFacts process;
  process.id = "c1";
  process.rack = "rack7";
  process.started = 1'795'228'044'224'923us;
  ProbeCounters& counters = process.counts.groups[5];
  counters.succeeded = 1'234'567;
  counters.failed[static_cast<std::size_t>(Reason::kTimeout)] = 9;
  counters.latency.Observe(300us);
  counters.latency.Observe(40ms);
  process.main_lag.Observe(2ms);
  process.stalls = {{"main", 1}, {"worker", 0}};
  process.hooks = {4, 2, 1};
  return process;
}

bool Holds(const std::string& page, const std::string& line) {
  return ("\n" + page).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("metrics: each family has its help, its type and its values") {
  const std::string page = FormatMetrics(Facts(), Process());
  CHECK(page.starts_with("# HELP zkcluster_build_info 1; the version"));
  for (const char* line :
       {"zkcluster_build_info{version=\"" ZKC_VERSION "\"} 1",
        "# TYPE zkcluster_session_state gauge",
        "zkcluster_session_state{state=\"connected\"} 1",
        "zkcluster_session_state{state=\"suspended\"} 0",
        "zkcluster_ready 1",
        "# TYPE zkcluster_leading gauge",
        "zkcluster_leading{cluster=\"sessions\"} 1",
        "zkcluster_leading{cluster=\"other\"} 0",
        "zkcluster_registered{cluster=\"sessions\"} 1",
        "zkcluster_epoch{cluster=\"sessions\"} 41",
        "zkcluster_frozen{cluster=\"sessions\"} 1",
        "zkcluster_paused{cluster=\"sessions\"} 1",
        "zkcluster_paused{cluster=\"other\"} 0",
        "zkcluster_maintenance{cluster=\"sessions\"} 4",
        "zkcluster_shards{cluster=\"sessions\",opinion=\"alive\"} 3",
        "zkcluster_shards{cluster=\"sessions\",opinion=\"dead\"} 2",
        "zkcluster_shards{cluster=\"sessions\",opinion=\"unknown\"} 1",
        "zkcluster_shards{cluster=\"sessions\",opinion=\"not_probed\"} 0",
        "zkcluster_opinion_dead{cluster=\"sessions\",shard=\"s2\",addr=\"10.0.0.2:6379\"} 1",
        "zkcluster_ballot_published{cluster=\"sessions\"} 1",
        "zkcluster_ballot_published{cluster=\"other\"} 0",
        "zkcluster_ballot_age_seconds{cluster=\"sessions\"} 1.5",
        "zkcluster_quorum_votes{cluster=\"sessions\"} 2",
        "zkcluster_electorate_checkers{cluster=\"sessions\"} 3",
        "zkcluster_vote_present{cluster=\"sessions\",voter=\"c2\"} 1",
        "zkcluster_vote_present{cluster=\"sessions\",voter=\"c3\"} 0",
        "zkcluster_tally_shards{cluster=\"sessions\",outcome=\"alive\"} 3",
        "zkcluster_tally_shards{cluster=\"sessions\",outcome=\"no_quorum\"} 1",
        "zkcluster_status_shards{cluster=\"sessions\",status=\"alive\"} 5",
        "zkcluster_status_shards{cluster=\"sessions\",status=\"dead\"} 1",
        "zkcluster_shard_dead{cluster=\"sessions\",shard=\"s2\",addr=\"10.0.0.2:6379\"} 1",
        "zkcluster_shard_flapping{cluster=\"sessions\",shard=\"s3\"} 16",
        "zkcluster_held{cluster=\"sessions\",hold=\"paused\"} 1",
        "# TYPE zkcluster_depositions_total counter",
        "zkcluster_depositions_total{cluster=\"sessions\"} 3",
        "# TYPE zkcluster_flips_total counter",
        "zkcluster_flips_total{cluster=\"sessions\",to=\"dead\"} 7",
        "zkcluster_flips_total{cluster=\"sessions\",to=\"alive\"} 6",
        "# TYPE zkcluster_probes_total counter",
        "zkcluster_probes_total{cluster=\"sessions\",result=\"alive\"} 1234567",
        "zkcluster_probes_total{cluster=\"sessions\",result=\"timeout\"} 9",
        "zkcluster_probes_total{cluster=\"other\",result=\"refused\"} 0",
        "# TYPE zkcluster_probe_duration_seconds histogram",
        "zkcluster_probe_duration_seconds_count{cluster=\"sessions\"} 2",
        "zkcluster_probe_duration_seconds_bucket{cluster=\"sessions\",le=\"0.0002\"} 0",
        "zkcluster_probe_duration_seconds_bucket{cluster=\"sessions\",le=\"0.05\"} 2",
        "zkcluster_probe_duration_seconds_bucket{cluster=\"sessions\",le=\"+Inf\"} 2",
        "zkcluster_loop_lag_seconds_count{loop=\"main\"} 1",
        "zkcluster_loop_lag_seconds_count{loop=\"worker\"} 0",
        "# TYPE zkcluster_stalls_total counter",
        "zkcluster_stalls_total{loop=\"main\"} 1",
        "zkcluster_stalls_total{loop=\"worker\"} 0",
        "zkcluster_hook_events_total{result=\"failed\"} 2"}) {
    CHECK_MESSAGE(Holds(page, line), line << " is not in\n" << page);
  }
  CHECK(page.find("mixed") == std::string::npos);
  CHECK(page.find("cluster=\"other\",voter") == std::string::npos);  // it does not lead that
  CHECK(page.back() == '\n');
}

TEST_CASE("metrics: no cluster, and a name that needs care") {
  CheckerFacts facts = Facts();
  facts.clusters.clear();
  CHECK(FormatMetrics(facts, Process()).find("zkcluster_leading") == std::string::npos);
  facts.clusters["a\"b\\c"];
  CHECK(Holds(FormatMetrics(facts, Process()), "zkcluster_leading{cluster=\"a\\\"b\\\\c\"} 0"));
}

TEST_CASE("status.json: this checker, and what it knows about each cluster") {
  const std::string text = FormatStatusJson(Facts(), Process());
  const auto json = nlohmann::json::parse(text);
  CHECK(json["id"] == "c1");
  CHECK(json["rack"] == "rack7");
  CHECK(json["version"] == ZKC_VERSION);
  CHECK(json["started"] == 1'795'228'044'224'923);
  CHECK(json["session"] == "connected");
  CHECK(json["ready"] == true);
  const auto& sessions = json["clusters"]["sessions"];
  CHECK(sessions["leader"] == "c1");
  CHECK(sessions["epoch"] == 41);
  CHECK(sessions["opinions"] ==
        nlohmann::json({{"alive", 3}, {"dead", 2}, {"unknown", 1}, {"not_probed", 0}}));
  CHECK(
      sessions["dead"] ==
      nlohmann::json::array({{{"shard", "s2"}, {"addr", "10.0.0.2:6379"}, {"reason", "timeout"}}}));
  CHECK(sessions["maintained"] == 4);
  CHECK(sessions["ballot"] == nlohmann::json({{"published", true}, {"age_ms", 1500}}));
  CHECK(sessions["shadow"] == true);
  CHECK(sessions["owed_ms"] == 2400);
  CHECK(sessions["depositions"] == 3);
  CHECK(sessions["flips"] == nlohmann::json({{"dead", 7}, {"alive", 6}}));
  CHECK(sessions["probes"] == nlohmann::json({{"alive", 1'234'567}, {"timeout", 9}}));
  CHECK(sessions["probe_us"]["count"] == 2);
  const auto& led = sessions["led"];
  CHECK(led["hold"] == "paused");
  CHECK(led["quorum"] == 2);
  CHECK(led["flapping"] ==
        nlohmann::json::array({{{"shard", "s3"}, {"deaths", 7}, {"good_probes", 16}}}));
  CHECK(led["votes"] == nlohmann::json({{"c1", true}, {"c2", true}, {"c3", false}}));
  CHECK(led["outcomes"] == nlohmann::json({{"alive", 3}, {"dead", 2}, {"no_quorum", 1}}));
  CHECK(led["statuses"] == nlohmann::json({{"alive", 5}, {"dead", 1}, {"unknown", 0}}));
  CHECK(led["dead"][0]["since"] == 1'795'228'044'000'000);
  CHECK_FALSE(json["clusters"]["other"].contains("led"));
  CHECK(json["stalls"] == nlohmann::json({{"main", 1}, {"worker", 0}}));
  CHECK(json["hook"] == nlohmann::json({{"succeeded", 4}, {"failed", 2}, {"dropped", 1}}));
  CHECK(json["loop_lag_us"]["main"]["count"] == 1);
  CHECK(text.ends_with("}\n"));
}

TEST_CASE("healthz: the daemon is healthy while its workers answer, independently of ZooKeeper") {
  CHECK(JudgeHealth(9s).good);
  CHECK_FALSE(JudgeHealth(12'300ms).good);
  CHECK(JudgeHealth(12'300ms).text == "the probe workers have not answered for 12 s\n");
}

TEST_CASE("status.json and metrics: a leader that has not read the status has decided nothing") {
  CheckerFacts facts = Facts();
  facts.clusters["sessions"].led->status_read = false;
  const auto json = nlohmann::json::parse(FormatStatusJson(facts, Process()));
  CHECK(json["clusters"]["sessions"]["leading"] == true);
  CHECK_FALSE(json["clusters"]["sessions"].contains("led"));
  CHECK(FormatMetrics(facts, Process()).find("zkcluster_quorum_votes") == std::string::npos);
}

TEST_CASE("readyz: ready while nothing is missing; else it lists what is") {
  CheckerFacts facts{.session = SessionState::kConnected, .known = true};
  CHECK(JudgeReadiness(facts).good);
  facts.clusters["fine"].ballot_published = true;
  facts.clusters["refused"].ballot_allowed = false;
  CHECK(JudgeReadiness(facts).good);
  facts.clusters["other"];
  facts.session = SessionState::kSuspended;
  CHECK_FALSE(JudgeReadiness(facts).good);
  facts.known = false;
  const Verdict verdict = JudgeReadiness(facts);
  CHECK_FALSE(verdict.good);
  CHECK(verdict.text == "not ready: session suspended; ballot missing or old in other, refused\n");
  CHECK(JudgeReadiness({}).text == "not ready: session connecting\n");
}

}  // namespace metrics_test
