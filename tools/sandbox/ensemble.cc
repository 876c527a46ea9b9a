#include "tools/sandbox/ensemble.h"

#include <set>
#include <stdexcept>

namespace zkcluster::sandbox {
namespace {

constexpr Duration kServeLimit = std::chrono::seconds(60);

// Each server has three ports, and all must be known before the first one starts.
class Ports {
 public:
  std::uint16_t Take(const Place& place, std::uint16_t usual) {
    if (place.host != kLoopback) return usual;
    for (;;) {
      const std::uint16_t port = FreePort();
      if (taken_.insert(port).second) return port;
    }
  }

 private:
  std::set<std::uint16_t> taken_;
};

}  // namespace

ZooKeeperEnsemble::ZooKeeperEnsemble(const EnsembleOptions& options) {
  // A server's first connection to the others may take as long as they take to start.
  std::vector<std::string> config = {"initLimit=50",
                                     "syncLimit=" + std::to_string(options.sync_limit)};
  Ports ports;
  for (std::size_t i = 0; i < options.places.size(); ++i) {
    const Place& place = options.places[i];
    config.push_back("server." + std::to_string(i + 1) + "=" + place.host + ":" +
                     std::to_string(ports.Take(place, 2888)) + ":" +
                     std::to_string(ports.Take(place, 3888)));
  }
  for (std::size_t i = 0; i < options.places.size(); ++i) {
    const Place& place = options.places[i];
    servers_.push_back(
        std::make_unique<ZooKeeperServer>(ZooKeeperOptions{.port = ports.Take(place, 2181),
                                                           .tick = options.tick,
                                                           .config = config,
                                                           .place = place,
                                                           .member = static_cast<int>(i + 1)}));
  }
  if (!AwaitServing(kServeLimit)) {
    std::string tails;
    for (const auto& server : servers_)
      tails += "\n--- " + server->address() + "\n" + Tail(server->log());
    throw std::runtime_error("the ensemble does not serve; its logs end with:" + tails);
  }
}

std::string ZooKeeperEnsemble::addresses() const {
  std::string joined;
  for (const auto& server : servers_) joined += (joined.empty() ? "" : ",") + server->address();
  return joined;
}

std::optional<std::size_t> ZooKeeperEnsemble::Leader() {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (servers_[i]->running() && servers_[i]->Mode() == "leader") return i;
  }
  return std::nullopt;
}

bool ZooKeeperEnsemble::AwaitServing(Duration limit) {
  return WaitUntil(
      [&] {
        int leaders = 0;
        for (const auto& server : servers_) {
          if (!server->running()) continue;
          const std::string mode = server->Mode();
          if (mode.empty()) return false;
          if (mode == "leader") ++leaders;
        }
        return leaders == 1;
      },
      limit);
}

}  // namespace zkcluster::sandbox
