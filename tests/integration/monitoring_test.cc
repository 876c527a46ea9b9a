// packaging/monitoring with the real thing: a Prometheus that scrapes three checkers, loads our
// rules and is asked which shard is down; a command for on_event; and our patterns for log scrapers
// on what these checkers logged.
#include <sys/stat.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "tests/support/http.h"
#include "tests/support/site.h"

namespace zkcluster::integration::monitoring_test {
namespace {

using std::chrono::seconds;

class Prometheus final : public sandbox::PrivateServer {
 public:
  explicit Prometheus(std::vector<std::uint16_t> targets)
      : PrivateServer("prometheus", {}, 0), targets_(std::move(targets)) {
    Start();
  }

  // The samples of an instant query.
  [[nodiscard]] nlohmann::json Query(const std::string& expression) const {
    std::string encoded;
    for (const char c : expression) {
      const auto byte = static_cast<unsigned char>(c);
      char hex[4];
      std::snprintf(hex, sizeof hex, "%%%02X", byte);
      encoded += hex;
    }
    // In one piece: HTTP/1.0 knows no chunks.
    const std::string body =
        BodyOf(Talk(port(), "GET /api/v1/query?query=" + encoded + " HTTP/1.0\r\n\r\n"));
    const auto json = nlohmann::json::parse(body, nullptr, false);
    REQUIRE_MESSAGE((json.is_object() && json["status"] == "success"), expression << ": " << body);
    return json["data"]["result"];
  }
  // Of one sample; "" for none, or several.
  [[nodiscard]] std::string Value(const std::string& expression) const {
    const auto result = Query(expression);
    return result.size() == 1 ? result[0]["value"][1].get<std::string>() : "";
  }
  [[nodiscard]] std::string Page(const std::string& path) const {
    return BodyOf(Talk(port(), "GET " + path + " HTTP/1.0\r\n\r\n"));
  }

 private:
  std::string WhyNot() const override {
    return sandbox::FindProgram("prometheus").empty() ? "prometheus is not installed" : "";
  }
  sandbox::SpawnOptions Prepare() override {
    std::string targets;
    for (const auto target : targets_) targets += "'127.0.0.1:" + std::to_string(target) + "', ";
    sandbox::WriteFile(folder() / "prometheus.yml",
                       "global: {scrape_interval: 250ms, evaluation_interval: 1s}\n"
                       "rule_files: ['" ZKC_MONITORING
                       "/alerts.yml']\n"
                       "scrape_configs:\n"
                       "  - {job_name: zkcluster, static_configs: [{targets: [" +
                           targets + "]}]}\n");
    return {.command = {"prometheus", "--config.file", (folder() / "prometheus.yml").string(),
                        "--storage.tsdb.path", (folder() / "data").string(), "--web.listen-address",
                        address()},
            .output = log()};
  }
  bool Answers() override {
    return Talk(port(), "GET /-/ready HTTP/1.0\r\n\r\n").find(" 200 OK") != std::string::npos;
  }

  const std::vector<std::uint16_t> targets_;
};

// Runs a command to its end.
Ran RunCommand(const std::vector<std::string>& command) {
  const sandbox::TempFolder folder;
  const auto output = folder.path() / "output";
  sandbox::ChildProcess process({.command = command, .environment = {}, .output = output});
  const auto status = process.Wait(seconds(60));
  REQUIRE(status);
  return {*status, sandbox::ReadFile(output)};
}

// Appends what it receives to a file beside it.
struct Hook {
  Hook() {
    sandbox::WriteFile(folder.path() / "hook", "#!/bin/sh\ncat >>$(dirname $0)/received\n");
    REQUIRE(::chmod((folder.path() / "hook").c_str(), 0755) == 0);
  }
  [[nodiscard]] std::string path() const { return folder.path() / "hook"; }
  // How many events with all of `parts` it received.
  [[nodiscard]] int Received(const std::vector<std::string>& parts) const {
    std::istringstream lines(sandbox::ReadFile(folder.path() / "received"));
    int count = 0;
    for (std::string line; std::getline(lines, line);) {
      count += std::all_of(parts.begin(), parts.end(),
                           [&](const auto& part) { return line.find(part) != std::string::npos; })
                   ? 1
                   : 0;
    }
    return count;
  }
  sandbox::TempFolder folder;
};

TEST_CASE("monitoring: a real Prometheus is asked which shard is down") {
  if (sandbox::FindProgram("prometheus").empty()) {
    MESSAGE("prometheus is not installed: nothing was tested");
    return;
  }
  Site site;
  const Hook hook;
  site.AddRedis(3);
  std::vector<std::uint16_t> ports;
  for (const char* id : {"c1", "c2", "c3"}) {
    ports.push_back(sandbox::FreePort());
    auto options = site.CheckerDefaults(id);
    options.more = "metrics: {listen: \"127.0.0.1:" + std::to_string(ports.back()) + "\"}\n" +
                   "on_event: " + hook.path() + "\n";
    site.AddChecker(options);
  }
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "AAA") == "AAA");
  const Prometheus prometheus(ports);
  const auto reads = [&](const std::string& expression, const std::string& value) {
    return site.direct.Await([&] { return prometheus.Value(expression) == value; });
  };
  CHECK(reads("sum(up{job=\"zkcluster\"})", "3"));
  CHECK(reads("sum(zkcluster_leading{cluster=\"sessions\"})", "1"));
  CHECK(reads("sum(zkcluster_ready)", "3"));
  CHECK(reads("sum(zkcluster_vote_present{cluster=\"sessions\"})", "3"));
  CHECK(prometheus.Query("zkcluster_shard_dead == 1").empty());

