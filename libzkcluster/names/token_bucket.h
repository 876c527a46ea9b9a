// At most `per_second` of something on average, and `burst` at once. Pure.
#pragma once

#include <zkcluster/time.h>
#include <algorithm>

namespace zkcluster {

class TokenBucket {
 public:
  // In any second at most per_second + burst are taken.
  TokenBucket(int per_second, int burst)
      : gap_(std::chrono::seconds(1)), burst_(burst), level_(burst) {
    gap_ /= per_second;
  }

  // False: none is left. REQUIRES: `now` never falls.
  [[nodiscard]] bool Take(TimePoint now) {
    Fill(now);
    if (level_ == 0) return false;
    --level_;
    return true;
  }
  // When the next Take succeeds.
  [[nodiscard]] TimePoint Next(TimePoint now) {
    Fill(now);
    return level_ > 0 ? now : filled_ + gap_;
  }

 private:
  void Fill(TimePoint now) {
    if (level_ == burst_) filled_ = std::max(filled_, now);
    const auto due = static_cast<int>(std::min<Duration::rep>((now - filled_) / gap_, burst_));
    if (due <= 0) return;
    level_ = std::min(burst_, level_ + due);
    filled_ = level_ == burst_ ? now : filled_ + due * gap_;
  }

  Duration gap_;
  int burst_;
  int level_;
  TimePoint filled_{};
};

}  // namespace zkcluster
