// What the two pingers of tests/bench/pinger.cc share: options, where the targets are, and the
// measure. Each runs on one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace zkcluster::bench {

struct Options {
  bool hiredis = false;
  bool nap = false;  // bare: sleeps through each batch, also when answers arrive
  std::size_t targets = 10'000;
  std::uint16_t port = 6379;
  std::chrono::milliseconds interval{1000};
  std::chrono::milliseconds duration{10'000};  // measured, after a first interval
  std::chrono::milliseconds batch{1};          // bare: those due within it are asked in one go
};
[[nodiscard]] Options ParseOptions(int argc, char** argv);  // throws std::runtime_error

// 127.1.0.1 .. 127.1.0.250, 127.1.1.1 ..: one server bound to 0.0.0.0 answers on all of them.
[[nodiscard]] std::string TargetAddress(std::size_t i);

struct Measured {
  std::uint64_t probes = 0;  // answered between Begin and End
  std::chrono::microseconds cpu{0};
  long rss_kb = 0;

  void Begin();  // starts over: what was counted before does not count
  void End();
  [[nodiscard]] double CpuMicrosPerProbe() const;
};

}  // namespace zkcluster::bench
