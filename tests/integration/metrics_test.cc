// The pages of real checkers, over HTTP: /metrics, /status.json, /healthz, /readyz.
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/http.h"
#include "tests/support/site.h"

namespace zkcluster::integration::metrics_test {
namespace {

using std::chrono::seconds;

// By name and labels: `zkcluster_leading{cluster="sessions"}`.
std::map<std::string, double> Scrape(std::uint16_t port) {
  const std::string answer = Get(port, "/metrics");
  std::map<std::string, double> values;
  std::istringstream lines(BodyOf(answer));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.rfind(' ');
    if (line.starts_with('#') || space == std::string::npos) continue;
    values[line.substr(0, space)] = std::stod(line.substr(space + 1));
  }
  return values;
}

sandbox::CheckerOptions Measured(const Site& site, const std::string& id, std::uint16_t port) {
  auto options = site.CheckerDefaults(id);
  options.more = "metrics: {listen: \"127.0.0.1:" + std::to_string(port) + "\"}\n";
  return options;
}

TEST_CASE("metrics: a scrape has opinions, probes, pause, freeze and stalls") {
  Site site;
  const std::uint16_t port = sandbox::FreePort();
  site.AddRedis(3);
  auto& checker = site.AddChecker(Measured(site, "c1", port));
  ClusterSpec spec = site.SpecOf("sessions");
  spec.max_dead_fraction = 0.4;
  site.Create(spec);
  REQUIRE(site.AwaitStatus("sessions", "AAA") == "AAA");
  const auto reads = [&](const std::string& key, double value) {
    return site.direct.Await([&] { return Scrape(port)[key] == value; });
  };
  CHECK(reads("zkcluster_shards{cluster=\"sessions\",opinion=\"alive\"}", 3));
  auto values = Scrape(port);
  CHECK(values["zkcluster_session_state{state=\"connected\"}"] == 1);
  CHECK(values["zkcluster_leading{cluster=\"sessions\"}"] == 1);
  CHECK(values["zkcluster_frozen{cluster=\"sessions\"}"] == 0);
  CHECK(values["zkcluster_paused{cluster=\"sessions\"}"] == 0);
  REQUIRE(values.contains("zkcluster_shards{cluster=\"sessions\",opinion=\"not_probed\"}"));
  CHECK(site.direct.Await([&] {
    return Scrape(port)["zkcluster_probes_total{cluster=\"sessions\",result=\"alive\"}"] > 3;
  }));

  for (std::size_t i = 0; i < 2; ++i) site.redis[i]->Kill();
  CHECK(reads("zkcluster_frozen{cluster=\"sessions\"}", 1));
  CHECK(reads("zkcluster_shards{cluster=\"sessions\",opinion=\"dead\"}", 2));
  CHECK(site.direct.Await([&] {
    return Scrape(port)["zkcluster_probes_total{cluster=\"sessions\",result=\"refused\"}"] > 0;
  }));
  REQUIRE(site.manager->Pause("sessions", {seconds(0), "test@here", "to be measured"}));
  CHECK(reads("zkcluster_paused{cluster=\"sessions\"}", 1));
  REQUIRE(site.manager->Resume("sessions", "test@here"));
  CHECK(reads("zkcluster_paused{cluster=\"sessions\"}", 0));
  REQUIRE(site.manager->Delete("sessions"));
  CHECK(site.direct.Await(
      [&] { return !Scrape(port).contains("zkcluster_leading{cluster=\"sessions\"}"); }));

  // Stopped for longer than a stall, as a starved process is.
  checker.Pause();
  site.direct.Pump(seconds(1));
  checker.Resume();
  CHECK(site.direct.Await(
      [&] { return Scrape(port)["zkcluster_stalls_total{loop=\"main\"}"] >= 1; }));
}

TEST_CASE("metrics: all other requests are refused, and the daemon goes on") {
  Site site;
  const std::uint16_t port = sandbox::FreePort();
  auto& checker = site.AddChecker(Measured(site, "c1", port));
  CHECK(Get(port, "/metrics").starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(Get(port, "/metrics").find("Content-Type: text/plain; version=0.0.4") != std::string::npos);
  CHECK(Get(port, "/").starts_with("HTTP/1.1 404 "));
  CHECK(Get(port, "/metrics/x").starts_with("HTTP/1.1 404 "));
  for (const std::string& bad :
       {std::string("DELETE /metrics HTTP/1.1\r\nConnection: close\r\n\r\n"),
        std::string("HEAD /metrics HTTP/1.1\r\nConnection: close\r\n\r\n"),
        std::string("hello\r\n\r\n"), std::string(64, '\0') + "\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n"}) {
    CHECK_FALSE(Talk(port, bad).starts_with("HTTP/1.1 200"));
  }
  CHECK(Scrape(port)["zkcluster_session_state{state=\"connected\"}"] == 1);
  CHECK(checker.running());
}

TEST_CASE("status, health and readiness: reported as they are, also without ZooKeeper") {
  Site site;
  const std::uint16_t port = sandbox::FreePort();
  site.AddRedis(2);
  auto& checker = site.AddChecker(Measured(site, "c1", port));
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
  const auto status = [&] { return nlohmann::json::parse(BodyOf(Get(port, "/status.json"))); };
  CHECK(site.direct.Await([&] { return Get(port, "/readyz").starts_with("HTTP/1.1 200 OK\r\n"); }));
  CHECK(Get(port, "/healthz").starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(status()["clusters"]["sessions"]["leader"] == "c1");
  CHECK(status()["clusters"]["sessions"]["led"]["votes"]["c1"] == true);
  site.redis[1]->Kill();
  CHECK(site.direct.Await([&] {
    const auto led = status()["clusters"]["sessions"]["led"];
    return led["dead"].size() == 1 && led["dead"][0]["shard"] == "s2";
  }));
  site.zookeeper.Pause();
  CHECK(sandbox::WaitUntil(
      [&] { return Get(port, "/readyz").starts_with("HTTP/1.1 503 Service Unavailable\r\n"); },
      kLimit));
  CHECK(Get(port, "/healthz").starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(status()["session"] != "connected");
  site.zookeeper.Resume();
  CHECK(site.direct.Await([&] { return Get(port, "/readyz").starts_with("HTTP/1.1 200 OK\r\n"); }));
  CHECK(checker.running());
}

TEST_CASE("metrics: a port that is taken is logged, and bound when it is free") {
  Site site;
  const std::uint16_t port = sandbox::FreePort();
  site.AddRedis(1);
  auto& first = site.AddChecker(Measured(site, "c1", port));
  auto& second = site.AddChecker(Measured(site, "c2", port));
  CHECK(second.AwaitLog({"event=metrics.unavailable", "Address already in use"}, kLimit));
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitVoters("sessions", "c1,c2") == "c1,c2");  // it does not disturb the rest
  CHECK(first.Stop().code == 0);
  CHECK(second.AwaitLog({"event=metrics.listening"}, kLimit));
  CHECK(Scrape(port).contains("zkcluster_leading{cluster=\"sessions\"}"));
}

}  // namespace
}  // namespace zkcluster::integration::metrics_test
