// The client's own part in its requests: what it refuses to send, and whom its watches call. Used
// only inside the fake ensemble.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/fakes/fake_ensemble.h"

namespace zkcluster::sim {

// kInvalid for a malformed path, kTooLarge; as zk::Client has it.
[[nodiscard]] Result<void> CheckRequest(const Request& request);

// The functions that wait for one kind of change of each path, without keeping them alive.
class WatchTable {
 public:
  void Add(const std::string& path, const zk::Watch& watch);
  // Moves those of `path` to `into`, without doubles.
  void Take(const std::string& path, std::vector<zk::Watch>& into);
  [[nodiscard]] std::set<std::string> Paths() const;
  void Clear() { table_.clear(); }

 private:
  std::map<std::string, std::vector<zk::Watch>> table_;
};

}  // namespace zkcluster::sim
