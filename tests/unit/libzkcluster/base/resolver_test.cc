// Names that do not exist are refused by a name server, or it is silent: either way the answer has
// the reason, and it comes within the given limits.
#include "base/resolver.h"

#include <doctest/doctest.h>

#include <arpa/inet.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace resolver_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

constexpr const char* kNobody = "no-such-host.invalid";
constexpr ResolverOptions kQuick = {
    .timeout = 100ms, .attempts = 1, .fresh = 1s, .fresh_after_failure = 1s, .keep = false};
constexpr Duration kAnswerLimit = 20s;

std::uint16_t PortOf(const SocketAddress& address) {
  const bool v4 = address.storage.ss_family == AF_INET;
  return ntohs(v4 ? reinterpret_cast<const sockaddr_in&>(address.storage).sin_port
                  : reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_port);
}

struct Asking {
  EventLoop loop;
  std::unique_ptr<Resolver> resolver = std::make_unique<Resolver>(loop, kQuick);
  std::optional<Resolver::Answer> answer;

  [[nodiscard]] Resolver::Question Ask(const std::string& host) {
    return resolver->Resolve(host, 6379, [this](Resolver::Answer found) {
      CHECK(!answer);
      answer = std::move(found);
    });
  }
  bool Await() {
    return loop.RunUntil([this] { return answer.has_value(); }, kAnswerLimit);
  }
  // Answers of evdns to cancelled questions come within a few turns.
  void Settle() {
    for (int turn = 0; turn < 3; ++turn) {
      static_cast<void>(loop.RunUntil([] { return false; }, 0s));
    }
  }
};

}  // namespace

TEST_CASE("resolver: literals are answered within the call") {
  const struct {
    const char* host;
    const char* literal;
  } cases[] = {
      {"10.0.0.1", "10.0.0.1"}, {"::1", "::1"}, {"fe80::1%lo", "fe80::1%lo"}, {"", "127.0.0.1"}};
  for (const auto& c : cases) {
    CAPTURE(c.host);
    Asking asking;
    CHECK(asking.Ask(c.host) == nullptr);
    REQUIRE(asking.answer);
    REQUIRE(asking.answer->addresses.size() == 1);
    CHECK(HostText(asking.answer->addresses[0]) == c.literal);
    CHECK(PortOf(asking.answer->addresses[0]) == 6379);
    CHECK(asking.answer->failure.empty());
  }
}

TEST_CASE("resolver: a name of the hosts file") {
  Asking asking;
  const auto question = asking.Ask("localhost");
  REQUIRE(asking.Await());
  REQUIRE(!asking.answer->addresses.empty());
  for (const SocketAddress& address : asking.answer->addresses) {
    const std::string host = HostText(address);
    CAPTURE(host);
    CHECK((host == "::1" || host.starts_with("127.")));
    CHECK(PortOf(address) == 6379);
  }
}

TEST_CASE("resolver: a name that nobody has: no address, and why") {
  Asking asking;
  const auto question = asking.Ask(kNobody);
  REQUIRE(asking.Await());
  CHECK(asking.answer->addresses.empty());
  CHECK(!asking.answer->failure.empty());
  // After a failure the files are read again; a second question gives the same result.
  asking.answer.reset();
  const auto again = asking.Ask(kNobody);
  REQUIRE(asking.Await());
  CHECK(asking.answer->addresses.empty());
}

TEST_CASE("resolver: a question that was dropped is never answered") {
  Asking asking;
  int answers = 0;
  auto dropped = asking.resolver->Resolve(kNobody, 1, [&](const Resolver::Answer&) { ++answers; });
  const bool was_open = answers == 0;
  dropped.reset();
  const auto other = asking.Ask(kNobody);
  REQUIRE(asking.Await());
  asking.Settle();
  CHECK(answers == (was_open ? 0 : 1));
}

TEST_CASE("resolver: destroyed while a question is open, the question is answered") {
  Asking asking;
  const auto question = asking.Ask(kNobody);
  asking.resolver.reset();
  REQUIRE(asking.Await());
  CHECK(!asking.answer->failure.empty());
}

TEST_CASE("resolver: destroyed with its question, nothing is left") {
  Asking asking;
  auto question = asking.Ask(kNobody);
  asking.resolver.reset();
  question.reset();
  asking.Settle();
}

TEST_CASE("resolver: destroyed from within an answer, early or late") {
  for (const char* host : {"10.0.0.1", "localhost", kNobody}) {
    CAPTURE(host);
    Asking asking;
    bool answered = false;
    Resolver::Question question;
    question = asking.resolver->Resolve(host, 1, [&](const Resolver::Answer&) {
      answered = true;
      asking.resolver.reset();
      question.reset();
    });
    CHECK(asking.loop.RunUntil([&] { return answered; }, kAnswerLimit));
    asking.Settle();
    CHECK(asking.resolver == nullptr);
  }
}

}  // namespace resolver_test
