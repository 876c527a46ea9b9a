#include "codec/format.h"

#include <algorithm>

#include "base/check.h"

namespace zkcluster {

const Format& NewestFormat(Formats formats, int number) {
  ZKC_CHECK(!formats.empty());
  const auto newer = std::ranges::upper_bound(formats, number, {}, &Format::number);
  return newer == formats.begin() ? formats.front() : *(newer - 1);
}

}  // namespace zkcluster
