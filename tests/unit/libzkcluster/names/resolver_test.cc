// One silent, slow, refusing or lying name server of several, in every place of resolv.conf.
#include "names/resolver.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/fakes/fake_dns.h"

namespace resolver_test {

using namespace zkcluster;

namespace {

using namespace std::chrono_literals;
using sim::FakeNames;
using Kind = NameAnswer::Kind;
using List = std::vector<std::string>;
using Manners = FakeNames::Manners;
using Scope = NameQuestion::Scope;

struct Bench {
  explicit Bench(std::size_t servers = 1) : names(world, servers) {
    names.records["s1.test"] = {{"10.0.0.1"}, {}, 60s};
  }

  // How long it took goes to `took`.
  NameAnswer Ask(NameQuestion question) {
    std::optional<NameAnswer> answer;
    const TimePoint begun = world.now();
    const auto pending = resolver->Resolve(std::move(question), [&](const NameAnswer& found) {
      CHECK(!answer);
      answer = found;
    });
    CHECK(!answer);
    REQUIRE(world.RunUntil([&] { return answer.has_value(); }, 60s));
    took = world.now() - begun;
    return *answer;
  }
  NameAnswer Ask(const std::string& name, Scope scope = Scope::kOneServer) {
    NameQuestion question;
    question.name = name;
    question.scope = scope;
    return Ask(std::move(question));
  }

