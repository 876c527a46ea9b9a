// Whole checkers and clients in a simulated world with random faults. The judges find no violation
// in the histories that production code writes.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>

#include "tests/support/judged_site.h"

namespace sim_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace zkcluster::history;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

// The faults, one at a time.
class Trouble {
 public:
  explicit Trouble(JudgedSite& site) : site_(site), spec_(site.MakeSpec(kName, 4)) {
    spec_.checkers = 3;
    site_.Create(spec_);
    for (const char* id : {"c1", "c2", "c3"}) Start(id);
    site_.world.RunFor(5s);
  }

  void Step() {
    switch (Below(27)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const Server servers[] = {Server::kUp, Server::kRefused, Server::kHung, Server::kUp};
        return site_.fleet.Set(spec_.shards[Below(spec_.shards.size())].addr, servers[Below(4)]);
      }
      case 4:
        return Kill();
      case 5:
        return Start(fmt::format("c{}", 1 + Below(4)));
      case 6:
        if (SimChecker* checker = Any()) checker->loop().Pause(std::chrono::seconds(Below(12)));
        return;
      case 7:
        if (SimChecker* checker = Any()) site_.ensemble.Expire(checker->client());
        return;
      case 8:
        if (SimChecker* checker = Any()) site_.ensemble.Reset(checker->client());
        return;
      case 9:
        if (SimChecker* checker = Any()) site_.ensemble.Mute(checker->client());
        return;
      case 10:
      case 11:
        for (auto& checker : site_.checkers) site_.ensemble.Reconnect(checker->client());
        return;
      case 12:
        if (SimChecker* checker = Any()) {
          site_.ensemble.LoseAnswers(checker->client(), 1 + static_cast<int>(Below(3)));
        }
        return;
      case 13:
      case 14:
        return Update();
      case 15:
        site_.Delete(kName);
        if (Below(2) == 0) site_.world.RunFor(2s);
        return site_.Create(spec_);
      case 16:
        return Corrupt();
      case 17:
        if (SimChecker* checker = Any()) {
          checker->loop().SetWallOffset(std::chrono::seconds(Below(200)) - 100s);
        }
        return;
      case 18:
        return Go();
      case 19:
        if (SimChecker* checker = Any()) {
          site_.fleet.SetReach(checker->id(), spec_.shards[Below(spec_.shards.size())].addr,
                               FakeFleet::Reach::kDropped);
        }
        return;
      case 20:
        return site_.fleet.HealAll();
      case 21:
        site_.ensemble.Down();
        site_.world.RunFor(std::chrono::seconds(Below(20)));
        return site_.ensemble.Up();
      case 22:
        return RemoveCandidate();
      case 23:
      case 24:
        return Order();
      case 25:
        site_.ensemble.Put(kPaths.options(), "bad");  // until the next update
        return;
      case 26:
        Update();
        site_.world.RunFor(std::chrono::milliseconds(Below(10)));
        return Update();
      default:
        return;
    }
  }

 private:
  std::size_t Below(std::size_t bound) { return site_.world.Below(bound); }
  SimChecker* Any() {
    return site_.checkers.empty() ? nullptr : site_.checkers[Below(site_.checkers.size())].get();
  }
  // Up to six processes, of up to four ids: twins and ghosts.
  void Start(const std::string& id) {
    if (site_.checkers.size() < 6) site_.Start(id);
  }
  void Kill() {
    if (!site_.checkers.empty()) {
      site_.checkers.erase(site_.checkers.begin() +
                           static_cast<std::ptrdiff_t>(Below(site_.checkers.size())));
    }
  }
  void Update() {
    ClusterSpec next = spec_;
    switch (Below(6)) {
      case 0:
        if (next.shards.size() > 1) {
          next.shards.erase(next.shards.begin() +
                            static_cast<std::ptrdiff_t>(Below(next.shards.size())));
        }
        break;
      case 1:
        next.shards.push_back({fmt::format("n{}", ++names_), fmt::format("10.0.1.1:{}", names_)});
        site_.fleet.Set(next.shards.back().addr, Server::kUp);
        break;
      case 2:
        next.shards[Below(next.shards.size())].addr = fmt::format("10.0.2.1:{}", ++names_);
        break;
      case 3:
        next.mirror_limit = Below(2) == 0 ? std::optional<std::size_t>(0) : std::nullopt;
        break;
      case 4:
        next.checkers = Below(2) == 0 ? std::optional<int>(3) : std::nullopt;
        break;
      case 5:
        next.max_dead_fraction = Below(2) == 0 ? std::optional<double>(0.5) : std::nullopt;
        break;
    }
    spec_ = next;
    // Overwrites the current spec, good or bad, as a manager does.
    spec_.version = ++version_;
    const auto payloads = EncodeSpec(spec_);
    REQUIRE(
        site_.ensemble.Commit({zk::SetOp{kPaths.base(), payloads.version, zk::kAnyVersion},
                               zk::SetOp{kPaths.shards(), payloads.shards, zk::kAnyVersion},
                               zk::SetOp{kPaths.options(), payloads.options, zk::kAnyVersion}}));
  }
  void RemoveCandidate() {
    const auto nodes = site_.ensemble.Children(kPaths.election());
    if (!nodes.empty()) site_.ensemble.Remove(kPaths.candidate(nodes[Below(nodes.size())]));
  }
  // Writes what operators may order, as an outsider.
  void Order() {
    const auto node = site_.ensemble.Get(kPaths.ledger());
    const auto decoded = node ? DecodeLedger(node->data) : Result<Ledger>(Ledger());
    if (!node || !decoded) return;
    Ledger ledger = *decoded;
    switch (Below(4)) {
      case 0:
        ledger.pause = Pause{Micros(1), site_.world.wall_now() + std::chrono::seconds(Below(20)),
                             "ann", "test"};
        break;
      case 1:
        ledger.pause.reset();
        break;
      case 2:
        ledger.freeze.frozen = false;
        ledger.freeze.accept = Below(2) == 0;
        break;
      case 3:
        if (!ledger.electorate.empty()) ledger.electorate.erase(ledger.electorate.begin());
        break;
    }
    site_.ensemble.Put(kPaths.ledger(), EncodeLedger(ledger));
  }
  // An outsider writes bad bytes, or removes the znode. The spec is repaired at once, or
  // with its next update.
  void Corrupt() {
    const std::string paths[] = {kPaths.head(),     kPaths.chunk(0),    kPaths.ledger(),
                                 kPaths.mirror(),   kPaths.leader(),    kPaths.vote("c1"),
                                 kPaths.vote("c2"), kPaths.go_voters(), kPaths.options()};
    const std::string& path = paths[Below(std::size(paths))];
    if (!site_.ensemble.Exists(path)) return;
    if (Below(2) == 0 && path != kPaths.options() && path != kPaths.go_voters()) {
      return site_.ensemble.Remove(path);
    }
    const std::string before = site_.ensemble.Get(path)->data;
    site_.ensemble.Put(path, "\xff{[");
    site_.world.RunFor(std::chrono::milliseconds(Below(5000)));
    if (path == kPaths.options()) site_.ensemble.Put(path, before);
  }
  void Go() {
    const std::string path = kPaths.go_voters() + "/n_0000000001";
    site_.ensemble.PutEphemeral(path, "{}");
    site_.ensemble.Put(kPaths.go_voters(), "ring");
    site_.world.RunFor(std::chrono::seconds(Below(5)));
    site_.ensemble.Remove(path);
  }

  JudgedSite& site_;
  ClusterSpec spec_;
  int names_ = 0;
  std::uint64_t version_ = 1ull << 60;
};

}  // namespace

