#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace zkcluster::internal {

void CheckFailed(const char* condition, const char* file, int line) {
  // One call prints the line, so that two threads that fail together do not mix their lines.
  std::fprintf(stderr, "level=error event=bug check=\"%s\" at=%s:%d\n", condition, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace zkcluster::internal
