// Clients that follow one cluster and report when they learned of each flip. Each has a thread and
// a session of its own, as in as many programs.
//
//   follow --zk HOSTS --cluster NAME [--root PATH] [--clients N] [--bare]
//
// One line of JSON for each table a client got, until stdin ends:
//
//   {"ready":N}                      the first line
//   {"client":0,"us":<wall clock>,"sequence":7,"alive":4,"dead":1,"unknown":0,
//    "flips":[[2,"dead",<since, us>]]}
//                                    `flips`: the shards, by number, whose status has changed
//   {"client":0,"us":..,"zxid":12}   with --bare: the least that a C client can do instead, which
//                                    is to watch `head` and get it
#include <fmt/format.h>

#include <zkcluster/cluster.h>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/bench/bare_follower.h"

namespace zkcluster::bench {
namespace {

std::int64_t WallMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void Say(const std::string& line) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::fputs(line.c_str(), stdout);
  std::fflush(stdout);
}

struct Options {
  std::string zookeeper;
  std::string cluster;
  std::string root = "/goreclusters";
  int clients = 1;
  bool bare = false;
};

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--bare") {
      options.bare = true;
      continue;
    }
    if (i + 1 == argc) throw std::runtime_error(std::string(name) + ": what?");
    const char* value = argv[++i];
    if (name == "--zk") {
      options.zookeeper = value;
    } else if (name == "--cluster") {
      options.cluster = value;
    } else if (name == "--root") {
      options.root = value;
    } else if (name == "--clients") {
      options.clients = std::atoi(value);
    } else {
      throw std::runtime_error("unknown option " + std::string(name));
    }
  }
  return options;
}

void AwaitEndOfInput() {
  while (std::getchar() != EOF) {
  }
}

void FollowBare(const Options& options) {
  const std::string path = options.root + "/" + options.cluster + "/quorum/head";
  std::vector<std::unique_ptr<BareFollower>> followers;
  for (int i = 0; i < options.clients; ++i) {
    followers.push_back(
        std::make_unique<BareFollower>(options.zookeeper, path, [i](std::int64_t zxid) {
          const std::int64_t now = WallMicros();
          Say(fmt::format("{{\"client\":{},\"us\":{},\"zxid\":{}}}\n", i, now, zxid));
        }));
  }
  Say(fmt::format("{{\"ready\":{}}}\n", options.clients));
  AwaitEndOfInput();
}

// Prints the difference to the view before.
class Printer {
 public:
  explicit Printer(int client) : client_(client) {}

  void Say(const ClusterView& view) {
    const std::int64_t now = WallMicros();
    const std::lock_guard lock(mutex_);
    std::array<int, 3> count{};
    std::string flips;
    before_.resize(view.shards.size(), ShardStatus::kUnknown);
    for (std::size_t i = 0; i < view.shards.size(); ++i) {
      const auto& shard = view.shards[i];
      ++count.at(static_cast<std::size_t>(shard.status));
      if (std::exchange(before_[i], shard.status) == shard.status) continue;
      flips += fmt::format("{}[{},\"{}\",{}]", flips.empty() ? "" : ",", i,
                           ShardStatusName(shard.status), shard.since.count());
    }
    const auto of = [&](ShardStatus status) { return count.at(static_cast<std::size_t>(status)); };
    bench::Say(
        fmt::format("{{\"client\":{},\"us\":{},\"sequence\":{},\"alive\":{},\"dead\":{},"
                    "\"unknown\":{},\"flips\":[{}]}}\n",
                    client_, now, view.sequence, of(ShardStatus::kAlive), of(ShardStatus::kDead),
                    of(ShardStatus::kUnknown), flips));
  }

 private:
  const int client_;
  std::mutex mutex_;
  std::vector<ShardStatus> before_;
};

void Follow(const Options& options) {
  std::vector<std::unique_ptr<Printer>> printers;
  std::vector<std::unique_ptr<Cluster>> clusters;
  std::vector<std::shared_ptr<Cluster::Subscription>> subscriptions;
  for (int i = 0; i < options.clients; ++i) {
    ClusterOptions open;
    open.zookeeper = options.zookeeper;
    open.root = options.root;
    open.name = options.cluster;
    auto cluster = Cluster::Open(open);
    if (!cluster) throw std::runtime_error(cluster.error().message);
    printers.push_back(std::make_unique<Printer>(i));
    Printer& printer = *printers.back();
    subscriptions.push_back(
        (*cluster)->OnChange([&printer](const ClusterView& view) { printer.Say(view); }));
    printer.Say((*cluster)->view());  // what was there before
    clusters.push_back(*std::move(cluster));
  }
  Say(fmt::format("{{\"ready\":{}}}\n", options.clients));
  AwaitEndOfInput();
}

}  // namespace

int FollowMain(int argc, char** argv) {
  const Options options = Parse(argc, argv);
  options.bare ? FollowBare(options) : Follow(options);
  return 0;
}

}  // namespace zkcluster::bench

int main(int argc, char** argv) {
  try {
    return zkcluster::bench::FollowMain(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "follow: %s\n", error.what());
    return 1;
  }
}
