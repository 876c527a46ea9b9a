#include "tools/zkctl/dev.h"

#include <cstdio>

namespace zkcluster::zkctl {

int RunDev(const std::vector<std::string>&) {
  std::fputs("zkctl: dev is not built yet\n", stderr);
  return 1;
}

}  // namespace zkcluster::zkctl
