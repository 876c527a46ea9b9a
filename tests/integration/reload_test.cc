// SIGHUP, and the messages to the service manager: real checkers, ZooKeeper and Redis.
#include <signal.h>

#include <filesystem>
#include <sstream>

#include "tests/fakes/notify_socket.h"
#include "tests/support/site.h"

namespace zkcluster::integration::reload_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The ids of the connections that ping this server.
std::set<std::string> Connections(sandbox::RedisServer& server) {
  std::set<std::string> ids;
  std::istringstream lines(server.Command({"CLIENT", "LIST"}));
  for (std::string line; std::getline(lines, line);) {
    if (line.find("cmd=ping") != std::string::npos) ids.insert(line.substr(0, line.find(' ')));
  }
  return ids;
}

// Changes the file and sends SIGHUP. REQUIRES: it contains `from`.
void Change(sandbox::CheckerProcess& checker, const std::string& from, const std::string& to) {
  std::string text = sandbox::ReadFile(checker.config());
  const std::size_t at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, text);
  sandbox::WriteFile(checker.config(), text.replace(at, from.size(), to));
  REQUIRE(::kill(checker.pid(), SIGHUP) == 0);
}

// Waits until this many lines have all of `parts`.
void AwaitLines(Site& site, sandbox::CheckerProcess& checker, const std::vector<std::string>& parts,
                std::size_t count) {
  const bool there = site.direct.Await([&] { return checker.CountLog(parts) >= count; });
  CAPTURE(parts.front());
  if (!there) site.PrintLogs();
  REQUIRE(there);
  CHECK(checker.CountLog(parts) == count);
}

ClusterSpec OneShard(const Site& site, const std::string& name, std::size_t server) {
  ClusterSpec spec = site.SpecOf(name, {site.redis[server]->address()});
  spec.checkers = 1;
  return spec;
}

TEST_CASE("reload: a bad file is logged with its place, and changes nothing") {
  Site site;
  site.AddRedis(1);
  site.Create(OneShard(site, "a", 0));
  auto& checker = site.AddChecker("c1");
  REQUIRE(site.AwaitStatus("a", "A") == "A");
  const auto connections = Connections(*site.redis[0]);
  CHECK(connections.size() == 1);
  const std::string good = sandbox::ReadFile(checker.config());
  Change(checker, "clusters: all", "clusters: [b]\nprobe: {interval: soon}");
  AwaitLines(site, checker, {"event=reload.refused", "checker.yaml:8:19: probe.interval"}, 1);
  // Sound in itself, but a password that cannot be read.
  sandbox::WriteFile(checker.config(), good);
  Change(checker, "clusters: all", "clusters: [b]\nredis: {password_file: /nowhere/password}");
  AwaitLines(site, checker, {"event=reload.refused", "/nowhere/password"}, 1);
  sandbox::WriteFile(checker.config(), good);
  Change(checker, "format: logfmt", "format: logfmt, file: /dev/null/log");
  AwaitLines(site, checker, {"event=reload.refused", "/dev/null/log"}, 1);
  std::filesystem::remove(checker.config());
  REQUIRE(::kill(checker.pid(), SIGHUP) == 0);
  AwaitLines(site, checker, {"event=reload.refused", "checker.yaml: No such file"}, 1);

  CHECK(checker.CountLog({"event=reload.done"}) == 0);
  CHECK(checker.CountLog({"event=cluster.left"}) == 0);
  CHECK(Connections(*site.redis[0]) == connections);
  site.redis[0]->Kill();
  CHECK(site.AwaitStatus("a", "D") == "D");
}

TEST_CASE("reload: one cluster is joined, one is left, and the third does not notice") {
  Site site;
  site.AddRedis(3);
  for (std::size_t i = 0; i < 3; ++i) {
    ClusterSpec spec = OneShard(site, std::string(1, static_cast<char>('a' + i)), i);
    spec.checkers = 2;
    site.Create(spec);
  }
  for (const char* id : {"c1", "c2"}) {
    auto options = site.CheckerDefaults(id);
    options.session_timeout = "50s";  // leftovers would remain for longer than any wait
    options.clusters = {"a", "b"};
    site.AddChecker(options);
  }
  REQUIRE(site.AwaitStatus("a", "A") == "A");
  REQUIRE(site.AwaitStatus("b", "A") == "A");
  auto& checker = *site.checkers[0];
  const auto before = Connections(*site.redis[1]);
  CHECK(before.size() == 2);
  const auto ballot = site.direct.Get(site.Paths("b").vote("c1"));
  REQUIRE(ballot);

  Change(checker, "- \"a\"", "- \"c\"");
  AwaitLines(site, checker, {"event=reload.done", "changed=clusters"}, 1);
  CHECK(site.AwaitVoters("a", "c2") == "c2");
  CHECK(site.Candidates("a") == "c2");
  CHECK(site.AwaitVoters("c", "c1") == "c1");
  CHECK(site.direct.Await([&] { return Connections(*site.redis[0]).size() == 1; }));

  CHECK(Connections(*site.redis[1]) == before);
  const auto after = site.direct.Get(site.Paths("b").vote("c1"));
  REQUIRE(after);
  CHECK(*after == *ballot);
  // c1's vote in b still counts: both votes are needed.
  site.redis[1]->Kill();
  CHECK(site.AwaitStatus("b", "D") == "D");
}

