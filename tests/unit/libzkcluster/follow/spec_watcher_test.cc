#include "follow/spec_watcher.h"

#include <doctest/doctest.h>

#include "tests/support/client_world.h"

namespace spec_watcher_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using Trouble = SpecWatcher::Trouble;

namespace {

struct Watching : ClientWorld {
  explicit Watching(std::uint64_t seed = 1) : ClientWorld(seed) {}

  void Watch() {
    watcher = std::make_unique<SpecWatcher>(
        loop, *client, paths, [this](const SpecWatcher::State& state) { states.push_back(state); });
  }
  const SpecWatcher::State& last() {
    REQUIRE_FALSE(states.empty());
    return states.back();
  }

  SimLoop loop{world, "reader"};
  std::unique_ptr<zk::Client> client = ensemble.NewClient(loop, std::chrono::seconds(10));
  std::vector<SpecWatcher::State> states;
  std::unique_ptr<SpecWatcher> watcher;
};

ClusterSpec Versioned(ClusterSpec spec, std::uint64_t version) {
  spec.version = version;
  return spec;
}

}  // namespace

TEST_CASE("spec watcher: absent, created, updated, deleted, created again") {
  Watching w;
  w.Watch();
  w.Run();
  CHECK(w.last().trouble == Trouble::kAbsent);
  CHECK_FALSE(w.last().spec);

  w.PutSpec(Versioned(TestSpec(), 100));
  w.Run();
  REQUIRE(w.last().spec);
  CHECK(w.last().trouble == Trouble::kNone);
  CHECK(w.last().spec->spec == Versioned(TestSpec(), 100));
  CHECK(w.last().spec->id == SpecId{100, w.ensemble.Get(w.paths.shards())->stat.mzxid});
  const auto first = w.last().spec->incarnation;
  CHECK(first == w.ensemble.Get(w.paths.base())->stat.czxid);

  w.PutSpec(Versioned(TestSpec(4), 101));
  w.Run();
  CHECK(w.last().spec->spec.shards.size() == 4);
  CHECK(w.last().spec->base_version == 1);
  CHECK(w.last().spec->incarnation == first);

  w.ensemble.Remove(w.paths.base());
  w.Run();
  CHECK(w.last().trouble == Trouble::kAbsent);
  CHECK_FALSE(w.last().spec);
  w.PutSpec(Versioned(TestSpec(2), 50));
  w.Run();
  CHECK(w.last().spec->spec.shards.size() == 2);
  CHECK(w.last().spec->incarnation > first);
}

TEST_CASE(
    "spec watcher: what our manager writes is never seen mixed, however reads straddle the "
    "changes") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Watching w(seed);
    w.PutSpec(Versioned(TestSpec(1), 1));
    w.Watch();
    // The version, the number of shards and the points have the same number.
    for (int i = 2; i <= 60; ++i) {
      w.world.RunFor(w.world.Between(Duration(0), std::chrono::milliseconds(3)));
      auto spec = Versioned(TestSpec(i), static_cast<std::uint64_t>(i));
      spec.ring = ConsistentRing{i};
      if (i % 20 == 0) w.ensemble.Remove(w.paths.base());
      w.PutSpec(spec);
    }
    w.Run();
    for (const auto& state : w.states) {
      CHECK((state.trouble == Trouble::kNone || state.trouble == Trouble::kAbsent));
      if (!state.spec || state.spec->spec.version == 1) continue;
      CHECK(state.spec->spec.shards.size() == state.spec->spec.version);
      CHECK(static_cast<std::uint64_t>(std::get<ConsistentRing>(state.spec->spec.ring).points) ==
            state.spec->spec.version);
    }
    CHECK(w.last().spec->spec.version == 60);
  }
}

TEST_CASE("spec watcher: delete and create between two reads is another incarnation") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Watching w(seed);
    w.PutSpec(Versioned(TestSpec(), 7));
    w.Watch();
    w.Run();
    const auto first = w.last().spec->incarnation;
    w.ensemble.Remove(w.paths.base());
    w.PutSpec(Versioned(TestSpec(), 7));
    w.Run();
    CHECK(w.last().trouble == Trouble::kNone);
    CHECK(w.last().spec->incarnation > first);
  }
}

TEST_CASE("spec watcher: a Go manager writes the three one after the other") {
  Watching w;
  w.ensemble.Put(w.paths.base(), "10");
  w.Watch();
  w.Run();
  CHECK(w.last().trouble == Trouble::kIncomplete);
  CHECK_FALSE(w.last().spec);
  w.ensemble.Put(w.paths.shards(), R"([{"Name":"a","Addr":":1"}])");
  w.Run();
  CHECK(w.last().trouble == Trouble::kIncomplete);
  w.ensemble.Put(w.paths.options(),
                 R"({"FailoverEnabled":true,"RingType":"Consistent","RingParams":"160"})");
  w.Run();
  CHECK(w.last().trouble == Trouble::kNone);
  CHECK(w.last().spec->spec.shards.size() == 1);

  // Its update: the list first, then the version.
  w.ensemble.Put(w.paths.shards(), R"([{"Name":"a","Addr":":1"},{"Name":"b","Addr":":2"}])");
  w.Run(std::chrono::milliseconds(1));
  w.ensemble.Put(w.paths.base(), "11");
  w.Run();
  CHECK(w.last().spec->spec.version == 11);
  CHECK(w.last().spec->spec.shards.size() == 2);
}

