// SocketProber against private redis-servers, FakeFleet's prober against its fake servers, and
// SocketProber against servers that behave like no Redis.
#include "tests/contract/prober_contract.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "checker/probe/net/socket_prober.h"
#include "names/system_names.h"
#include "tests/contract/prober_bench.h"
#include "tests/fakes/fake_fleet.h"
#include "tests/fakes/sim_loop.h"
#include "tests/support/rude_server.h"
#include "tools/sandbox/sandbox.h"

namespace zkcluster::contract::prober_contract_test {

using namespace std::chrono_literals;

namespace {

class RealStage final : public ProberStage {
 public:
  explicit RealStage(sandbox::RedisOptions options = {}) : redis(std::move(options)) {}
  Prober& prober() override { return *prober_; }
  std::string addr() const override { return redis.address(); }
  bool RunUntil(const std::function<bool()>& done, Duration limit) override {
    return loop.RunUntil(done, limit);
  }
  void Kill() override { redis.Kill(); }
  void Start() override { redis.Start(); }
  void Pause() override { redis.Pause(); }
  void Resume() override { redis.Resume(); }
  void SetPassword(const std::string& password) override {
    // By a connection that is logged in already or needs no login: the first call finds no
    // password, the later ones know it.
    std::vector<std::vector<std::string>> words;
    if (!password_.empty()) words.push_back({"AUTH", password_});
    words.push_back({"CONFIG", "SET", "requirepass", password});
    SayTo(redis.port(), words);
    password_ = password;
  }

  EventLoop loop;
  sandbox::RedisServer redis;

 private:
  std::string password_;
  SystemNames names_{loop};
  std::unique_ptr<Prober> prober_ = NewSocketProber(loop, names_.book());
};

class FakeStage final : public ProberStage {
 public:
  FakeStage() { fleet.Set(addr(), sim::FakeFleet::Server::kUp); }
  Prober& prober() override { return *prober_; }
  std::string addr() const override { return "s1:1"; }
  bool RunUntil(const std::function<bool()>& done, Duration limit) override {
    return world.RunUntil(done, limit);
  }
  void Kill() override { fleet.Set(addr(), sim::FakeFleet::Server::kRefused); }
  void Start() override { fleet.Set(addr(), sim::FakeFleet::Server::kUp); }
  void Pause() override { fleet.Set(addr(), sim::FakeFleet::Server::kHung); }
  void Resume() override { fleet.Set(addr(), sim::FakeFleet::Server::kUp); }
  void SetPassword(const std::string& password) override { fleet.SetPassword(addr(), password); }

  sim::SimWorld world;
  sim::FakeFleet fleet{world};
  sim::SimLoop loop{world};

