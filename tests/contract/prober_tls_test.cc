// SocketProber within TLS, against a real redis-server with tls-port and against rude servers: the
// servers that it trusts, and the results for the others.
#include <doctest/doctest.h>

#include <string>

#include "tests/contract/tls_bench.h"
#include "tests/support/certificates.h"
#include "tests/support/rude_server.h"
#include "tools/sandbox/sandbox.h"

namespace zkcluster::contract::prober_tls_test {

using namespace std::chrono_literals;

namespace {

// One set for all cases: openssl takes its time.
const Certificates& Papers() {
  struct Issued : Certificates {
    Issued() {
      Issue("server", "DNS:localhost,DNS:redis.test,IP:127.0.0.1");
      Issue("client", "DNS:checker.test");
    }
  };
  static const Issued papers;
  return papers;
}

TlsSettings Believing(const std::string& ca = "ca.pem") {
  return {.ca_file = Papers().File(ca)};
}

// A server that speaks TLS beside its plain port.
struct TlsRedis {
  explicit TlsRedis(const std::string& clients = "no", const std::string& password = "")
      : port(std::to_string(sandbox::FreePort())),
        server({.password = password,
                .config = {"tls-port " + port, "tls-cert-file " + Papers().File("server.pem"),
                           "tls-key-file " + Papers().File("server.key"),
                           "tls-ca-cert-file " + Papers().File("ca.pem"),
                           "tls-auth-clients " + clients}}) {}
  [[nodiscard]] std::string addr(const std::string& host = "127.0.0.1") const {
    return host + ":" + port;
  }
  [[nodiscard]] int Connections() {
    const std::string stats = server.Command({"INFO", "stats"});
    const std::string key = "total_connections_received:";
    return std::stoi(stats.substr(stats.find(key) + key.size()));
  }
  std::string port;
  sandbox::RedisServer server;
};

bool NoRedis() {
  const auto why = sandbox::WhyNoRedis();
  if (!why.empty()) MESSAGE("skipped: " << why);
  return !why.empty();
}

}  // namespace

TEST_CASE("tls: a server whose certificate is for its address, its name, or the configured one") {
  if (NoRedis()) return;
  TlsRedis redis;
  TlsBench bench;
  CHECK(bench.Probe(redis.addr(), Believing()) == kAlive);
  const int before = redis.Connections();
  for (int i = 0; i < 20; ++i) CHECK(bench.Again() == kAlive);
  // All over one connection, although tickets came meanwhile; one more is that of this question.
  CHECK(redis.Connections() == before + 1);
  CHECK(bench.Probe(redis.addr("localhost"), Believing()) == kAlive);
  auto options = Believing();
  options.server_name = "redis.test";
  CHECK(bench.Probe(redis.addr(), options) == kAlive);
}

TEST_CASE("tls: whom it does not believe is a doubt with an alarm, never dead") {
  if (NoRedis()) return;
  const TlsRedis redis;
  TlsBench bench;
  auto wrong_name = Believing();
  wrong_name.server_name = "other.test";
  CHECK(bench.Probe(redis.addr(), wrong_name) == Doubt(ProbeAlarm::kTlsWrongName));
  auto wrong_address = Believing();
  wrong_address.server_name = "127.0.0.2";
  CHECK(bench.Probe(redis.addr(), wrong_address) == Doubt(ProbeAlarm::kTlsWrongName));
  CHECK(bench.Probe(redis.addr(), Believing("other-ca.pem")) == Doubt(ProbeAlarm::kTlsUntrusted));
  CHECK(bench.Probe(redis.addr(), TlsSettings{}) == Doubt(ProbeAlarm::kTlsUntrusted));
  CHECK(bench.Again() == Doubt(ProbeAlarm::kTlsUntrusted));
}

TEST_CASE("tls: a server that asks for our certificate") {
  if (NoRedis()) return;
  const TlsRedis redis("yes");
  TlsBench bench;
  CHECK(bench.Probe(redis.addr(), Believing()) == Doubt(ProbeAlarm::kTlsRefused));
  auto shown = Believing();
  shown.cert_file = Papers().File("client.pem");
  shown.key_file = Papers().File("client.key");
  CHECK(bench.Probe(redis.addr(), shown) == kAlive);
  CHECK(bench.Again() == kAlive);
}

TEST_CASE("tls: passwords, a stopped server, a killed one") {
  if (NoRedis()) return;
  TlsRedis redis("no", "pw");
  TlsBench bench;
  CHECK(bench.Probe(redis.addr(), Believing()).alarm == ProbeAlarm::kNoAuth);
  CHECK(bench.Probe(redis.addr(), Believing(), 5s, TcpConnect{}) == kAlive);  // a handshake is all
  CHECK(bench.Again() == kAlive);
  CHECK(bench.Probe(redis.addr(), Believing(), 5s, RedisPing{{"", "pw"}}) == kAlive);
  redis.server.Pause();
  CHECK(bench.Again(200ms) == Failed(Reason::kTimeout));
  CHECK(bench.Again(200ms) == Failed(Reason::kTimeout));  // within the handshake
  redis.server.Resume();
  CHECK(bench.Again() == kAlive);
  redis.server.Kill();
  CHECK(bench.Again() == Failed(Reason::kRefused));
  redis.server.Start();
  CHECK(bench.Again() == kAlive);
}

TEST_CASE("tls: servers that speak none") {
  struct Case {
    const char* what;
    RudeServer::Manners manners;
    ProbeResult result;
  };
  for (const Case& c : {
           Case{"answers in the clear",
                {.answer = "-ERR unknown command, with args beginning with:\r\n"},
                Doubt(ProbeAlarm::kTlsRefused)},
           Case{"says something first",
                {.greeting = "-DENIED Redis is running in protected mode\r\n"},
                Doubt(ProbeAlarm::kTlsRefused)},
           Case{"never answers", {}, Failed(Reason::kTimeout)},
           Case{"closes", {.close = true}, Failed(Reason::kReset)},
           Case{"resets", {.close = true, .reset = true}, Failed(Reason::kReset)},
       }) {
    CAPTURE(c.what);
    TlsBench bench;
    const RudeServer server(bench.loop, c.manners);
    const Duration timeout = c.result.reason == Reason::kTimeout ? Duration(150ms) : Duration(5s);
    CHECK(bench.Probe(server.addr(), Believing(), timeout) == c.result);
    CHECK(bench.Again(timeout) == c.result);
  }
}

TEST_CASE("tls: removed or destroyed in the middle of a handshake") {
  TlsBench bench;
  const RudeServer server(bench.loop, {});
  const auto never = [](const ProbeResult&) { FAIL("a result was reported"); };
  bench.prober->AddTarget(1, {server.addr(), {}, Context(Believing())}, [] {});
  bench.prober->Start(1, 5s, never);
  CHECK(!bench.loop.RunUntil([] { return false; }, 50ms));
  bench.prober->RemoveTarget(1);
  bench.prober->AddTarget(2, {server.addr(), {}, Context(Believing())}, [] {});
  bench.prober->Start(2, 5s, never);
  CHECK(!bench.loop.RunUntil([] { return false; }, 50ms));
  bench.prober.reset();
  CHECK(!bench.loop.RunUntil([] { return false; }, 50ms));
}

TEST_CASE("tls: files that cannot be used are named") {
  struct Case {
    TlsSettings settings;
    std::string says;
  };
  const std::string client = Papers().File("client.pem");
  for (const Case& c : {
           Case{{.ca_file = "/no/such.pem"}, "tls: ca_file /no/such.pem: "},
           Case{{.ca_file = Papers().File("client.key")}, "tls: ca_file "},
           Case{{.cert_file = "/no/such.pem", .key_file = client}, "tls: cert_file /no/such.pem: "},
           Case{{.cert_file = client, .key_file = client}, "tls: key_file " + client + ": "},
           Case{{.cert_file = client, .key_file = Papers().File("server.key")}, "tls: key_file "},
       }) {
    CAPTURE(c.says);
    const auto context = TlsContext::New(c.settings);
    REQUIRE_FALSE(context);
    CHECK(context.error().code == ErrorCode::kInvalid);
    CHECK_MESSAGE(context.error().message.starts_with(c.says), context.error().message);
  }
}

}  // namespace zkcluster::contract::prober_tls_test
