// How many lines of one kind may be logged: so many in each window, the rest is only counted,
// and told as a sum when the window is over. The death of a switch is ten thousand opinions,
// and one fact. Pure.
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
  // Until the window ends that the last line fell into.
  [[nodiscard]] Duration Left(TimePoint now) const { return end_ - now; }

 private:
  std::size_t lines_ = 0;  // asked for in this window
  TimePoint end_{};
};

}  // namespace zkcluster
