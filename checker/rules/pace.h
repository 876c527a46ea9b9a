// Limits how quickly writes follow one another. Changes that come one by one, about twenty a second
// or fewer, go out at once, or within kFirst if another write has just gone out. When they come
// faster, the gaps between writes grow, so that changes go out together: the death of a thousand
// shards within a second takes a handful of writes, not a thousand. The number of changes, not of
// writes, shows a storm: three that happen to come close together are not a storm, and a hundred in
// one write are. Pure.
#pragma once

#include <zkcluster/time.h>
#include <algorithm>
#include <cstddef>

namespace zkcluster {

class Pace {
 public:
  static constexpr Duration kFirst = std::chrono::milliseconds(10);
  static constexpr Duration kLongest = std::chrono::milliseconds(250);
  // Changes that are not a storm: this many at once, and this many per second after that.
  static constexpr double kAtOnce = 5;
  static constexpr double kPerSecond = 25;
  // A storm of any size is forgotten a second after it.
  static constexpr double kDeepest = -kPerSecond;

  // The time that the next write has to wait; zero: none.
  [[nodiscard]] Duration Wait(TimePoint now) const {
    return std::clamp(last_ + gap_ - now, Duration::zero(), kLongest);
  }
  // `changes`: their number in that write.
  void Wrote(TimePoint now, std::size_t changes) {
    const double spent = static_cast<double>(std::max<std::size_t>(changes, 1));
    const double earned = kPerSecond * std::chrono::duration<double>(now - last_).count();
    left_ = std::clamp(left_ + earned - spent, kDeepest, kAtOnce);
    if (left_ >= 0) {
      gap_ = kFirst;
    } else {
      // Another overdraft means that the storm continues; otherwise it is ending.
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
