#include "checker/config/reload.h"

#include <doctest/doctest.h>

#include "checker/service/log_switch.h"

namespace reload_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

CheckerConfig Running() {
  CheckerConfig config;
  config.id = "c1";
  config.rack = "r1";
  config.zookeeper.servers = {"zk1:2181"};
  config.clusters = {"a", "b"};
  return config;
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("reload: an equal file changes nothing, even in another order") {
  CheckerConfig wanted = Running();
  wanted.clusters = {"b", "a"};
  const ReloadPlan plan = PlanReload(Running(), wanted);
  CHECK(plan.changed.empty());
  CHECK(plan.needs_restart.empty());
  CHECK(plan.config == wanted);
}

TEST_CASE("reload: each key that is taken over is named, and no other") {
  const std::vector<std::pair<const char*, void (*)(CheckerConfig&)>> rows = {
      {"clusters", [](CheckerConfig& c) { c.clusters = {"a"}; }},
      {"clusters", [](CheckerConfig& c) { c.all_clusters = true; }},
      {"probe", [](CheckerConfig& c) { c.probe.interval = 5s; }},
      {"redis", [](CheckerConfig& c) { c.redis.user = "u"; }},
      {"redis", [](CheckerConfig& c) { c.redis_by_cluster["a"] = {}; }},
      {"redis", [](CheckerConfig& c) { c.redis.tls.emplace(); }},
      {"log.level", [](CheckerConfig& c) { c.log.level = LogLevel::kDebug; }},
      {"log.format", [](CheckerConfig& c) { c.log.format = LogFormat::kJson; }},
      {"log.file", [](CheckerConfig& c) { c.log.file = "/x"; }},
      {"metrics",
       [](CheckerConfig& c) {
         c.metrics = Address{"127.0.0.1", 1};
       }},
      {"on_event", [](CheckerConfig& c) { c.on_event = "/bin/true"; }},
  };
  for (const auto& row : rows) {
    const std::string key = row.first;
    CAPTURE(key);
    CheckerConfig wanted = Running();
    row.second(wanted);
    const ReloadPlan plan = PlanReload(Running(), wanted);
    CHECK(plan.changed == Keys{key});
    CHECK(plan.needs_restart.empty());
    CHECK(plan.config == wanted);
  }
}

TEST_CASE("reload: what needs a restart stays as it was, and the rest is taken over") {
  const std::vector<std::pair<const char*, void (*)(CheckerConfig&)>> rows = {
      {"id", [](CheckerConfig& c) { c.id = "c2"; }},
      {"rack", [](CheckerConfig& c) { c.rack = "r2"; }},
      {"zookeeper.servers", [](CheckerConfig& c) { c.zookeeper.servers = {"zk2:2181"}; }},
      {"zookeeper.session_timeout", [](CheckerConfig& c) { c.zookeeper.session_timeout = 1s; }},
      {"zookeeper.root", [](CheckerConfig& c) { c.zookeeper.root = "/x"; }},
      {"zookeeper.access", [](CheckerConfig& c) { c.zookeeper.access_file = "/x"; }},
      {"zookeeper.acl", [](CheckerConfig& c) { c.zookeeper.restricted = true; }},
      {"probe.workers", [](CheckerConfig& c) { c.workers = 7; }},
  };
  CheckerConfig all = Running();
  all.log.level = LogLevel::kWarn;
  Keys keys;
  for (const auto& row : rows) {
    const std::string key = row.first;
    CAPTURE(key);
    CheckerConfig wanted = Running();
    row.second(wanted);
    row.second(all);
    keys.push_back(key);
    const ReloadPlan plan = PlanReload(Running(), wanted);
    CHECK(plan.changed.empty());
    CHECK(plan.needs_restart == Keys{key});
    CHECK(plan.config == Running());
  }
  const ReloadPlan plan = PlanReload(Running(), all);
  CHECK(plan.needs_restart == keys);
  CHECK(plan.changed == Keys{"log.level"});
  CHECK(plan.config.log.level == LogLevel::kWarn);
  CHECK(plan.config.id == "c1");
}

TEST_CASE("reload: holders of the log write to the new one") {
  std::vector<std::string> before;
  std::vector<std::string> after;
  const auto into = [](std::vector<std::string>& lines) {
    return NewSinkLogger(LogLevel::kInfo,
                         [&](LogLevel, const std::string& line) { lines.push_back(line); });
  };
  LogSwitch log(into(before));
  Logger& held = log;
  held.Info("one", {});
  log.Replace(into(after));
  held.Info("two", {});
  CHECK(before == Keys{"level=info event=one"});
  CHECK(after == Keys{"level=info event=two"});
}

}  // namespace reload_test
