// The life of a shard: real Redis servers die, hang, flap, load and ask for passwords, and three
// real checkers judge them.
#include "admin/snapshot.h"
#include "tests/support/rude_server.h"
#include "tests/support/site.h"

namespace zkcluster::integration::health_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const ShardState& Row(const Snapshot& snapshot, std::size_t shard) {
  return snapshot.board.shards.at(shard);
}

TEST_CASE("probe: a shard is killed, another hangs, both come back") {
  Site site;
  site.AddRedis(4);
  site.AddCheckers(3);
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "AAAA") == "AAAA");
  const Snapshot before = site.Read("sessions");
  CHECK(before.candidates.size() == 3);
  CHECK(before.voters.size() == 3);
  CHECK(before.candidates.front().registration.rack ==
        "rack-of-" + before.candidates.front().name.id);
  CHECK(before.problems.empty());

  site.redis[2]->Kill();
  REQUIRE(site.AwaitStatus("sessions", "AADA") == "AADA");
  const Snapshot killed = site.Read("sessions");
  CHECK(Row(killed, 2).reason == Reason::kRefused);
  CHECK(Row(killed, 2).since > Row(before, 2).since);
  CHECK(Row(killed, 2).counts.dead >= 2);
  CHECK(Row(killed, 0) == Row(before, 0));

  site.redis[1]->Pause();
  REQUIRE(site.AwaitStatus("sessions", "ADDA") == "ADDA");
  CHECK(Row(site.Read("sessions"), 1).reason == Reason::kTimeout);

  site.redis[2]->Start();
  REQUIRE(site.AwaitStatus("sessions", "ADAA") == "ADAA");
  CHECK(Row(site.Read("sessions"), 2).since > Row(killed, 2).since);
  CHECK(Row(site.Read("sessions"), 2).reason == Reason::kNone);
  site.redis[1]->Resume();
  REQUIRE(site.AwaitStatus("sessions", "AAAA") == "AAAA");

  // The journal has the same story, in order.
  std::string story;
  for (const Event& event : site.Journal("sessions")) {
    const auto* const flips = event.As<Event::Flips>();
    if (flips == nullptr) continue;
    for (const auto& flip : flips->flips) {
      if (flip.from != ShardStatus::kUnknown) {
        story += flip.shard + (flip.to == ShardStatus::kDead ? " dead " : " alive ") +
                 std::string(ReasonName(flip.reason)) + "; ";
      }
    }
  }
  CHECK(story == "s3 dead refused; s2 dead timeout; s3 alive none; s2 alive none; ");
}

TEST_CASE("probe: every shard dies, one was never alive") {
  Site site;
  site.AddRedis(2);
  site.AddCheckers(3);
  auto addresses = std::vector<std::string>{site.redis[0]->address(), site.redis[1]->address(),
                                            "127.0.0.1:" + std::to_string(sandbox::FreePort())};
  site.Create(site.SpecOf("sessions", addresses));
  REQUIRE(site.AwaitStatus("sessions", "AAD") == "AAD");
  site.redis[0]->Kill();
  site.redis[1]->Kill();
  REQUIRE(site.AwaitStatus("sessions", "DDD") == "DDD");
  site.redis[1]->Start();
  REQUIRE(site.AwaitStatus("sessions", "DAD") == "DAD");
}

TEST_CASE("probe: a shard flaps, and each return costs more") {
  Site site;
  site.AddRedis(2);
  site.AddCheckers(3);
  ClusterSpec spec = site.SpecOf("sessions");
  // Time alive forgives a penalty, 15 s of it a step.
  spec.probe.interval = seconds(1);
  spec.probe.threshold = milliseconds(1500);
  site.Create(spec);
  REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
  Penalty last;
  for (int death = 1; death <= 3; ++death) {
    CAPTURE(death);
    site.redis[0]->Kill();
    REQUIRE(site.AwaitStatus("sessions", "DA") == "DA");
    const Snapshot snapshot = site.Read("sessions");
    REQUIRE(snapshot.ledger.has_value());
    // A shard without a penalty beyond the one good probe of a first death is not in the ledger.
    const auto& penalties = snapshot.ledger->penalties;
    const Penalty penalty = penalties.contains("s1") ? penalties.at("s1") : Penalty{};
    if (death > 1) {
      CHECK(penalty.deaths == death);
      CHECK(penalty.dead());
      // On a busy machine the shard may have lived for longer than a threshold, which costs less.
      CHECK(penalty.required >= 2 * last.required);
      CHECK(penalty.required <= std::max(3, 2 * last.required));
    }
    last = penalty;
    site.redis[0]->Start();
    REQUIRE(site.AwaitStatus("sessions", "AA", seconds(40)) == "AA");
  }
  CHECK(site.Read("sessions").ledger->penalties.count("s2") == 0);
}

