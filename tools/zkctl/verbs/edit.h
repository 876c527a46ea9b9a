// The options of the verbs that create and change clusters. Values; Pure.
#pragma once

#include <string>

#include "tools/zkctl/cli/edits.h"
#include "tools/zkctl/cli/shared_options.h"

namespace zkcluster::zkctl {

// A spec file, or options in its place.
struct CreateOptions {
  std::string cluster;
  std::string file;
  SpecEdits edits;
  Change change;
};
struct UpdateOptions {
  std::string cluster;
  std::string file;
  SpecEdits edits;
  Change change;
};
struct ApplyOptions {
  std::string file;
  Change change;
};
struct DeleteOptions {
  std::string cluster;
  Change change;
};

}  // namespace zkcluster::zkctl
