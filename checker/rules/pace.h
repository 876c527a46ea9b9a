// How quickly writes may follow one another. Changes that come one by one, some twenty a second or
// less, go out at once, or within kFirst where another write has just gone out. When they come
// quicker the gaps between writes grow, so that what arrives meanwhile goes out together: the death
// of a thousand shards within a second is a handful of writes, not a thousand. What tells a storm
// from chance is the number of changes, not of writes: three that happen to come close together are
// no storm, and a hundred in one write are. Pure.
#pragma once

#include <zkcluster/time.h>
#include <algorithm>
#include <cstddef>

namespace zkcluster {

class Pace {
 public:
  static constexpr Duration kFirst = std::chrono::milliseconds(10);
  static constexpr Duration kLongest = std::chrono::milliseconds(250);
  // Changes that are no storm: so many at once, and so many a second after that.
  static constexpr double kAtOnce = 5;
  static constexpr double kPerSecond = 25;
  // A storm is forgotten a second after it, whatever its size.
  static constexpr double kDeepest = -kPerSecond;

  // How long the next write has to wait; zero: not at all.
  [[nodiscard]] Duration Wait(TimePoint now) const {
    return std::clamp(last_ + gap_ - now, Duration::zero(), kLongest);
  }
  // `changes`: what was in it.
  void Wrote(TimePoint now, std::size_t changes) {
    const double spent = static_cast<double>(std::max<std::size_t>(changes, 1));
    const double earned = kPerSecond * std::chrono::duration<double>(now - last_).count();
    left_ = std::clamp(left_ + earned - spent, kDeepest, kAtOnce);
    if (left_ >= 0) {
      gap_ = kFirst;
    } else {
      // While it overdraws further the storm goes on, else it is passing.
      gap_ = std::clamp(spent > earned ? 3 * gap_ : gap_ / 3, kFirst, kLongest);
    }
    last_ = now;
  }

 private:
  TimePoint last_{};
  Duration gap_{};
  double left_ = kAtOnce;
};

}  // namespace zkcluster
