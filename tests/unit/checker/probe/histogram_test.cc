#include "checker/probe/histogram.h"

#include <doctest/doctest.h>

namespace histogram_test {

using namespace zkcluster;
using namespace std::chrono_literals;

TEST_CASE("histogram: a bound belongs to its bucket, and what is beyond the last to one more") {
  struct Case {
    Duration time;
    std::size_t bucket;
  };
  for (const Case& c : {Case{0us, 0},
                        {50us, 0},
                        {50us + 999ns, 0},
                        {51us, 1},
                        {1ms, 4},
                        {1001us, 5},
                        {500ms, 12},
                        {60s, 17},
                        {61s, 18},
                        {24h, 18}}) {
    Histogram histogram;
    histogram.Observe(c.time);
    CHECK(histogram.buckets()[c.bucket] == 1);
    CHECK(histogram.count() == 1);
    CHECK(histogram.sum() == c.time);
  }
}

TEST_CASE("histogram: quantiles lie within their bucket, as far as its part of the counts") {
  Histogram histogram;
  CHECK(histogram.Quantile(0.5) == 0us);
  for (int i = 0; i < 90; ++i) histogram.Observe(150us);  // 100 .. 200
  for (int i = 0; i < 10; ++i) histogram.Observe(30ms);   // 20 .. 50 ms
  CHECK(histogram.Quantile(0) == 100us);
  CHECK(histogram.Quantile(0.45) == 150us);
  CHECK(histogram.Quantile(0.9) == 200us);
  CHECK(histogram.Quantile(0.95) == 35ms);
  CHECK(histogram.Quantile(1) == 50ms);
  Histogram endless;
  endless.Observe(1h);
  CHECK(endless.Quantile(0.5) == 60s);
}

TEST_CASE("histogram: sums, and what is new since an earlier copy") {
  Histogram one;
  one.Observe(1ms);
  const Histogram earlier = one;
  Histogram other;
  other.Observe(2ms);
  other.Observe(3s);
  one += other;
  CHECK(one.count() == 3);
  CHECK(one.sum() == 3s + 3ms);
  one -= earlier;
  CHECK(one == other);
}

}  // namespace histogram_test
