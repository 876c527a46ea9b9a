// Limits the log lines of one kind to kLines per window. The rest is only counted, and logged as a
// sum when the window ends. When a switch dies, ten thousand opinions change for one reason. Pure.
#pragma once

#include <zkcluster/time.h>
#include <cstddef>

namespace zkcluster {

class StormBrake {
 public:
  static constexpr std::size_t kLines = 50;
  static constexpr Duration kWindow = std::chrono::seconds(10);

  // Whether a line may be logged now.
  [[nodiscard]] bool Admit(TimePoint now) {
    if (lines_ == 0 || now >= end_) {
      end_ = now + kWindow;
      lines_ = 0;
    }
    return ++lines_ <= kLines;
  }
  // Time until the current window ends.
  [[nodiscard]] Duration Left(TimePoint now) const { return end_ - now; }

 private:
  std::size_t lines_ = 0;  // asked for in this window
  TimePoint end_{};
};

}  // namespace zkcluster
