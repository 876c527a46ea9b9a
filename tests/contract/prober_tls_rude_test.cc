// SocketProber within TLS against servers that behave like no redis-server: bad certificates, old
// versions, handshakes and records that end half-way, arrive byte by byte, or are no TLS at all.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "tests/contract/tls_bench.h"
#include "tests/support/certificates.h"
#include "tests/support/tls_server.h"
#include "tools/sandbox/process.h"

namespace zkcluster::contract::prober_tls_rude_test {

using namespace std::chrono_literals;
using Conversation = TlsServer::Conversation;

namespace {

constexpr const char* kHere = "DNS:redis.test,IP:127.0.0.1";

const Certificates& Papers() {
  struct Issued : Certificates {
    Issued() {
      Issue("server", kHere);
      Issue("expired", kHere, {.days = -1});
      Issue("client-only", kHere, {.more = "extendedKeyUsage=clientAuth\n"});
      Issue("elsewhere", "DNS:127.0.0.1,IP:127.0.0.2");
      Issue("wild", "DNS:*.redis.test");
      Issue("middle", "DNS:middle", {.more = "basicConstraints=critical,CA:true\n"});
      Issue("below", kHere, {.by = "middle"});
      sandbox::WriteFile(File("chain.pem"), sandbox::ReadFile(File("below.pem")) +
                                                sandbox::ReadFile(File("middle.pem")));
    }
  };
  static const Issued papers;
  return papers;
}

TlsServer::Options Showing(const std::string& name, const std::string& key = "") {
  return {.certificate = Papers().File(name + ".pem"),
          .key = Papers().File((key.empty() ? name : key) + ".key")};
}

TlsSettings Believing(const std::string& server_name = "") {
  return {.ca_file = Papers().File("ca.pem"), .server_name = server_name};
}

void HandshakeAndPings(Conversation& with) {
  if (with.Handshake()) AnswerPings(with);
}

std::size_t OpenDescriptors() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    static_cast<void>(entry);
    ++count;
  }
  return count;
}

// A result in words, so that a failure can be read.
std::string Say(const ProbeResult& result) {
  return std::to_string(static_cast<int>(result.verdict)) + " " +
         std::to_string(static_cast<int>(result.reason)) + " " +
         std::to_string(static_cast<int>(result.alarm));
}

}  // namespace

TEST_CASE("tls: certificates, and what each is worth") {
  struct Case {
    std::string what;
    TlsServer::Options shows;
    std::string name;
    ProbeResult result;
  };
  for (const Case& c : {
           Case{"for its address", Showing("server"), "", kAlive},
           Case{"with one in between", Showing("chain", "below"), "", kAlive},
           Case{"a star for one label", Showing("wild"), "a.redis.test", kAlive},
           Case{"a name as DNS writes it in full", Showing("server"), "redis.test.", kAlive},
           Case{"a star is not for two", Showing("wild"), "a.b.redis.test",
                Doubt(ProbeAlarm::kTlsWrongName)},
           // An address is never taken for a name.
           Case{"for another address", Showing("elsewhere"), "", Doubt(ProbeAlarm::kTlsWrongName)},
           Case{"expired", Showing("expired"), "", Doubt(ProbeAlarm::kTlsUntrusted)},
           Case{"of clients", Showing("client-only"), "", Doubt(ProbeAlarm::kTlsUntrusted)},
           Case{"without that in between", Showing("below"), "", Doubt(ProbeAlarm::kTlsUntrusted)},
           Case{"from nobody but itself", Showing("other-ca"), "",
                Doubt(ProbeAlarm::kTlsUntrusted)},
       }) {
    CAPTURE(c.what);
    const TlsServer server(c.shows, HandshakeAndPings);
    TlsBench bench;
    CHECK(Say(bench.Probe(server.addr(), Believing(c.name))) == Say(c.result));
  }
}

TEST_CASE("tls: 1.2 will do, what is older will not") {
  auto old = Showing("server");
  old.newest_version = TlsVersion::k12;
  const TlsServer good(old, HandshakeAndPings);
  old.newest_version = TlsVersion::k11;
  const TlsServer bad(old, HandshakeAndPings);
  TlsBench bench;
  CHECK(bench.Probe(good.addr(), Believing()) == kAlive);
  CHECK(bench.Again() == kAlive);
  CHECK(bench.Probe(bad.addr(), Believing()) == Doubt(ProbeAlarm::kTlsRefused));
}

