// How quickly writes may follow one another. A change that comes alone goes out at once; one that
// comes soon after another waits a little, and the longer a storm lasts the longer, so that what
// arrives meanwhile goes out with it: the death of a thousand shards within a second is a handful
// of writes, not a thousand. Pure.
#pragma once

#include <zkcluster/time.h>
#include <algorithm>

namespace zkcluster {

class Pace {
 public:
  static constexpr Duration kFirst = std::chrono::milliseconds(10);
  static constexpr Duration kLongest = std::chrono::milliseconds(250);

  // How long the next write has to wait; zero: not at all.
  [[nodiscard]] Duration Wait(TimePoint now) const {
    return std::clamp(last_ + gap_ - now, Duration::zero(), kLongest);
  }
  void Wrote(TimePoint now) {
    // After four gaps without a write the storm is over.
    gap_ =
        gap_ > Duration::zero() && now - last_ < 4 * gap_ ? std::min(2 * gap_, kLongest) : kFirst;
    last_ = now;
  }

 private:
  TimePoint last_{};
  Duration gap_{};
};

}  // namespace zkcluster