TEST_CASE("spec watcher: undecodable bytes in each znode keep the last good spec") {
  Watching w;
  const auto good = EncodeSpec(Versioned(TestSpec(), 5));
  w.PutSpec(Versioned(TestSpec(), 5));
  w.Watch();
  w.Run();
  struct Case {
    std::string path, bad, good;
  };
  for (const Case& c :
       {Case{w.paths.base(), "yesterday", good.version},
        Case{w.paths.shards(), "[{\xff", good.shards}, Case{w.paths.shards(), "[]", good.shards},
        Case{w.paths.shards(), R"([{"Name":"a","Addr":":1"},{"Name":"a","Addr":":2"}])",
             good.shards},
        Case{w.paths.options(), "", good.options},
        Case{w.paths.options(), R"({"RingType":"consistent","RingParams":"0"})", good.options}}) {
    CAPTURE(c.path);
    CAPTURE(c.bad);
    w.ensemble.Put(c.path, c.bad);
    w.Run();
    CHECK(w.last().trouble == Trouble::kBad);
    CHECK_FALSE(w.last().error.empty());
    REQUIRE(w.last().spec);
    CHECK(w.last().spec->spec == Versioned(TestSpec(), 5));
    w.ensemble.Put(c.path, c.good);
    w.Run();
    CHECK(w.last().trouble == Trouble::kNone);
  }
}

TEST_CASE("spec watcher: a spec made for a newer zkcluster keeps the last good one and says so") {
  Watching w;
  const auto good = EncodeSpec(Versioned(TestSpec(), 5));
  w.PutSpec(Versioned(TestSpec(), 5));
  w.Watch();
  w.Run();
  CHECK_FALSE(w.last().standing.newer);
  w.ensemble.Put(w.paths.options(), R"({"RingType":"slots","Needs":["slots","replicas"]})");
  w.Run();
  CHECK(w.last().trouble == Trouble::kBad);
  CHECK(w.last().error.find("made for a newer zkcluster: it needs slots, replicas") !=
        std::string::npos);
  CHECK(w.last().standing.newer);
  REQUIRE(w.last().spec);
  CHECK(w.last().spec->spec == Versioned(TestSpec(), 5));
  // Bad, but not because it needs a newer one.
  w.ensemble.Put(w.paths.options(), R"({"RingType":"slots","Needs":[]})");
  w.Run();
  CHECK(w.last().trouble == Trouble::kBad);
  CHECK_FALSE(w.last().standing.newer);
  w.ensemble.Put(w.paths.options(), good.options);
  w.Run();
  CHECK(w.last().trouble == Trouble::kNone);
}

TEST_CASE("spec watcher: a Go delete that stopped half-way keeps the spec and says so") {
  Watching w;
  w.PutSpec(Versioned(TestSpec(), 5));
  w.Watch();
  w.Run();
  w.ensemble.Remove(w.paths.shards());
  w.ensemble.Remove(w.paths.options());
  w.Run();
  CHECK(w.last().trouble == Trouble::kIncomplete);
  REQUIRE(w.last().spec);
  // Deleted properly and created again, again without shards:
  // the old spec is no fallback for this one.
  w.ensemble.Remove(w.paths.base());
  w.ensemble.Put(w.paths.base(), "6");
  w.Run();
  CHECK(w.last().trouble == Trouble::kIncomplete);
  CHECK_FALSE(w.last().spec);
}

TEST_CASE("spec watcher: connection resets, lost answers and expiry while a Go manager writes") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    Watching w(seed);
    w.PutSpec(Versioned(TestSpec(1), 1));
    w.Watch();
    for (int i = 2; i <= 10; ++i) {
      const auto payloads = EncodeSpec(Versioned(TestSpec(i), static_cast<std::uint64_t>(i)));
      for (const auto& [path, data] : {std::pair{w.paths.shards(), payloads.shards},
                                       std::pair{w.paths.options(), payloads.options},
                                       std::pair{w.paths.base(), payloads.version}}) {
        w.ensemble.Put(path, data);
        w.world.RunFor(w.world.Between(Duration(0), std::chrono::milliseconds(4)));
        switch (w.world.Below(8)) {
          case 0:
            w.ensemble.Reset(*w.client);
            break;
          case 1:
            w.ensemble.LoseAnswers(*w.client, 1);
            break;
          case 2:
            w.ensemble.DropRequests(*w.client, 1);
            break;
          case 3:
            w.ensemble.Expire(*w.client);
            break;
          default:
            break;
        }
      }
    }
    w.Run(std::chrono::minutes(2));
    CHECK(w.last().trouble == Trouble::kNone);
    REQUIRE(w.last().spec);
    CHECK(w.last().spec->spec == Versioned(TestSpec(10), 10));
    for (const auto& state : w.states) CHECK(state.trouble == Trouble::kNone);
  }
}

TEST_CASE("spec watcher: destroyed from within its callback") {
  Watching w;
  w.PutSpec(Versioned(TestSpec(), 5));
  int calls = 0;
  w.watcher = std::make_unique<SpecWatcher>(w.loop, *w.client, w.paths, [&](const auto& state) {
    w.watcher.reset();
    CHECK(state.spec->spec.version == 5);
    ++calls;
  });
  w.Run();
  w.PutSpec(Versioned(TestSpec(), 6));
  w.Run();
  CHECK(calls == 1);
}

}  // namespace spec_watcher_test