TEST_CASE("reload: what cannot change while it runs is named, and the rest is taken over") {
  Site site;
  auto& checker = site.AddChecker("c1");
  Change(checker, "id: \"c1\"", "id: \"c9\"");
  AwaitLines(site, checker, {"level=warn", "event=reload.needs_restart", "keys=id"}, 1);
  Change(checker, "level: info", "level: debug");
  AwaitLines(site, checker, {"event=reload.done", "changed=log.level"}, 1);
}

TEST_CASE(
    "reload: the log level changes at once, and a log file that was moved away is created again") {
  Site site;
  site.AddRedis(1);
  site.Create(OneShard(site, "a", 0));
  const sandbox::TempFolder folder("zkc-log");
  auto options = site.CheckerDefaults("c1");
  options.log_file = (folder.path() / "checker.log").string();
  auto& checker = site.AddChecker(options);
  REQUIRE(site.AwaitStatus("a", "A") == "A");
  const auto moved = folder.path() / "checker.log.1";
  std::filesystem::rename(options.log_file, moved);
  Change(checker, "level: info", "level: error");
  CHECK(site.direct.Await([&] { return std::filesystem::exists(options.log_file); }));
  Change(checker, "level: error", "level: debug");
  AwaitLines(site, checker, {"event=reload.done"}, 1);  // not the first
  CHECK(sandbox::ReadFile(moved).find("event=checker.ready") != std::string::npos);
  CHECK(sandbox::ReadFile(moved).find("event=reload") == std::string::npos);
  site.redis[0]->Kill();
  REQUIRE(site.AwaitStatus("a", "D") == "D");
  site.redis[0]->Start();
  REQUIRE(site.AwaitStatus("a", "A") == "A");
  CHECK(checker.AwaitLog({"event=opinion.alive"}, kLimit));
}

TEST_CASE("reload: a log that was moved away is made again, even if the file is bad") {
  Site site;
  const sandbox::TempFolder folder("zkc-log");
  auto options = site.CheckerDefaults("c1");
  options.log_file = (folder.path() / "checker.log").string();
  auto& checker = site.AddChecker(options);
  const auto moved = folder.path() / "checker.log.1";
  std::filesystem::rename(options.log_file, moved);
  Change(checker, "level: info", "level: loud");
  CHECK(site.direct.Await([&] { return checker.CountLog({"event=reload.refused"}) == 1; }));
  CHECK(sandbox::ReadFile(moved).find("event=reload") == std::string::npos);
}

TEST_CASE("reload: a changed password reconnects its own cluster, and no other") {
  Site site;
  site.AddRedis(2);
  for (auto& server : site.redis)
    server->Command({"ACL", "SETUSER", "health", "on", ">one", "+@all"});
  site.Create(OneShard(site, "a", 0));
  site.Create(OneShard(site, "b", 1));
  const sandbox::TempFolder folder("zkc-password");
  const std::string file = (folder.path() / "password").string();
  const std::string same = (folder.path() / "same").string();
  sandbox::WriteFile(file, "one\n");
  sandbox::WriteFile(same, "one\n");
  auto options = site.CheckerDefaults("c1");
  options.more = "redis: {user: health, password_file: " + same +
                 ", clusters: {a: {user: health, password_file: " + file + "}}}\n";
  auto& checker = site.AddChecker(options);
  REQUIRE(site.AwaitStatus("a", "A") == "A");
  REQUIRE(site.AwaitStatus("b", "A") == "A");
  const auto a = Connections(*site.redis[0]);
  const auto b = Connections(*site.redis[1]);
  site.redis[0]->Command({"ACL", "SETUSER", "health", "<one", ">two"});
  sandbox::WriteFile(file, "two\n");
  REQUIRE(::kill(checker.pid(), SIGHUP) == 0);
  AwaitLines(site, checker, {"event=reload.done"}, 1);
  CHECK(site.direct.Await([&] {
    const auto now = Connections(*site.redis[0]);
    return now.size() == 1 && now != a;
  }));
  CHECK(Connections(*site.redis[1]) == b);
  CHECK(checker.CountLog({"event=probe.alarm"}) == 0);
  CHECK(checker.CountLog({"two"}) == 0);
  CHECK(site.Statuses("a") == "A");
}

