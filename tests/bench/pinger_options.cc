#include <sys/resource.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "tests/bench/pinger.h"

namespace zkcluster::bench {
namespace {

std::chrono::microseconds CpuTime() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

long ResidentKb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::atol(line.c_str() + 6);
  }
  return 0;
}

}  // namespace

Options ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--hiredis") {
      options.hiredis = true;
      continue;
    }
    if (name == "--nap") {
      options.nap = true;
      continue;
    }
    const long value = i + 1 < argc ? std::atol(argv[++i]) : 0;
    if (value <= 0) throw std::runtime_error(name + ": expected a number above 0");
    if (name == "--targets") {
      options.targets = static_cast<std::size_t>(value);
    } else if (name == "--port") {
      options.port = static_cast<std::uint16_t>(value);
    } else if (name == "--seconds") {
      options.duration = std::chrono::seconds(value);
    } else if (name == "--interval-ms") {
      options.interval = std::chrono::milliseconds(value);
    } else if (name == "--batch-ms") {
      options.batch = std::chrono::milliseconds(value);
    } else {
      throw std::runtime_error("unknown option " + name);
    }
  }
  return options;
}

std::string TargetAddress(std::size_t i) {
  return "127.1." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1);
}

void Measured::Begin() {
  probes = 0;
  cpu = CpuTime();
}

void Measured::End() {
  cpu = CpuTime() - cpu;
  rss_kb = ResidentKb();
}

double Measured::CpuMicrosPerProbe() const {
  return probes == 0 ? 0.0 : static_cast<double>(cpu.count()) / static_cast<double>(probes);
}

}  // namespace zkcluster::bench
