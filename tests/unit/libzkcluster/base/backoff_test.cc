#include "base/backoff.h"

#include <doctest/doctest.h>

#include <vector>

namespace zkcluster::backoff_test {
namespace {

using std::chrono::milliseconds;

TEST_CASE("backoff: doubles up to the limit, between half a step and all of it") {
  struct Case {
    double random;
    std::vector<int> waits;  // ms
  };
  for (const Case& c :
       {Case{0.0, {50, 100, 200, 400, 500, 500}}, Case{0.5, {75, 150, 300, 600, 750, 750}}}) {
    Backoff backoff(milliseconds(100), milliseconds(1000));
    for (const int wait : c.waits) CHECK(backoff.Next(c.random) == milliseconds(wait));
  }
}

TEST_CASE("backoff: never above the step, even at the largest random number") {
  Backoff backoff(milliseconds(100), milliseconds(150));
  CHECK(backoff.Next(0.9999999) < milliseconds(100));
  CHECK(backoff.Next(0.9999999) < milliseconds(150));
}

TEST_CASE("backoff: starts small again after success") {
  Backoff backoff(milliseconds(100), milliseconds(1000));
  for (int i = 0; i < 10; ++i) static_cast<void>(backoff.Next(0));
  backoff.Reset();
  CHECK(backoff.Next(0) == milliseconds(50));
}

}  // namespace
}  // namespace zkcluster::backoff_test
