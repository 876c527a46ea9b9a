#include "tools/zkctl/dev/sandbox.h"

#include <fmt/format.h>
#include <zkcluster/manager.h>

#include <atomic>
#include <csignal>
#include <stdexcept>
#include <utility>

#include "tools/zkctl/report/render.h"

namespace zkcluster::zkctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kReadyLimit = seconds(20);

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");

void OnInterrupt(int) {
  interrupted = true;
}

std::string AfterFrom(TimePoint start) {
  const Duration took = std::chrono::steady_clock::now() - start;
  return fmt::format("{} ms", std::chrono::duration_cast<milliseconds>(took).count());
}

}  // namespace

void CatchInterrupts() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, OnInterrupt);
}

bool InterruptSeen() {
  return interrupted;
}

void ThrowIfInterrupted() {
  if (InterruptSeen()) throw Interrupted();
}

DevSandbox::DevSandbox(const Options& options, const Progress& progress) {
  progress(fmt::format("  zookeeper  {}  pid {}", zookeeper_.address(), zookeeper_.pid()));
  StartRedis(options.redis, progress);
  CreateCluster(options.checkers, progress);
  StartCheckers(options.checkers, progress);
}

void DevSandbox::StartRedis(int count, const Progress& progress) {
  for (int i = 1; i <= count; ++i) {
    ThrowIfInterrupted();
    redis_.push_back(std::make_unique<sandbox::RedisServer>());
    const sandbox::RedisServer& server = *redis_.back();
    spec_.shards.push_back({"s" + std::to_string(i), server.address()});
    progress(fmt::format("  redis {:<4} {}  pid {}", spec_.shards.back().name, server.address(),
                         server.pid()));
  }
}

void DevSandbox::CreateCluster(int checkers, const Progress& progress) {
  ThrowIfInterrupted();
  spec_.name = kDevCluster;
  spec_.checkers = checkers;
  spec_.probe.interval = seconds(1);
  spec_.probe.threshold = seconds(3);
  spec_.probe.refused_threshold = seconds(1);
  ManagerOptions options;
  options.zookeeper = zookeeper_.address();
  auto manager = Manager::Open(options);
  if (!manager) throw std::runtime_error(manager.error().message);
  const auto version = (*manager)->Create(spec_);
  if (!version) throw std::runtime_error("create the cluster: " + version.error().message);
  spec_.version = *version;
  progress(
      fmt::format("  cluster    {}: {} shards, {} checkers; dead after 3 s of silence, 1 s of"
                  " refusals",
                  spec_.name, spec_.shards.size(), checkers));
}

void DevSandbox::StartCheckers(int count, const Progress& progress) {
  const TimePoint start = std::chrono::steady_clock::now();
  for (int i = 1; i <= count; ++i) {
    ThrowIfInterrupted();
    sandbox::CheckerOptions options;
    options.id = "c" + std::to_string(i);
    options.rack = "rack" + std::to_string(i);
    options.zookeeper = zookeeper_.address();
    options.ready_line.clear();  // all become ready at the same time; the loop below waits
    checkers_.push_back(std::make_unique<sandbox::CheckerProcess>(std::move(options)));
  }
  for (const auto& checker : checkers_) {
    const auto ready = [&] { return checker->CountLog({"event=checker.ready"}) > 0; };
    static_cast<void>(sandbox::WaitUntil(
        [&] { return ready() || InterruptSeen() || !checker->running(); }, kReadyLimit));
    ThrowIfInterrupted();
    if (!ready()) {
      throw std::runtime_error("checker " + checker->id() +
                               " did not become ready; its log ends with:\n" +
                               sandbox::Tail(checker->log()));
    }
    progress(fmt::format("  checker {:<2} ready after {}  pid {}", checker->id(), AfterFrom(start),
                         checker->pid()));
  }
}

std::size_t DevSandbox::IndexOf(std::string_view shard) const {
  for (std::size_t i = 0; i < spec_.shards.size(); ++i) {
    if (spec_.shards[i].name == shard) return i;
  }
  throw std::runtime_error("no shard " + std::string(shard) + " in the sandbox");
}

std::string DevSandbox::LogTails(std::size_t lines) const {
  std::string text;
  for (const auto& checker : checkers_) {
    text += "--- log of " + checker->id() + "\n" + sandbox::Tail(checker->log(), lines);
  }
  return text;
}

}  // namespace zkcluster::zkctl