  site.redis[1]->Kill();
  REQUIRE(
      site.direct.Await([&] { return !prometheus.Query("zkcluster_shard_dead == 1").empty(); }));
  const auto dead = prometheus.Query("zkcluster_shard_dead == 1");
  MESSAGE("asked which shard is dead, Prometheus says: " << dead.dump());
  REQUIRE(dead.size() == 1);
  CHECK(dead[0]["metric"]["cluster"] == "sessions");
  CHECK(dead[0]["metric"]["shard"] == "s2");
  CHECK(dead[0]["metric"]["addr"] == site.redis[1]->address());
  CHECK(reads("count(zkcluster_opinion_dead{shard=\"s2\"})", "3"));
  CHECK(reads("max(zkcluster_status_shards{status=\"dead\"})", "1"));
  CHECK(reads("sum(zkcluster_flips_total{to=\"dead\"})", "1"));
  CHECK(reads("sum(zkcluster_probes_total{result=\"refused\"}) > bool 3", "1"));
  CHECK(
      reads("histogram_quantile(0.99, sum by (le) (zkcluster_probe_duration_seconds_bucket)) "
            "> bool 0",
            "1"));
  // Our rules are loaded, and one of them has begun to wait for its minute.
  CHECK(reads("ALERTS{alertname=\"ZkclusterShardDead\"}", "1"));
  CHECK(prometheus.Query("ALERTS{alertname=\"ZkclusterShardDead\"}")[0]["metric"]["shard"] == "s2");
  const std::string rules = prometheus.Page("/api/v1/rules");
  CHECK(rules.find("\"health\":\"err\"") == std::string::npos);

  CHECK(site.direct.Await([&] {
    return hook.Received({"\"kind\":\"flips\"", "\"to\":\"dead\""}) == 1;
  }));
  CHECK(hook.Received({"\"kind\":\"leader\"", "\"cluster\":\"sessions\""}) == 1);
  CHECK(hook.Received({"\"shard\":\"s2\"", "\"reason\":\"refused\"", "\"to\":\"dead\""}) == 1);

  const sandbox::TempFolder folder;
  sandbox::WriteFile(folder.path() / "page", BodyOf(Get(ports[0], "/metrics")));
  const Ran checked =
      RunCommand({"sh", "-c", "promtool check metrics <" + (folder.path() / "page").string()});
  CHECK_MESSAGE(checked.status.code == 0, checked.output);

  std::vector<std::string> command = {
      "env",     "ZKC_PATTERNS=ZKC_LINE ZKC_OPINION ZKC_FLIP promtail",
      "python3", ZKC_CHECK,
      ZKC_TOP,   "patterns"};
  for (const auto& checker : site.checkers) command.push_back(checker->log().string());
  const Ran patterns = RunCommand(command);
  CHECK_MESSAGE(patterns.status.code == 0, patterns.output);
}

TEST_CASE("hooks: one that hangs keeps no status from flipping, and ends with the checker") {
  Site site;
  const sandbox::TempFolder folder;
  sandbox::WriteFile(folder.path() / "hang",
                     "#!/bin/sh\necho $$ >$(dirname $0)/pid\nexec sleep 1000\n");
  REQUIRE(::chmod((folder.path() / "hang").c_str(), 0755) == 0);
  site.AddRedis(2);
  auto options = site.CheckerDefaults("c1");
  options.more = "on_event: " + (folder.path() / "hang").string() + "\n";
  auto& checker = site.AddChecker(options);
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
  std::string pid;
  REQUIRE(sandbox::WaitUntil(
      [&] { return (pid = sandbox::ReadFile(folder.path() / "pid")).ends_with('\n'); }, kLimit));
  pid.pop_back();
  site.redis[0]->Kill();
  CHECK(site.AwaitStatus("sessions", "DA") == "DA");
  const auto command_line = [&] { return sandbox::ReadFile("/proc/" + pid + "/cmdline"); };
  CHECK_FALSE(command_line().empty());
  CHECK(checker.Stop().code == 0);
  CHECK(sandbox::WaitUntil([&] { return command_line().empty(); }, kLimit));
}

TEST_CASE("hooks: a command that cannot be run is refused at the start") {
  const sandbox::TempFolder folder;
  const std::string file = folder.path() / "checker.yaml";
  sandbox::WriteFile(file,
                     "zookeeper: {servers: [127.0.0.1:1]}\nclusters: all\nid: c1\n"
                     "on_event: /no/such/hook\n");
  const Ran ran = RunChecker({"--config", file});
  CHECK(ran.status.code == 78);
  CHECK(ran.output.find("on_event: /no/such/hook: No such file or directory") != std::string::npos);
}

}  // namespace
}  // namespace zkcluster::integration::monitoring_test
