// The options of the verbs that read. Values; Pure.
#pragma once

#include <string>
#include <vector>

namespace zkcluster::zkctl {

struct StatusOptions {
  std::string cluster;
  bool watch = false;
  bool dead = false;
};
struct ExplainOptions {
  std::string cluster;
  std::string shard;  // its name or its address
};
struct LocateOptions {
  std::string cluster;
  std::vector<std::string> keys;
};

}  // namespace zkcluster::zkctl