 private:
  std::unique_ptr<Prober> prober_ = fleet.NewProber(loop, "c1");
};

}  // namespace

TEST_CASE("redis prober keeps the contract") {
  if (const auto why = sandbox::WhyNoRedis(); !why.empty()) {
    MESSAGE("skipped: " << why);
    return;
  }
  CheckProberContract([] { return std::make_unique<RealStage>(); });
}

TEST_CASE("fake fleet keeps the contract") {
  CheckProberContract([] { return std::make_unique<FakeStage>(); });
}

TEST_CASE("connect prober keeps the contract") {
  if (const auto why = sandbox::WhyNoRedis(); !why.empty()) {
    MESSAGE("skipped: " << why);
    return;
  }
  CheckConnectContract([] { return std::make_unique<RealStage>(); });
}

TEST_CASE("fake fleet keeps the contract of connects") {
  CheckConnectContract([] { return std::make_unique<FakeStage>(); });
}

TEST_CASE("prober: targets that ask different things at one server do not mix") {
  Bench bench;
  RudeServer server(bench.loop, {.answer = "-LOADING yes\r\n"});
  bench.prober->AddTarget(1, {server.addr(), TcpConnect{}, nullptr}, [] {});
  bench.prober->AddTarget(2, {server.addr(), RedisPing{}, nullptr}, [] {});
  bench.prober->AddTarget(3, {server.addr(), RedisPing{{"", "pw"}}, nullptr}, [] {});
  for (int i = 0; i < 2; ++i) {
    CHECK(bench.Again(1) == Alive());
    CHECK(bench.Again(2) == Failed(Reason::kLoading));
  }
  CHECK(bench.Again(3, 100ms) == Failed(Reason::kTimeout));  // one reply to AUTH and PING
  // The last target with this question is removed, and another one is added.
  bench.prober->RemoveTarget(2);
  bench.prober->AddTarget(4, {server.addr(), RedisPing{}, nullptr}, [] {});
  CHECK(bench.Again(4) == Failed(Reason::kLoading));
}

TEST_CASE("redis prober: users, rights and limits of a real server") {
  if (const auto why = sandbox::WhyNoRedis(); !why.empty()) {
    MESSAGE("skipped: " << why);
    return;
  }
  SUBCASE("a user of the access list, and one that may not PING") {
    RealStage stage({.config = {"user probe on >pw +ping", "user mute on >pw -@all +get"}});
    Bench bench;
    CHECK(bench.Probe(stage.addr(), 5s, {"probe", "pw"}) == Alive());
    CHECK(bench.Again(bench.last) == Alive());
    CHECK(bench.Probe(stage.addr(), 5s, {"probe", "wrong"}) == Alive(ProbeAlarm::kWrongPass));
    CHECK(bench.Probe(stage.addr(), 5s, {"mute", "pw"}) == Alive(ProbeAlarm::kNoPerm));
    CHECK(bench.Again(bench.last) == Alive(ProbeAlarm::kNoPerm));
  }
  SUBCASE("too many clients") {
    RealStage stage;
    Bench bench;
    CHECK(bench.Probe(stage.addr()) == Alive());
    stage.redis.Command({"CONFIG", "SET", "maxclients", "1"});
    CHECK(bench.Probe(stage.addr()) == Failed(Reason::kMaxClients));
    CHECK(bench.Probe(stage.addr(), 5s, {"", "pw"}) == Failed(Reason::kMaxClients));
    CHECK(bench.Again(1) == Alive());  // who is in stays in
  }
  SUBCASE("a busy script") {
    RealStage stage({.config = {"busy-reply-threshold 50"}});
    Bench bench;
    CHECK(bench.Probe(stage.addr()) == Alive());
    Say say(stage.redis.port(), {{"EVAL", "while true do end", "0"}});
    // The moments at which the script starts, becomes busy and is killed vary; until then other
    // answers are right.
    const auto ask_until = [&](const ProbeResult& wanted) {
      ProbeResult result;
      for (int i = 0; i < 1000 && result != wanted; ++i) result = bench.Again(1, 1s);
      return result == wanted;
    };
    CHECK(ask_until(Failed(Reason::kBusy)));
    SayTo(stage.redis.port(), {{"SCRIPT", "KILL"}});
    CHECK(ask_until(Alive()));
  }
  SUBCASE("IPv6, this host, and localhost") {
    RealStage stage({.config = {"bind 127.0.0.1 -::1"}});
    Bench bench;
    const std::string port = std::to_string(stage.redis.port());
    CHECK(bench.Probe(":" + port) == Alive());
    CHECK(bench.Probe("localhost:" + port) == Alive());
    CHECK(bench.Again(bench.last) == Alive());
    if (HostHasIpv6()) CHECK(bench.Probe("[::1]:" + port) == Alive());
    stage.Kill();
    CHECK(bench.Probe("localhost:" + port).verdict == ProbeVerdict::kFailed);
    if (HostHasIpv6()) CHECK(bench.Probe("[::1]:" + port) == Failed(Reason::kRefused));
  }
}

TEST_CASE("redis prober: a name that does not resolve is a doubt, within the deadline") {
  Bench bench;
  CHECK(bench.Probe("no-such-host.invalid:6379", 500ms) == kUnresolved);
  CHECK(bench.Again(bench.last, 500ms) == kUnresolved);
  CHECK(bench.Probe("not an address", 500ms) == kUnresolved);
  // Gone while the question is open.
  bench.prober->AddTarget(100, {"no-such-host.invalid:6379", {}}, [] {});
  bench.prober->Start(100, 5s,
                      [](const ProbeResult&) { FAIL("a removed target reported a result"); });
  bench.prober->RemoveTarget(100);
  CHECK(!bench.loop.RunUntil([] { return false; }, 50ms));
  bench.prober->AddTarget(101, {"no-such-host.invalid:6379", {}}, [] {});
  bench.prober->Start(101, 5s,
                      [](const ProbeResult&) { FAIL("a destroyed prober reported a result"); });
  bench.prober.reset();
  CHECK(!bench.loop.RunUntil([] { return false; }, 50ms));
}

TEST_CASE("redis prober: servers that answer in odd ways") {
  struct Case {
    std::string what;
    RudeServer::Manners manners;
    ProbeResult result;
  };
  for (const Case& c : {
           Case{"byte by byte", {.answer = "+PONG\r\n", .chunk = 1}, Alive()},
           Case{"loading",
                {.answer = "-LOADING Redis is loading the dataset in memory\r\n"},
                Failed(Reason::kLoading)},
           Case{"master down",
                {.answer = "-MASTERDOWN Link with MASTER is down\r\n"},
                Failed(Reason::kMasterDown)},
           Case{"misconf",
                {.answer = "-MISCONF Redis is configured to save\r\n"},
                Failed(Reason::kMisconf)},
           Case{"protected, and closed",
                {.answer = "-DENIED Redis is running in protected mode\r\n", .close = true},
                Alive(ProbeAlarm::kDenied)},
           Case{"renamed",
                {.answer = "-ERR unknown command 'PING'\r\n"},
                Alive(ProbeAlarm::kUnknownCommand)},
           Case{"another error", {.answer = "-ERR oops\r\n"}, Failed(Reason::kErrorReply)},
           Case{"another reply", {.answer = ":1\r\n"}, Failed(Reason::kProtocol)},
           Case{"no Redis",
                {.answer = "HTTP/1.1 400 Bad Request\r\n\r\n"},
                Failed(Reason::kProtocol)},
           Case{"bytes without end",
                {.answer = "+" + std::string(60'000, 'x'), .repeat = true},
                Failed(Reason::kProtocol)},
           Case{"a huge bulk",
                {.answer = "$536870912\r\n" + std::string(100'000, 'x')},
                Failed(Reason::kProtocol)},
           Case{"a huge array", {.answer = "*1000000000\r\n"}, Failed(Reason::kTimeout)},
           Case{"half an answer", {.answer = "+PO"}, Failed(Reason::kTimeout)},
           Case{"half an answer, and closed",
                {.answer = "+PO", .close = true},
                Failed(Reason::kReset)},
           Case{"accepts, and never answers", {}, Failed(Reason::kTimeout)},
           Case{"accepts, and closes", {.close = true}, Failed(Reason::kReset)},
           Case{"accepts, and resets", {.close = true, .reset = true}, Failed(Reason::kReset)},
           Case{"says why before it is asked, and closes",
                {.greeting = "-ERR max number of clients reached\r\n", .close = true},
                Failed(Reason::kMaxClients)},
       }) {
    CAPTURE(c.what);
    Bench bench;
    RudeServer server(bench.loop, c.manners);
    const Duration timeout = c.result.reason == Reason::kTimeout ? Duration(150ms) : Duration(5s);
    CHECK(bench.Probe(server.addr(), timeout) == c.result);
    CHECK(bench.Again(1, timeout) == c.result);
  }
}

TEST_CASE("redis prober: an answer that comes too late is not taken for the next one") {
  Bench bench;
  RudeServer server(bench.loop, {.answer = "+PONG\r\n"});
  CHECK(bench.Probe(server.addr()) == Alive());
  server.SetManners({});
  CHECK(bench.Again(1, 100ms) == Failed(Reason::kTimeout));
  server.SetManners({.answer = "-LOADING\r\n"});
  CHECK(bench.Again(1) == Failed(Reason::kLoading));
}

TEST_CASE("redis prober: bytes that nobody asked for end the connection, with a hint") {
  Bench bench;
  RudeServer server(bench.loop, {.answer = "+PONG\r\n"});
  CHECK(bench.Probe(server.addr()) == Alive());
  server.SayToAll("-ERR Unsolicited\r\n");
  CHECK(bench.loop.RunUntil([&] { return bench.hints == 1; }, 10s));
  CHECK(bench.Again(1) == Alive());
  server.SetManners({.answer = "+PONG\r\n+PONG\r\n"});
  CHECK(bench.Again(1) == Alive());
  server.SetManners({.answer = "-LOADING\r\n"});
  CHECK(bench.Again(1) == Failed(Reason::kLoading));
}

TEST_CASE("redis prober: a server that closes each connection after its answer is alive") {
  Bench bench;
  RudeServer server(bench.loop, {.answer = "+PONG\r\n", .close = true});
  CHECK(bench.Probe(server.addr()) == Alive());
  for (int i = 0; i < 5; ++i) CHECK(bench.Again(1) == Alive());
}

}  // namespace zkcluster::contract::prober_contract_test
