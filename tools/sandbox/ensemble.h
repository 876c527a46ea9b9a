// Several ZooKeeper servers that form one ensemble, each at a place of its own. Ready when the
// constructor returns. Throws std::runtime_error. One thread at a time (see process.h).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/sandbox/sandbox.h"

namespace zkcluster::sandbox {

struct EnsembleOptions {
  std::vector<Place> places = {{}, {}, {}};  // one per server; those on loopback get free ports
  std::chrono::milliseconds tick{200};
  int sync_limit = 10;  // in ticks: a server that hears nothing for this long stops serving
};

class ZooKeeperEnsemble {
 public:
  explicit ZooKeeperEnsemble(const EnsembleOptions& options = {});

  [[nodiscard]] std::size_t size() const { return servers_.size(); }
  [[nodiscard]] ZooKeeperServer& server(std::size_t i) { return *servers_.at(i); }
  [[nodiscard]] std::string addresses() const;  // "host:port,host:port,host:port"

  // The server that leads now; nothing: none does.
  [[nodiscard]] std::optional<std::size_t> Leader();
  // Waits until every running server serves and one of them leads.
  [[nodiscard]] bool AwaitServing(Duration limit);

 private:
  std::vector<std::unique_ptr<ZooKeeperServer>> servers_;
};

}  // namespace zkcluster::sandbox
