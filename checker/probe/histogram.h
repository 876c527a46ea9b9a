// Durations, counted in fixed buckets, so that workers' counts can be added and quantiles of
// millions estimated. An observation costs a few comparisons and two additions; nothing is
// allocated. The bounds are an interface: they are the `le` labels of the metrics. Pure.
#pragma once

#include <zkcluster/time.h>
#include <array>
#include <cstddef>
#include <cstdint>

namespace zkcluster {

class Histogram {
 public:
  // In microseconds, inclusive; one more bucket is above the last. They reach from less than a
  // server on the same host takes up to the longest possible timeout.
  static constexpr std::array<std::int64_t, 18> kBounds = {
      50,     100,     200,     500,     1'000,     2'000,     5'000,      10'000,     20'000,
      50'000, 100'000, 200'000, 500'000, 1'000'000, 2'000'000, 10'000'000, 30'000'000, 60'000'000};

  void Observe(Duration time) {
    const auto micros = std::chrono::duration_cast<Micros>(time).count();
    std::size_t bucket = 0;
    while (bucket < kBounds.size() && micros > kBounds[bucket]) ++bucket;
    ++buckets_[bucket];
    sum_ += time;
  }

  // The sum of both; and the difference to `earlier`, a former copy of this one.
  Histogram& operator+=(const Histogram& other);
  Histogram& operator-=(const Histogram& earlier);

  [[nodiscard]] const std::array<std::uint64_t, kBounds.size() + 1>& buckets() const {
    return buckets_;
  }
  [[nodiscard]] std::uint64_t count() const;
  [[nodiscard]] Duration sum() const { return sum_; }
  // Like Prometheus' histogram_quantile: assumes an even spread within a bucket, and returns the
  // last bound for values above it. 0 when nothing was observed. REQUIRES: 0 <= q <= 1.
  [[nodiscard]] Micros Quantile(double q) const;

  bool operator==(const Histogram&) const = default;

 private:
  std::array<std::uint64_t, kBounds.size() + 1> buckets_{};
  Duration sum_{0};
};

}  // namespace zkcluster
