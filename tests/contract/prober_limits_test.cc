// SocketProber's limits: that of one address, that of the whole probe, and that of the probe before
// it on the same connection. Each row holds where the limits are what they are, and fails where one
// is taken for another; none measures how long something took.
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/contract/prober_bench.h"
#include "tests/support/rude_server.h"
#include "tests/support/silent_listener.h"

namespace zkcluster::contract::prober_limits_test {

using namespace std::chrono_literals;

namespace {

// Knows the addresses of one name at once.
class FixedNames final : public Names {
 public:
  FixedNames(Loop& loop, std::vector<std::string> addresses)
      : loop_(loop), state_{NameState::Standing::kResolves, std::move(addresses)} {}
  Following Follow(const std::string&, Listener listener) override {
    auto following = std::make_shared<Listener>(std::move(listener));
    loop_.Post([this, weak = std::weak_ptr<Listener>(following)] {
      if (const auto alive = weak.lock()) (*alive)(state_);
    });
    return following;
  }

 private:
  Loop& loop_;
  const NameState state_;
};

// A target whose name has several addresses.
struct NamedBench {
  explicit NamedBench(std::vector<std::string> addresses) : names(loop, std::move(addresses)) {}
  ProbeResult Probe(std::uint16_t port, Duration timeout) {
    prober->AddTarget(1, {"a-name:" + std::to_string(port), RedisPing{}, nullptr}, [] {});
    return Again(timeout);
  }
  ProbeResult Again(Duration timeout) {
    std::optional<ProbeResult> result;
    prober->Start(1, timeout, [&](const ProbeResult& reported) { result = reported; });
    REQUIRE(loop.RunUntil([&] { return result.has_value(); }, 60s));
    result->latency = {};
    return *result;
  }

  EventLoop loop;
  FixedNames names;
  std::unique_ptr<Prober> prober = NewSocketProber(loop, names);
};

std::uint16_t PortOf(const RudeServer& server) {
  return static_cast<std::uint16_t>(std::stoul(server.addr().substr(server.addr().find(':') + 1)));
}

// The last bytes come after `pace`.
RudeServer::Manners Slow(std::chrono::milliseconds pace) {
  return {.answer = "+PONG\r\n", .chunk = 4, .pace = pace};
}

}  // namespace

TEST_CASE("prober limits: an address that accepts has the whole time of the probe to answer") {
  // With more addresses each has a smaller share of the time to accept.
  for (const std::size_t count : {1u, 40u}) {
    CAPTURE(count);
    std::vector<std::string> addresses = {"127.0.0.1"};
    while (addresses.size() < count) {
      addresses.push_back("127.0.1." + std::to_string(addresses.size()));
    }
    NamedBench bench(addresses);
    // Longer than a share of forty, far shorter than the limit.
    RudeServer server(bench.loop, Slow(700ms));
    CHECK(bench.Probe(PortOf(server), 10s) == Alive());
    // Also on a connection that is there already.
    CHECK(bench.Again(10s) == Alive());
  }
}

TEST_CASE("prober limits: an address that does not accept has only its share") {
  for (const std::size_t silent : {1u, 3u}) {
    CAPTURE(silent);
    std::vector<std::string> addresses;
    for (std::size_t i = 1; i <= silent; ++i) addresses.push_back("127.0.2." + std::to_string(i));
    addresses.push_back("127.0.0.1");
    NamedBench bench(addresses);
    RudeServer server(bench.loop, {.answer = "+PONG\r\n"});
    std::vector<SilentListener> listeners;
    for (std::size_t i = 0; i < silent; ++i) {
      listeners.emplace_back(addresses[i], PortOf(server));
    }
    CHECK(bench.Probe(PortOf(server), 2s) == Alive());
  }
}

TEST_CASE("prober limits: all addresses are silent, and the probe ends with its own limit") {
  for (const std::size_t count : {1u, 3u}) {
    CAPTURE(count);
    std::vector<std::string> addresses;
    for (std::size_t i = 1; i <= count; ++i) addresses.push_back("127.0.2." + std::to_string(i));
    NamedBench bench(addresses);
    std::vector<SilentListener> listeners;
    listeners.emplace_back(addresses[0], std::uint16_t{0});
    const std::uint16_t port = listeners[0].port();
    for (std::size_t i = 1; i < count; ++i) listeners.emplace_back(addresses[i], port);
    for (int i = 0; i < 2; ++i) {
      const ProbeResult result = i == 0 ? bench.Probe(port, 200ms) : bench.Again(200ms);
      CHECK(result == Failed(Reason::kTimeout));
    }
  }
}

TEST_CASE("prober limits: a probe has its own, not that of the one before on its connection") {
  struct Case {
    std::string what;
    Duration first;
    Duration second;
    RudeServer::Manners manners;  // to the second
    ProbeResult result;
  };
  for (const Case& c : {
           Case{"long, then short", 50s, 100ms, {}, Failed(Reason::kTimeout)},
           Case{"short, then long", 400ms, 20s, Slow(900ms), Alive()},
           Case{"short, then long and silent", 400ms, 1200ms, {}, Failed(Reason::kTimeout)},
       }) {
    CAPTURE(c.what);
    for (const bool rest : {false, true}) {
      CAPTURE(rest);
      Bench bench;
      RudeServer server(bench.loop, {.answer = "+PONG\r\n"});
      // Where the machine is slow: until the first one was answered within its limit.
      ProbeResult first = bench.Probe(server.addr(), c.first);
      for (int i = 0; i < 50 && first != Alive(); ++i) first = bench.Again(1, c.first);
      REQUIRE(first == Alive());
      const int accepted = server.accepted();
      // Beyond the limit of the first: its deadline must not reach what comes after it.
      if (rest) static_cast<void>(bench.loop.RunUntil([] { return false; }, 600ms));
      CHECK(bench.hints == 0);
      server.SetManners(c.manners);
      CHECK(bench.Again(1, c.second) == c.result);
      CHECK(server.accepted() == accepted);  // the same connection
    }
  }
}

}  // namespace zkcluster::contract::prober_limits_test