TEST_CASE("histories of checkers under random faults break nothing") {
  HistoryJudge::Counters sum;
  std::uint64_t tables = 0;
  const char* const first = std::getenv("ZKC_SEED");
  const char* const count = std::getenv("ZKC_SEEDS");
  const auto from = first != nullptr ? std::stoull(first) : 1ull;
  const auto seeds = count != nullptr ? std::stoull(count) : 10ull;
  for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
    CAPTURE(seed);
    JudgedSite site(seed);
    Trouble trouble(site);
    for (int step = 0; step < 60; ++step) {
      trouble.Step();
      site.world.RunFor(std::chrono::milliseconds(site.world.Below(4000)));
    }
    CHECK_MESSAGE(site.Violations().empty(), site.Violations());
    sum.commits += site.judge.counters().commits;
    sum.flips += site.judge.counters().flips;
    sum.take_overs += site.judge.counters().take_overs;
    sum.incarnations += site.judge.counters().incarnations;
    for (const auto& reader : site.readers) tables += reader->tables.tables();
  }
  MESSAGE(seeds << " seeds, " << sum.incarnations << " clusters, " << sum.take_overs
                << " take-overs, " << sum.commits << " commits, " << sum.flips << " flips, "
                << tables << " tables");
  CHECK(sum.flips > seeds);
  CHECK(sum.take_overs > seeds);
  CHECK(tables > seeds);
}

}  // namespace sim_test
