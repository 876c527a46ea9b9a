// faults-client ZOOKEEPER ROOT NAME FILE: a program that uses the library as any other would, and
// writes each of its tables, one JSON object a line. SIGTERM ends it.
#include <signal.h>
#include <zkcluster/cluster.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>

using namespace zkcluster;

namespace {

template <class Clock>
std::int64_t Micro() {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch())
      .count();
}

// Callbacks come on the cluster's thread, the first table from main.
class Diary {
 public:
  explicit Diary(const std::string& path) : file_(path, std::ios::app) {}

  void Write(const ClusterView& view) {
    const std::lock_guard lock(mutex_);
    if (view.generation <= written_) return;
    written_ = view.generation;
    nlohmann::json shards = nlohmann::json::array();
    for (const auto& shard : view.shards) {
      shards.push_back({{"name", shard.spec.name},
                        {"addr", shard.spec.addr},
                        {"status", ShardStatusName(shard.status)},
                        {"since_us", shard.since.count()}});
    }
    const nlohmann::json line = {{"wall_us", Micro<std::chrono::system_clock>()},
                                 {"mono_us", Micro<std::chrono::steady_clock>()},
                                 {"generation", view.generation},
                                 {"spec_version", view.spec_version},
                                 {"epoch", view.epoch},
                                 {"sequence", view.sequence},
                                 {"shards", std::move(shards)}};
    file_ << line.dump() << std::endl;
  }

 private:
  std::mutex mutex_;
  std::ofstream file_;
  std::uint64_t written_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: faults-client ZOOKEEPER ROOT NAME FILE\n");
    return 64;
  }
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);

  ClusterOptions options;
  options.zookeeper = argv[1];
  options.root = argv[2];
  options.name = argv[3];
  options.session_timeout = std::chrono::seconds(2);
  std::unique_ptr<Cluster> cluster;
  while (!cluster) {
    auto opened = Cluster::Open(options);
    if (opened) {
      cluster = std::move(*opened);
      break;
    }
    // The cluster does not exist yet. Tries again soon, unless it has to end.
    std::fprintf(stderr, "%s\n", opened.error().message.c_str());
    const timespec pause{0, 100'000'000};
    if (::sigtimedwait(&ends, nullptr, &pause) > 0) return 0;
  }
  Diary diary(argv[4]);
  const auto subscription = cluster->OnChange([&](const ClusterView& view) { diary.Write(view); });
  diary.Write(cluster->view());
  int number = 0;
  ::sigwait(&ends, &number);
}
