#include "tests/sim/sampled_mutant.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace {

int Chosen() {
  const char* const text = std::getenv("ZKC_SAMPLED_MUTANT");
  return text == nullptr ? 0 : std::atoi(text);
}

// Programs fork: a file is seen by all.
bool LeaveMark() {
  const char* const path = std::getenv("ZKC_SAMPLED_REACHED");
  if (path != nullptr) ::close(::open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  return true;
}

}  // namespace

bool ZkcSampledMutant(int number) {
  static const int chosen = Chosen();
  if (number != chosen) return false;
  static const bool marked = LeaveMark();
  return marked;
}
