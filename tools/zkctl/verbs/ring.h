// The options of `zkctl ring`. A value; Pure.
#pragma once

#include <string>

namespace zkcluster::zkctl {

struct RingOptions {
  std::string cluster;  // empty: none was given
  std::string file;
  bool after = false;
};

}  // namespace zkcluster::zkctl