TEST_CASE("probe: a server answers, but not with PONG") {
  Site site;
  site.AddRedis(1);
  site.AddCheckers(2);
  const struct {
    const char* answer;
    Reason reason;
  } kRows[] = {
      {"-LOADING Redis is loading the dataset in memory\r\n", Reason::kLoading},
      {"-BUSY Redis is busy running a script.\r\n", Reason::kBusy},
      {"-MASTERDOWN Link with MASTER is down\r\n", Reason::kMasterDown},
      {"-MISCONF Redis is configured to save RDB snapshots\r\n", Reason::kMisconf},
      {"HTTP/1.1 400 Bad Request\r\n\r\n", Reason::kProtocol},
  };
  // All at once, each a shard of its own.
  std::vector<std::unique_ptr<contract::RudeServer>> servers;
  std::vector<std::string> addresses = {site.redis[0]->address()};
  std::string all_alive = "A";
  std::string rude_dead = "A";
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    servers.push_back(std::make_unique<contract::RudeServer>(
        site.direct.loop(), contract::RudeServer::Manners{.answer = "+PONG\r\n"}));
    addresses.push_back(servers.back()->addr());
    all_alive += 'A';
    rude_dead += 'D';
  }
  site.Create(site.SpecOf("sessions", addresses));
  REQUIRE(site.AwaitStatus("sessions", all_alive) == all_alive);
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    servers[i]->SetManners({.answer = kRows[i].answer});
  }
  REQUIRE(site.AwaitStatus("sessions", rude_dead) == rude_dead);
  const Snapshot snapshot = site.Read("sessions");
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    const std::string answer = kRows[i].answer;
    CAPTURE(answer);
    CHECK(ReasonName(Row(snapshot, i + 1).reason) == ReasonName(kRows[i].reason));
  }
  for (auto& server : servers) server->SetManners({.answer = "+PONG\r\n"});
  REQUIRE(site.AwaitStatus("sessions", all_alive) == all_alive);
}

TEST_CASE("probe: a real server is loading its data") {
  Site site;
  site.AddRedis(2);
  site.AddCheckers(2);
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
  // 200 keys that take 20 ms each to be read again; clients are answered between any two.
  site.redis[0]->Command({"DEBUG", "POPULATE", "200", "key", "1500"});
  site.redis[0]->Command({"CONFIG", "SET", "key-load-delay", "20000"});
  site.redis[0]->Command({"CONFIG", "SET", "loading-process-events-interval-bytes", "1024"});
  // RELOAD answers when it is over; it runs beside the checkers' probes.
  sandbox::ChildProcess reload(
      {.command = {"redis-cli", "-p", std::to_string(site.redis[0]->port()), "DEBUG", "RELOAD"},
       .environment = {},
       .output = {},
       .folder = {}});
  REQUIRE(site.AwaitStatus("sessions", "DA") == "DA");
  CHECK(ReasonName(Row(site.Read("sessions"), 0).reason) == "loading");
  REQUIRE(reload.Wait(kLimit).has_value());
  CHECK(site.AwaitStatus("sessions", "AA") == "AA");
}

TEST_CASE("probe: a password is asked for, and is missing, wrong or right") {
  Site site;
  sandbox::RedisServer& server =
      site.AddRedis({.port = 0,
                     .password = "open sesame",
                     .config = {"user probe on >knock +ping", "user deaf on >knock -@all"}});
  const sandbox::TempFolder folder("zkc-passwords");
  const auto file = [&](const std::string& name, const std::string& text) {
    sandbox::WriteFile(folder.path() / name, text);
    return (folder.path() / name).string();
  };
  auto options = site.CheckerDefaults("c1");
  options.more = "redis:\n  clusters:\n    wrong: {password_file: " + file("wrong", "closed\n") +
                 "}\n    right: {password_file: " + file("right", "open sesame\n") +
                 "}\n    user: {user: probe, password_file: " + file("user", "knock\r\n") +
                 "}\n    deaf: {user: deaf, password_file: " + file("deaf", "knock") + "}\n";
  auto& checker = site.AddChecker(options);
  const struct {
    const char* cluster;
    const char* alarm;  // none: ""
  } kRows[] = {
      {"none", "noauth"}, {"wrong", "wrongpass"}, {"right", ""}, {"user", ""}, {"deaf", "noperm"}};
  for (const auto& row : kRows) {
    site.Create(site.SpecOf(row.cluster));
    // A server that refuses a password answers: alive, and a person has to
    // correct the configuration.
    CHECK(site.AwaitStatus(row.cluster, "A") == "A");
    const std::string cluster = std::string("cluster=") + row.cluster;
    if (*row.alarm == '\0') {
      CHECK(checker.CountLog({"event=probe.alarm", cluster}) == 0);
    } else {
      CHECK(checker.AwaitLog({"event=probe.alarm", cluster, std::string("alarm=") + row.alarm},
                             kLimit));
    }
  }
  // The password itself never reaches a log.
  CHECK(checker.CountLog({"sesame"}) == 0);
  CHECK(checker.CountLog({"knock"}) == 0);
  server.Kill();
  for (const auto& row : kRows) CHECK(site.AwaitStatus(row.cluster, "D") == "D");
}

TEST_CASE("probe: the password is taken away while the checker runs") {
  Site site;
  site.AddRedis({.port = 0, .password = "first", .config = {}});
  auto& checker = site.AddChecker("c1");
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "A") == "A");
  REQUIRE(checker.AwaitLog({"event=probe.alarm", "alarm=noauth"}, kLimit));
  site.redis[0]->Command({"CONFIG", "SET", "requirepass", ""});
  CHECK(checker.AwaitLog({"event=probe.alarm_over"}, kLimit));
  CHECK(site.Statuses("sessions") == "A");
}

TEST_CASE("probe: a name does not resolve") {
  Site site;
  site.AddRedis(1);
  auto& checker = site.AddChecker("c1");
  site.Create(site.SpecOf("sessions", {site.redis[0]->address(), "no-such-host.invalid:6379"}));
  REQUIRE(site.AwaitStatus("sessions", "A?") == "A?");
  CHECK(checker.AwaitLog({"event=probe.alarm", "shard=s2", "alarm=unresolved"}, kLimit));
  CHECK(site.direct.Await([&] {
    const auto voters = site.Read("sessions").voters;
    return !voters.empty() && voters[0].ballot && voters[0].ballot->votes.size() == 2 &&
           voters[0].ballot->votes[1].opinion == Opinion::kUnknown;
  }));
  CHECK(site.Statuses("sessions") == "A?");
}

}  // namespace
}  // namespace zkcluster::integration::health_test
