// Names are hints about addresses: the last good ones stay, moves are noticed within the TTL, and
// one question serves everybody.
#include "names/name_book.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "names/remote_names.h"
#include "tests/fakes/fake_dns.h"

namespace name_book_test {

using namespace zkcluster;

namespace {

using namespace std::chrono_literals;
using sim::FakeNames;
using List = std::vector<std::string>;
using Manners = FakeNames::Manners;
using Standing = NameState::Standing;

struct Bench {
  explicit Bench(std::size_t servers = 1) : names(world, servers) { Move({"10.0.0.1"}); }

  void Move(List to, Duration ttl = 60s) { names.records["s1.test"] = {std::move(to), {}, ttl}; }
  // Follows; what is reported goes to `reported`.
  [[nodiscard]] Names::Following Follow(const std::string& name = "s1.test") {
    return book->Follow(name, [this](const NameState& state) { reported.push_back(state); });
  }
  [[nodiscard]] NameState Last() const { return reported.empty() ? NameState() : reported.back(); }

  sim::SimWorld world;
  FakeNames names;
  sim::SimLoop loop{world};
  sim::FakeDns dns{names, loop};
  Resolver resolver{loop, dns};
  std::unique_ptr<NameBook> book = std::make_unique<NameBook>(loop, resolver);
  std::vector<NameState> reported;
};

NameState Resolves(List addresses) {
  return {Standing::kResolves, std::move(addresses)};
}

}  // namespace

TEST_CASE("name book: a followed name is reported once, and again when it changes") {
  Bench bench;
  const auto following = bench.Follow();
  CHECK(bench.reported.empty());
  bench.world.RunFor(1s);
  CHECK(bench.reported == std::vector{Resolves({"10.0.0.1"})});
  bench.world.RunFor(10min);
  CHECK(bench.reported.size() == 1);
  bench.Move({"10.0.0.2"});
  bench.world.RunFor(60s);
  CHECK(bench.reported.size() == 2);
  CHECK(bench.Last() == Resolves({"10.0.0.2"}));
}

TEST_CASE("name book: a move is noticed within the TTL, kept between 5 s and 5 min") {
  const struct {
    Duration ttl;
    Duration within;
  } cases[] = {{0s, 5s}, {1s, 5s}, {20s, 20s}, {86400s, 5min}};
  for (const auto& c : cases) {
    CAPTURE(c.ttl.count());
    Bench bench;
    bench.Move({"10.0.0.1"}, c.ttl);
    const auto following = bench.Follow();
    bench.world.RunFor(1s);
    bench.Move({"10.0.0.2"}, c.ttl);
    bench.world.RunFor(c.within - 1s);
    CHECK(bench.Last() == Resolves({"10.0.0.2"}));
    // And it costs no more than it must: one question each, at the earliest 10 % too soon, and one
    // about the other family each 5 min.
    const auto packets = bench.names.packets();
    bench.world.RunFor(c.within * 10);
    CHECK(bench.names.packets() - packets <= (c.within == 5min ? 24 : 14));
  }
}

TEST_CASE("name book: the last good address stays when the name is gone or no server answers") {
  for (const bool gone : {true, false}) {
    Bench bench(2);
    bench.Move({"10.0.0.1"}, 0s);
    const auto following = bench.Follow();
    bench.world.RunFor(1s);
    if (gone) {
      bench.names.records.clear();
    } else {
      bench.names.server(0).manners = bench.names.server(1).manners = Manners::kSilent;
    }
    bench.world.RunFor(1min);
    CHECK(bench.Last() == NameState{gone ? Standing::kGone : Standing::kUnanswered, {"10.0.0.1"}});
    // It is back, elsewhere.
    bench.Move({"10.0.0.2"});
    bench.names.server(0).manners = bench.names.server(1).manners = Manners::kGood;
    bench.world.RunFor(NameBook::kLongestRetry + 5s);
    CHECK(bench.Last() == Resolves({"10.0.0.2"}));
  }
}

TEST_CASE("name book: a name server that says 'no such name' does not take an address away") {
  for (const std::size_t liar : {0UL, 1UL}) {
    Bench bench(2);
    bench.Move({"10.0.0.1"}, 0s);
    bench.names.server(liar).manners = Manners::kDeniesAll;
    const auto following = bench.Follow();
    bench.world.RunFor(2min);
    CHECK(bench.reported == std::vector{Resolves({"10.0.0.1"})});
  }
}

TEST_CASE("name book: a server that begins to lie adds an address, and takes none away") {
  for (const std::size_t liar : {0UL, 1UL}) {
    CAPTURE(liar);
    Bench bench(2);
    bench.Move({"10.0.0.1"}, 0s);
    const auto following = bench.Follow();
    bench.world.RunFor(10s);
    bench.names.server(liar).manners = Manners::kLies;
    bench.world.RunFor(2min);
    for (const NameState& state : bench.reported) {
      CHECK(std::ranges::find(state.addresses, "10.0.0.1") != state.addresses.end());
    }
  }
}

TEST_CASE("name book: a liar that answers first does not keep the others from being heard") {
  Bench bench(2);
  bench.Move({"10.0.0.1"}, 0s);
  bench.names.server(0).manners = Manners::kLies;
  bench.names.server(1).latency = 140ms;  // later than the grace
  const auto following = bench.Follow();
  bench.world.RunFor(30s);
  const List addresses = bench.Last().addresses;
  CHECK(std::ranges::find(addresses, "10.0.0.1") != addresses.end());
}

TEST_CASE("name book: a liar, while the honest server was silent a moment ago") {
  Bench bench(2);
  bench.Move({"10.0.0.1"}, 0s);
  bench.names.server(1).manners = Manners::kSilent;
  const auto following = bench.Follow();
  bench.world.RunFor(10s);
  bench.names.server(0).manners = Manners::kLies;
  bench.names.server(1).manners = Manners::kGood;
  bench.world.RunFor(10s);
  const List addresses = bench.Last().addresses;
  CHECK(std::ranges::find(addresses, "10.0.0.1") != addresses.end());
}

TEST_CASE("name book: a name that never resolved is asked for again soon, then less often") {
  Bench bench;
  bench.names.records.clear();
  const auto following = bench.Follow();
  bench.world.RunFor(1s);
  CHECK(bench.Last() == NameState{Standing::kGone, {}});
  const auto packets = bench.names.packets();
  bench.world.RunFor(100s);
  CHECK(bench.names.packets() - packets <= 50);
  bench.Move({"10.0.0.3"});
  bench.world.RunFor(NameBook::kLongestFirstRetry);
  CHECK(bench.Last() == Resolves({"10.0.0.3"}));
}

TEST_CASE("name book: one question for all followers of a name") {
  Bench bench;
  std::vector<Names::Following> following;
  for (int i = 0; i < 100; ++i)
    following.push_back(bench.Follow(i % 2 == 0 ? "s1.test" : "S1.Test"));
  bench.world.RunFor(1s);
  CHECK(bench.reported.size() == 100);
  CHECK(bench.names.packets() == 2);
  CHECK(bench.book->size() == 1);
  // A later follower gets what is known.
  following.push_back(bench.Follow());
  bench.world.RunFor(1ms);
  CHECK(bench.reported.size() == 101);
  CHECK(bench.names.packets() == 2);
  following.clear();
  bench.world.RunFor(10min);
  CHECK(bench.names.packets() == 2);  // it has no followers
}

TEST_CASE("name book: a follower that has left gets no report") {
  Bench bench;
  auto first = bench.Follow();
  first.reset();
  bench.world.RunFor(1s);
  CHECK(bench.reported.empty());
  auto second = bench.Follow();
  second.reset();
  bench.world.RunFor(1s);
  CHECK(bench.reported.empty());
  // One that leaves within its own call, and the book with it.
  Names::Following third;
  int calls = 0;
  third = bench.book->Follow("s1.test", [&](const NameState&) {
    ++calls;
    third.reset();
  });
  bench.world.RunFor(10min);
  CHECK(calls == 1);
}

TEST_CASE("name book: an address is kept for a name that is dropped and followed again") {
  Bench bench;
  auto following = bench.Follow();
  bench.world.RunFor(1s);
  bench.names.server(0).manners = Manners::kSilent;
  following.reset();
  following = bench.Follow();
  bench.world.RunFor(1min);
  CHECK(bench.Last().addresses == List{"10.0.0.1"});
}

TEST_CASE("name book: asked on demand: fresh answers are shared, old ones outlive the servers") {
  Bench bench;
  std::optional<NameState> answer;
  const auto ask = [&](Duration max_age) {
    answer.reset();
    const auto asking =
        bench.book->Ask("s1.test", max_age, [&](const NameState& state) { answer = state; });
    CHECK(!answer);
    bench.world.RunFor(6s);
    REQUIRE(answer);
    return *answer;
  };
  CHECK(ask(0s) == Resolves({"10.0.0.1"}));
  const auto packets = bench.names.packets();
  CHECK(ask(1min) == Resolves({"10.0.0.1"}));
  CHECK(bench.names.packets() == packets);
  bench.Move({"10.0.0.2"});
  CHECK(ask(1s) == Resolves({"10.0.0.2"}));
  bench.names.server(0).manners = Manners::kSilent;
  CHECK(ask(1s) == NameState{Standing::kUnanswered, {"10.0.0.2"}});
  CHECK(bench.book->Known("S1.test") == List{"10.0.0.2"});
  CHECK(bench.book->Known("other.test").empty());
  // A question that was dropped.
  answer.reset();
  auto dropped = bench.book->Ask("s1.test", 1h, [&](const NameState& state) { answer = state; });
  dropped.reset();
  bench.world.RunFor(10s);
  CHECK(!answer);
}

TEST_CASE("name book: an address family is kept while its answers are missing") {
  Bench bench;
  bench.names.records["s1.test"] = {{"10.0.0.1"}, {"fd00::1"}, 0s};
  const auto following = bench.Follow();
  bench.world.RunFor(1s);
  bench.names.server(0).manners = Manners::kOnlyV4;
  bench.world.RunFor(1min);
  CHECK(bench.Last() == Resolves({"10.0.0.1", "fd00::1"}));
  bench.names.server(0).manners = Manners::kGood;
  bench.names.records["s1.test"].v6.clear();
  bench.world.RunFor(6s);
  CHECK(bench.Last() == Resolves({"10.0.0.1"}));
}

TEST_CASE("name book: followed from another loop") {
  Bench bench;
  sim::SimLoop other(bench.world, "worker");
  auto remote = std::make_unique<RemoteNames>(other, bench.loop, *bench.book);
  std::vector<NameState> reported;
  auto following =
      remote->Follow("s1.test", [&](const NameState& state) { reported.push_back(state); });
  auto dropped =
      remote->Follow("s1.test", [&](const NameState& state) { reported.push_back(state); });
  dropped.reset();
  bench.world.RunFor(1s);
  CHECK(reported == std::vector{Resolves({"10.0.0.1"})});
  following.reset();
  bench.world.RunFor(10min);
  CHECK(bench.names.packets() == 2);
  following = remote->Follow("s1.test", [&](const NameState& state) { reported.push_back(state); });
  remote.reset();
  bench.Move({"10.0.0.2"});
  bench.world.RunFor(10min);
  CHECK(reported.size() == 1);
}

}  // namespace name_book_test