  sim::SimWorld world;
  FakeNames names;
  sim::SimLoop loop{world};
  sim::FakeDns dns{names, loop};
  std::unique_ptr<Resolver> resolver = std::make_unique<Resolver>(loop, dns);
  Duration took{0};
};

List V4(const NameAnswer& answer) {
  return answer.addresses[0].value_or(List{"not answered"});
}
List V6(const NameAnswer& answer) {
  return answer.addresses[1].value_or(List{"not answered"});
}

}  // namespace

TEST_CASE("resolver: a name with addresses of one family, of both, of none") {
  Bench bench;
  bench.names.records["six.test"] = {{}, {"fd00::1"}, 60s};
  bench.names.records["both.test"] = {{"10.0.0.2", "10.0.0.3"}, {"fd00::2"}, 7s};
  bench.names.records["none.test"] = {{}, {}, 60s};
  const auto one = bench.Ask("s1.test");
  CHECK(one.kind == Kind::kFound);
  CHECK(V4(one) == List{"10.0.0.1"});
  CHECK(V6(one).empty());
  CHECK(one.ttl == 60s);
  CHECK(one.full_name == "s1.test");
  CHECK(V6(bench.Ask("six.test")) == List{"fd00::1"});
  const auto both = bench.Ask("both.test");
  CHECK(V4(both) == List{"10.0.0.2", "10.0.0.3"});
  CHECK(V6(both) == List{"fd00::2"});
  CHECK(both.ttl == 7s);
  for (const char* name : {"none.test", "nobody.test"}) {
    const auto none = bench.Ask(name);
    CHECK(none.kind == Kind::kNoSuchName);
    CHECK(none.failure == "the name has no address");
    CHECK(bench.took < 10ms);
  }
}

TEST_CASE("resolver: one bad name server of several, in each place, costs a moment") {
  for (const std::size_t servers : {2UL, 3UL}) {
    for (const Manners manners : {Manners::kSilent, Manners::kRefuses, Manners::kDeniesAll,
                                  Manners::kOnlyV4, Manners::kOnlyV6, Manners::kOnlyPlain}) {
      for (std::size_t bad = 0; bad < servers; ++bad) {
        for (const Scope scope : {Scope::kOneServer, Scope::kAllServers}) {
          CAPTURE(servers);
          CAPTURE(static_cast<int>(manners));
          CAPTURE(bad);
          Bench bench(servers);
          bench.names.records["six.test"] = {{}, {"fd00::1"}, 60s};
          bench.names.server(bad).manners = manners;
          for (int i = 0; i < 3; ++i) {
            const auto four = bench.Ask("s1.test", scope);
            CHECK(four.kind == Kind::kFound);
            CHECK(V4(four) == List{"10.0.0.1"});
            CHECK(bench.took < 300ms);
            const auto six = bench.Ask("six.test", scope);
            CHECK(six.kind == Kind::kFound);
            CHECK(V6(six) == List{"fd00::1"});
            CHECK(bench.took < 300ms);
          }
        }
      }
    }
  }
}

TEST_CASE("resolver: two silent name servers before a good one") {
  Bench bench(3);
  bench.names.server(0).manners = bench.names.server(1).manners = Manners::kSilent;
  CHECK(V4(bench.Ask("s1.test")) == List{"10.0.0.1"});
  CHECK(bench.took < 400ms);
  // Both are remembered: the next question goes to the good one.
  CHECK(V4(bench.Ask("s1.test")) == List{"10.0.0.1"});
  CHECK(bench.took < 10ms);
}

TEST_CASE("resolver: a silent server is tried again after a while") {
  Bench bench(2);
  bench.names.server(0).manners = Manners::kSilent;
  static_cast<void>(bench.Ask("s1.test"));
  const auto packets = bench.names.server(0).packets;
  bench.world.RunFor(10s);
  static_cast<void>(bench.Ask("s1.test"));
  CHECK(bench.names.server(0).packets == packets);
  bench.world.RunFor(ServerMemory::kBehind);
  bench.names.server(0).manners = Manners::kGood;
  static_cast<void>(bench.Ask("s1.test"));
  CHECK(bench.names.server(0).packets > packets);
  CHECK(bench.took < 10ms);
}

TEST_CASE("resolver: a slow server is waited for where there is no other") {
  Bench bench;
  bench.names.server(0).latency = 2s;
  CHECK(bench.Ask("s1.test").kind == Kind::kFound);
  CHECK(bench.took < 2500ms);
}

TEST_CASE("resolver: a server without EDNS is found out, and asked plainly from then on") {
  Bench bench;
  bench.names.server(0).manners = Manners::kOnlyPlain;
  CHECK(V4(bench.Ask("s1.test")) == List{"10.0.0.1"});
  CHECK(bench.took < 300ms);
  const auto packets = bench.names.packets();
  CHECK(V4(bench.Ask("s1.test")) == List{"10.0.0.1"});
  CHECK(bench.took < 10ms);
  CHECK(bench.names.packets() == packets + 2);
}

TEST_CASE("resolver: no name server answers") {
  for (const Manners manners : {Manners::kSilent, Manners::kRefuses}) {
    Bench bench(2);
    bench.names.server(0).manners = bench.names.server(1).manners = manners;
    const auto answer = bench.Ask("s1.test");
    CHECK(answer.kind == Kind::kNoAnswer);
    CHECK(answer.failure == (manners == Manners::kSilent ? "silent" : "refused"));
    CHECK(bench.took <= Dns::kLimit + 1s);
  }
}

TEST_CASE("resolver: name servers that disagree: asked all, the addresses of all count") {
  for (const std::size_t liar : {0UL, 1UL}) {
    Bench bench(2);
    bench.names.server(liar).manners = Manners::kLies;
    auto addresses = V4(bench.Ask("s1.test", Scope::kAllServers));
    std::ranges::sort(addresses);
    CHECK(addresses == List{"10.0.0.1", "192.0.2.99"});
  }
}

TEST_CASE("resolver: addresses that nobody can have are no addresses") {
  for (const char* lie : {"0.0.0.0", "255.255.255.255", "224.0.0.1", "0.1.2.3"}) {
    Bench bench(2);
    bench.names.server(0).manners = Manners::kLies;
    bench.names.server(0).lie = lie;
    CHECK(V4(bench.Ask("s1.test", Scope::kAllServers)) == List{"10.0.0.1"});
    CHECK(V4(bench.Ask("s1.test", Scope::kOneServer)) == List{"10.0.0.1"});
  }
}

TEST_CASE("resolver: search domains") {
  Bench bench;
  bench.names.search = {"a.test", "b.test"};
  bench.names.records["db.b.test"] = {{"10.0.0.7"}, {}, 60s};
  bench.names.records["db.a.test."] = {};
  const auto found = bench.Ask("db");
  CHECK(V4(found) == List{"10.0.0.7"});
  CHECK(found.full_name == "db.b.test");
  CHECK(bench.Ask("db.").kind == Kind::kNoSuchName);
  CHECK(V4(bench.Ask("s1.test")) == List{"10.0.0.1"});
  // What was found before is asked for first and alone.
  const auto packets = bench.names.packets();
  NameQuestion again;
  again.name = "db";
  again.full_name = "db.b.test";
  CHECK(V4(bench.Ask(again)) == List{"10.0.0.7"});
  CHECK(bench.names.packets() == packets + 2);
}

TEST_CASE("resolver: the hosts file comes first, and localhost needs none") {
  Bench bench;
  bench.names.hosts["s1.test"] = {"10.9.9.9", "fd00::9"};
  const auto found = bench.Ask("s1.test");
  CHECK(V4(found) == List{"10.9.9.9"});
  CHECK(V6(found) == List{"fd00::9"});
  CHECK(V4(bench.Ask("LocalHost")) == List{"127.0.0.1"});
  CHECK(bench.names.packets() == 0);
}

TEST_CASE("resolver: in no second more packets than the limit, whatever is asked") {
  for (const Manners manners : {Manners::kGood, Manners::kSilent, Manners::kRefuses}) {
    Bench bench(2);
    bench.names.server(0).manners = bench.names.server(1).manners = manners;
    std::vector<Resolver::Pending> pending;
    int answers = 0;
    for (int i = 0; i < 1000; ++i) {
      NameQuestion question;
      question.name = "n" + std::to_string(i) + ".test";
      pending.push_back(bench.resolver->Resolve(question, [&](const NameAnswer&) { ++answers; }));
    }
    for (int second = 0; second < 20; ++second) {
      const auto before = bench.names.packets();
      bench.world.RunFor(1s);
      CHECK(bench.names.packets() - before <= 50);
    }
    CHECK(answers > 0);
    pending.clear();
    const auto before = bench.names.packets();
    bench.world.RunFor(10s);
    CHECK(bench.names.packets() == before);  // nobody waits any more
  }
}

TEST_CASE("resolver: a thousand names that are new are known within seconds") {
  Bench bench;
  std::vector<Resolver::Pending> pending;
  int found = 0;
  for (int i = 0; i < 1000; ++i) {
    NameQuestion question;
    question.name = "n" + std::to_string(i) + ".test";
    question.lane = NameQuestion::Lane::kFirst;
    bench.names.records[question.name] = {{"10.0.0.1"}, {}, 60s};
    pending.push_back(bench.resolver->Resolve(
        question, [&](const NameAnswer& answer) { found += answer.kind == Kind::kFound ? 1 : 0; }));
  }
  CHECK(bench.world.RunUntil([&] { return found == 1000; }, 5s));
}

TEST_CASE("resolver: a question that was dropped is never answered") {
  Bench bench;
  int answers = 0;
  NameQuestion question;
  question.name = "s1.test";
  auto waiting = bench.resolver->Resolve(question, [&](const NameAnswer&) { ++answers; });
  waiting.reset();
  auto open = bench.resolver->Resolve(question, [&](const NameAnswer&) { ++answers; });
  bench.world.RunFor(500us);
  CHECK(bench.names.packets() > 0);
  open.reset();
  bench.world.RunFor(10s);
  CHECK(answers == 0);
}

}  // namespace resolver_test