// What the service manager received, in order.
struct Ear {
  Site& site;
  NotifySocket socket = {};
  std::vector<std::string> heard = {};

  std::size_t Count(const std::string& part) {
    for (std::string lines; !(lines = socket.Receive()).empty();) heard.push_back(lines);
    return static_cast<std::size_t>(std::count_if(
        heard.begin(), heard.end(),
        [&](const std::string& lines) { return lines.find(part) != std::string::npos; }));
  }
  bool Hears(const std::string& part, std::size_t count = 1) {
    return site.direct.Await([&] { return Count(part) >= count; });
  }
};

TEST_CASE("service manager: ready, status, watchdog, reload and the end") {
  Site site;
  site.AddRedis(2);
  ClusterSpec spec = site.SpecOf("a");
  spec.checkers = 1;
  site.Create(spec);
  Ear ear{site};
  auto options = site.CheckerDefaults("c1");
  options.clusters = {"a", "later"};  // the second does not exist, and holds nothing back
  options.environment = {{"NOTIFY_SOCKET", ear.socket.path()}, {"WATCHDOG_USEC", "1000000"}};
  auto& checker = site.AddChecker(options);
  CHECK(ear.Hears("READY=1"));
  // Registration and ballot exist when it reports ready.
  CHECK(site.Voters("a") == "c1");
  CHECK(
      ear.Hears("STATUS=leader of 1 of 1 cluster, 2 shards, 0 dead, 1 cluster missing, "
                "session connected"));
  CHECK(ear.Hears("WATCHDOG=1", 3));
  site.redis[0]->Kill();
  CHECK(ear.Hears("2 shards, 1 dead"));
  spec.name = "later";
  site.Create(spec);
  CHECK(ear.Hears("of 2 clusters, 4 shards, 2 dead, session connected"));

  CHECK(ear.Count("RELOADING=1") == 0);
  REQUIRE(::kill(checker.pid(), SIGHUP) == 0);
  CHECK(ear.Hears("READY=1", 2));
  CHECK(ear.Count("RELOADING=1\nMONOTONIC_USEC=") == 1);
  // Stopped, like a hung main loop: nothing else feeds the watchdog.
  checker.Pause();
  static_cast<void>(ear.Count(""));
  site.direct.Pump(milliseconds(100));
  const std::size_t fed = ear.Count("WATCHDOG=1");
  site.direct.Pump(milliseconds(1200));
  CHECK(ear.Count("WATCHDOG=1") == fed);
  checker.Resume();
  CHECK(ear.Hears("WATCHDOG=1", fed + 1));
  CHECK(checker.Stop() == sandbox::ExitStatus{0, 0});
  CHECK(ear.Count("STOPPING=1\nSTATUS=leaving: SIGTERM") == 1);
}

TEST_CASE("service manager: without ZooKeeper a checker is never ready") {
  Site site;
  Ear ear{site};
  auto options = site.CheckerDefaults("c1");
  options.zookeeper = "127.0.0.1:" + std::to_string(sandbox::FreePort());
  options.environment = {{"NOTIFY_SOCKET", ear.socket.path()}};
  options.ready_line.clear();
  auto& checker = site.AddChecker(options);
  CHECK(ear.Hears("STATUS=starting: session connecting"));
  CHECK(checker.AwaitLog({"event=zk.unreachable"}, kLimit));
  REQUIRE(::kill(checker.pid(), SIGHUP) == 0);
  AwaitLines(site, checker, {"event=reload.done"}, 1);
  CHECK(checker.Stop() == sandbox::ExitStatus{0, 0});
  CHECK(ear.Count("STOPPING=1") == 1);
  CHECK(ear.Count("READY=1") == 0);
  CHECK(ear.Count("RELOADING=1") == 0);
}

TEST_CASE("service manager: a cluster without its first ballot holds ready back") {
  Site site;
  site.AddRedis(1);
  // A hung server and a long timeout: the first opinion comes late, and so does the ballot.
  site.redis[0]->Pause();
  ClusterSpec spec = OneShard(site, "a", 0);
  spec.probe.interval = seconds(20);
  spec.probe.timeout = seconds(20);
  spec.probe.threshold = seconds(60);
  site.Create(spec);
  Ear ear{site};
  auto options = site.CheckerDefaults("c1");
  options.environment = {{"NOTIFY_SOCKET", ear.socket.path()}};
  options.ready_line.clear();
  site.AddChecker(options);
  CHECK(ear.Hears("STATUS=starting: first ballots missing in 1 of 1 cluster"));
  CHECK(ear.Hears("EXTEND_TIMEOUT_USEC="));
  CHECK(ear.Count("READY=1") == 0);
  site.redis[0]->Resume();
  CHECK(ear.Hears("READY=1"));
  CHECK(site.Voters("a") == "c1");
}

}  // namespace
}  // namespace zkcluster::integration::reload_test
