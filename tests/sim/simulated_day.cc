// tests/sim/simulated-day [DAYS]: a day of virtual time that repeats the same twenty minutes of
// faults: shards die and return, the leader is killed, sessions expire, the ensemble goes away, the
// spec changes. If production code kept something per event, per session or per leadership, the
// heap would grow with each round. Exits with 1 if the heap grows.
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "follow/status_watcher.h"
#include "tests/fakes/sim_checker.h"

namespace {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

constexpr const char* kName = "c";
constexpr int kShards = 6;
constexpr Duration kRound = 20min;
// The first day fills the journal, which the fake ensemble keeps on the same heap;
// the second counts.
constexpr int kDay = 24 * 3;
// In twelve days the heap gained 12 kB in all, more and more slowly: numbers get longer, pieces no
// longer fit their gaps. Forty bytes kept for each flip would exceed that within a day.
constexpr std::size_t kSlack = 16 * 1024;

std::size_t HeapInUse() {
  return mallinfo2().uordblks;
}

class Day {
 public:
  Day() {
    site_.ensemble.KeepHistory(100);
    spec_ = site_.MakeSpec(kName, kShards);
    spec_.checkers = 3;
    site_.Create(spec_);
    for (const char* id : {"c1", "c2", "c3"}) Start(id);
    watcher_ = std::make_unique<StatusWatcher>(
        reader_, *client_, ClusterPaths(SimSite::kRoot, kName), false,
        StatusWatcher::Callbacks{[this](const auto&) { ++tables_; }, [](const auto&) {}});
  }

  // Each round begins and ends with the same world: three checkers, six shards alive.
  bool Round() {
    const auto end = site_.world.now() + kRound;
    for (int n = 1; n <= kShards; ++n) {
      const std::string addr = "10.0.0.1:" + std::to_string(n);
      site_.fleet.Set(addr, n % 2 == 0 ? Server::kHung : Server::kRefused);
      site_.world.RunFor(20s);
      site_.fleet.Set(addr, Server::kUp);
      site_.world.RunFor(20s);
    }
    const std::string leader = site_.LeaderOf(kName)->id;
    site_.Kill(leader);
    site_.world.RunFor(10s);
    Start(leader);
    site_.world.RunFor(30s);
    for (const auto& checker : site_.checkers) site_.ensemble.Expire(checker->client());
    site_.ensemble.Expire(*client_);
    site_.world.RunFor(30s);
    site_.ensemble.Down();
    site_.world.RunFor(30s);
    site_.ensemble.Up();
    site_.world.RunFor(60s);
    std::swap(spec_.shards[0], spec_.shards[1]);
    site_.Update(spec_);
    site_.world.RunUntil([] { return false; }, end - site_.world.now());
    return site_.Statuses(kName) == std::string(kShards, 'A');
  }
  [[nodiscard]] std::size_t tables() const { return tables_; }
  [[nodiscard]] std::int64_t transactions() const { return site_.ensemble.zxid(); }

 private:
  void Start(const std::string& id) {
    SimChecker::Options options;
    options.id = id;
    options.logger = logger_;
    site_.Start(options);
  }

  SimSite site_;
  std::shared_ptr<Logger> logger_ =
      NewSinkLogger(LogLevel::kInfo, [](LogLevel, const std::string&) {});
  ClusterSpec spec_;
  SimLoop reader_{site_.world, "reader"};
  std::unique_ptr<zk::Client> client_ = site_.ensemble.NewClient(reader_, 10s);
  std::unique_ptr<StatusWatcher> watcher_;
  std::size_t tables_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const int days = argc > 1 ? std::max(2, std::atoi(argv[1])) : 2;
  const int rounds = days * kDay;
  Day day;
  std::vector<std::size_t> heap;
  for (int round = 0; round < rounds; ++round) {
    if (!day.Round()) {
      std::printf("round %d: not all shards are alive at its end\n", round);
      return 1;
    }
    heap.push_back(HeapInUse());
  }
  // The median of the first third after the warm-up, and the median of the last third.
  const auto median = [&](int first, int last) {
    std::vector<std::size_t> part(heap.begin() + first, heap.begin() + last);
    std::nth_element(part.begin(), part.begin() + (last - first) / 2, part.end());
    return part[static_cast<std::size_t>(last - first) / 2];
  };
  const int third = (rounds - kDay) / 3;
  const std::size_t early = median(kDay, kDay + third);
  const std::size_t late = median(rounds - third, rounds);
  std::printf(
      "%d rounds of %lld minutes, %lld transactions, %zu tables: heap %zu bytes early, %zu late\n",
      rounds,
      static_cast<long long>(std::chrono::duration_cast<std::chrono::minutes>(kRound).count()),
      static_cast<long long>(day.transactions()), day.tables(), early, late);
  if (late <= early + kSlack) return 0;
  for (std::size_t i = 0; i < heap.size(); ++i) std::printf("  round %zu: %zu\n", i, heap[i]);
  return 1;
}
