#include "checker/probe/histogram.h"

#include <numeric>

namespace zkcluster {

Histogram& Histogram::operator+=(const Histogram& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  sum_ += other.sum_;
  return *this;
}

Histogram& Histogram::operator-=(const Histogram& earlier) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] -= earlier.buckets_[i];
  sum_ -= earlier.sum_;
  return *this;
}

std::uint64_t Histogram::count() const {
  return std::accumulate(buckets_.begin(), buckets_.end(), std::uint64_t{0});
}

Micros Histogram::Quantile(double q) const {
  const std::uint64_t total = count();
  if (total == 0) return Micros(0);
  const double rank = q * static_cast<double>(total);
  double below = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    const auto here = static_cast<double>(buckets_[i]);
    if (here > 0 && below + here >= rank) {
      const auto from = static_cast<double>(i == 0 ? 0 : kBounds[i - 1]);
      const auto to = static_cast<double>(kBounds[i]);
      return Micros(static_cast<std::int64_t>(from + (to - from) * (rank - below) / here));
    }
    below += here;
  }
  return Micros(kBounds.back());
}

}  // namespace zkcluster