TEST_CASE("tls: what may go wrong on the way, and the probe after it") {
  struct Case {
    std::string what;
    TlsServer::Manners manners;
    ProbeResult result;
  };
  const std::string hello("\x16\x03\x03\x00\x7a\x02\x00\x00\x76", 9);  // the beginning of one
  const std::string alert("\x15\x03\x03\x00\x02\x02\x28", 7);          // fatal, handshake_failure
  for (const Case& c : {
           Case{"stops before its hello", [](Conversation& with) { with.AwaitEnd(); },
                Failed(Reason::kTimeout)},
           Case{"stops in the middle of it",
                [&](Conversation& with) {
                  with.AwaitBytes();
                  with.WriteBeneath(hello);
                  with.AwaitEnd();
                },
                Failed(Reason::kTimeout)},
           Case{"stops behind the handshake",
                [](Conversation& with) {
                  while (with.Handshake() && !with.Read().empty()) {
                  }
                },
                Failed(Reason::kTimeout)},
           Case{"leaves in the middle of its hello",
                [&](Conversation& with) {
                  with.AwaitBytes();
                  with.WriteBeneath(hello);
                },
                Failed(Reason::kReset)},
           Case{"leaves behind the handshake, without a word",
                [](Conversation& with) { with.Handshake(); }, Failed(Reason::kReset)},
           Case{"says goodbye behind the handshake",
                [](Conversation& with) {
                  with.Handshake();
                  with.Read();
                  with.SayGoodbye();
                },
                Failed(Reason::kReset)},
           Case{"leaves within a record",
                [](Conversation& with) {
                  with.Handshake();
                  with.Read();
                  with.WriteBeneath(std::string("\x17\x03\x03\x00\x40oh", 7));
                },
                Failed(Reason::kReset)},
           Case{"an alert instead of a hello",
                [&](Conversation& with) {
                  with.AwaitBytes();
                  with.WriteBeneath(alert);
                  with.AwaitEnd();
                },
                Doubt(ProbeAlarm::kTlsRefused)},
           Case{"answers in the clear within TLS",
                [](Conversation& with) {
                  with.Handshake();
                  with.Read();
                  with.WriteBeneath("+PONG\r\n");
                  with.Read();
                },
                Doubt(ProbeAlarm::kTlsRefused)},
           Case{"answers nonsense within TLS",
                [](Conversation& with) {
                  with.Handshake();
                  with.Read();
                  with.Write(std::string(16'000, 'x'));
                  with.Read();
                },
                Failed(Reason::kProtocol)},
       }) {
    CAPTURE(c.what);
    const TlsServer server(Showing("server"), c.manners);
    TlsBench bench;
    const Duration timeout = c.result.reason == Reason::kTimeout ? Duration(200ms) : Duration(5s);
    CHECK(Say(bench.Probe(server.addr(), Believing(), timeout)) == Say(c.result));
    CHECK(Say(bench.Again(timeout)) == Say(c.result));
  }
}

TEST_CASE("tls: a handshake and answers that come byte by byte, in pieces, with keys in between") {
  const std::string pong = "+PONG\r\n";
  struct Case {
    std::string what;
    TlsVersion version;
    TlsServer::Manners manners;
  };
  for (const Case& c : {
           Case{"byte by byte", TlsVersion::kAny,
                [](Conversation& with) {
                  with.BeSlow();
                  HandshakeAndPings(with);
                }},
           Case{"byte by byte, 1.2", TlsVersion::k12,
                [](Conversation& with) {
                  with.BeSlow();
                  HandshakeAndPings(with);
                }},
           Case{"a record a byte", TlsVersion::kAny,
                [&](Conversation& with) {
                  with.Handshake();
                  while (!with.Read().empty()) {
                    for (const char byte : pong) with.Write({&byte, 1});
                  }
                }},
           Case{"other keys before each answer", TlsVersion::k13,
                [&](Conversation& with) {
                  with.Handshake();
                  while (!with.Read().empty() && with.UpdateKeys()) with.Write(pong);
                }},
           // We refuse it, which does no harm.
           Case{"asks for another handshake", TlsVersion::k12,
                [&](Conversation& with) {
                  with.Handshake();
                  while (!with.Read().empty()) {
                    with.Write(pong);
                    with.AskForNewHandshake();
                  }
                }},
       }) {
    CAPTURE(c.what);
    auto options = Showing("server");
    options.oldest_version = options.newest_version = c.version;
    const TlsServer server(options, c.manners);
    TlsBench bench;
    CHECK(bench.Probe(server.addr(), Believing()) == kAlive);
    for (int i = 0; i < 5; ++i) CHECK(bench.Again() == kAlive);
  }
}

TEST_CASE("tls: an open connection that ends is replaced, and nothing is left of it") {
  const TlsServer server(Showing("server"), [](Conversation& with) {
    with.Handshake();
    with.Read();
    with.Write("+PONG\r\n");
  });
  TlsBench bench;
  CHECK(bench.Probe(server.addr(), Believing()) == kAlive);
  const std::size_t before = OpenDescriptors();
  for (int i = 0; i < 100; ++i) CHECK(bench.Again() == kAlive);
  CHECK(server.conversations() > 100);
  CHECK(OpenDescriptors() <= before + 2);  // the next one may be open already, at both ends
}

}  // namespace zkcluster::contract::prober_tls_rude_test
