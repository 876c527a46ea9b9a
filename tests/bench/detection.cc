// How long detection takes, on real servers with the numbers most sites would use: three checkers,
// interval 1 s, threshold 3 s, refused_threshold 1 s. Redis servers are killed and hung in turn;
// times are wall-clock microseconds of this one machine: of the kill, of the flip (`Since`, taken
// as the leader decides, so that the commit itself is counted into what follows), and of the
// client's new table.
//
//   detection [ROUNDS]    default 20 of each kind; prints minimum, median and maximum in ms
#include <fmt/format.h>

#include <zkcluster/cluster.h>
#include <zkcluster/manager.h>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tools/sandbox/sandbox.h"

using namespace zkcluster;
using namespace zkcluster::sandbox;
using namespace std::chrono_literals;

namespace {

Micros WallNow() {
  return std::chrono::duration_cast<Micros>(std::chrono::system_clock::now().time_since_epoch());
}

double Milliseconds(Micros from, Micros to) {
  return static_cast<double>((to - from).count()) / 1000.0;
}

struct Figures {
  std::vector<double> flip;   // disturbance to flip
  std::vector<double> table;  // flip to the client's table
};

void Print(const char* what, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  if (values.empty()) return;
  fmt::print("{:<34} {:>9.1f} {:>9.1f} {:>9.1f}   n={}\n", what, values.front(),
             values[values.size() / 2], values.back(), values.size());
}

// Remembers when the client got the table that first shows a shard in a status.
class Observer {
 public:
  void Saw(const ClusterView& view) {
    const Micros now = WallNow();
    const std::lock_guard lock(mutex_);
    view_ = view;
    seen_ = now;
    changed_.notify_all();
  }
  // Since of the status, and when the table with it was there. False after the limit.
  bool Await(std::size_t shard, ShardStatus status, Micros& since, Micros& seen) {
    std::unique_lock lock(mutex_);
    const bool reached = changed_.wait_for(lock, 30s, [&] {
      return view_.shards.size() > shard && view_.shards[shard].status == status;
    });
    if (!reached) return false;
    since = view_.shards[shard].since;
    seen = seen_;
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  ClusterView view_;
  Micros seen_{0};
};

int Run(int rounds) {
  ZooKeeperServer zookeeper;
  std::vector<std::unique_ptr<RedisServer>> servers;
  ClusterSpec spec;
  spec.name = "bench";
  spec.checkers = 3;
  for (int i = 0; i < 4; ++i) {
    servers.push_back(std::make_unique<RedisServer>());
    spec.shards.push_back({fmt::format("s{}", i + 1), servers.back()->address()});
  }
  auto manager = Manager::Open({zookeeper.address()});
  if (!manager || !(*manager)->Create(spec))
    return std::fputs("cannot create the cluster\n", stderr), 1;
  std::vector<std::unique_ptr<CheckerProcess>> checkers;
  for (int i = 0; i < 3; ++i) {
    CheckerOptions options;
    options.id = fmt::format("c{}", i + 1);
    options.zookeeper = zookeeper.address();
    checkers.push_back(std::make_unique<CheckerProcess>(options));
  }
  ClusterOptions options;
  options.zookeeper = zookeeper.address();
  options.name = spec.name;
  auto cluster = Cluster::Open(options);
  if (!cluster) return std::fprintf(stderr, "%s\n", cluster.error().message.c_str()), 1;
  Observer observer;
  const auto subscription =
      (*cluster)->OnChange([&](const ClusterView& view) { observer.Saw(view); });
  observer.Saw((*cluster)->view());

  Micros since{0};
  Micros seen{0};
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (!observer.Await(i, ShardStatus::kAlive, since, seen))
      return std::fputs("never alive\n", stderr), 1;
  }
  const auto measure = [&](const char* name, Figures& figures, auto disturb, auto mend) {
    for (int round = 0; round < rounds; ++round) {
      const std::size_t shard = static_cast<std::size_t>(round) % servers.size();
      const Micros start = WallNow();
      disturb(*servers[shard]);
      if (!observer.Await(shard, ShardStatus::kDead, since, seen)) return false;
      figures.flip.push_back(Milliseconds(start, since));
      figures.table.push_back(Milliseconds(since, seen));
      std::fprintf(stderr, "\r%s %d/%d ", name, round + 1, rounds);
      mend(*servers[shard]);
      if (!observer.Await(shard, ShardStatus::kAlive, since, seen)) return false;
    }
    std::fputs("\n", stderr);
    return true;
  };
  Figures killed;
  Figures hung;
  if (!measure(
          "SIGKILL", killed, [](auto& s) { s.Kill(); }, [](auto& s) { s.Start(); }) ||
      !measure(
          "SIGSTOP", hung, [](auto& s) { s.Pause(); }, [](auto& s) { s.Resume(); })) {
    return std::fputs("a flip was not seen within 30 s\n", stderr), 1;
  }
  fmt::print("{:<34} {:>9} {:>9} {:>9}\n", "milliseconds", "min", "median", "max");
  Print("SIGKILL to flip", killed.flip);
  Print("SIGSTOP to flip", hung.flip);
  std::vector<double> table = killed.table;
  table.insert(table.end(), hung.table.begin(), hung.table.end());
  Print("flip to the client's new table", table);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Run(argc > 1 ? std::max(1, std::atoi(argv[1])) : 20);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "detection: %s\n", error.what());
    return 1;
  }
}
