// The functions that wait for changes of znodes, on this side of the connection. The library
// gets one watcher for everything; this table knows the functions behind it. It keeps none of
// them alive. Loop-bound.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "zk/client.h"

namespace zkcluster::zk {

class WatchTable {
 public:
  // `children`: the watch is for the list of children, else for data and existence.
  void Add(const std::string& path, bool children, Watch watch);
  // Removes and returns the functions that wait for `event`, each once, in the order in which
  // they were added.
  [[nodiscard]] std::vector<Watch> Take(const WatchEvent& event);
  void Clear() { entries_.clear(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }  // paths, for tests

 private:
  struct Entry {
    Watch watch;
    bool children;
  };
  void PruneSometimes();

  std::map<std::string, std::vector<Entry>> entries_;
  std::size_t prune_at_ = 64;
};

}  // namespace zkcluster::zk
