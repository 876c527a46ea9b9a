#include "checker/service/service_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace zkcluster {
namespace {

std::int64_t MicrosOf(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

// 4812 as "4,812".
std::string Grouped(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string Counted(std::size_t number, std::string_view what) {
  return fmt::format("{} {}{}", Grouped(number), what, number == 1 ? "" : "s");
}

std::string StartingLine(const CheckerFacts& facts) {
  if (facts.session != SessionState::kConnected) {
    return fmt::format("starting: session {}", SessionStateName(facts.session));
  }
  if (!facts.known) return "starting: looking for clusters";
  return fmt::format("starting: first ballots missing in {} of {}", Grouped(facts.Unpublished()),
                     Counted(facts.clusters.size(), "cluster"));
}

}  // namespace

std::string StatusLine(const CheckerFacts& facts, bool starting) {
  if (starting) return StartingLine(facts);
  std::string line = fmt::format("leader of {} of {}, {}, {} dead", Grouped(facts.Leading()),
                                 Counted(facts.clusters.size(), "cluster"),
                                 Counted(facts.Shards(), "shard"), Grouped(facts.Dead()));
  const auto add = [&](std::size_t clusters, std::string_view what) {
    if (clusters > 0) line += fmt::format(", {} {}", Counted(clusters, "cluster"), what);
  };
  add(facts.missing, "missing");
  add(facts.Frozen(), "frozen");
  add(facts.Paused(), "paused");
  return line + fmt::format(", session {}", SessionStateName(facts.session));
}

ServiceReport::ServiceReport(Loop& loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      check_(loop.NewTimer([this] { Check(); })),
      watchdog_(loop.NewTimer([this] { FeedWatchdog(); })) {
  check_->Arm(Duration::zero());
  if (options_.watchdog) watchdog_->Arm(Duration::zero());
}

void ServiceReport::FeedWatchdog() {
  watchdog_->Arm(*options_.watchdog / 2);
  options_.notify("WATCHDOG=1");
}

void ServiceReport::Check() {
  if (stopping_) return;
  const CheckerFacts facts = options_.facts();
  const bool ready_now = !ready_ && facts.Ready();
  ready_ = ready_ || ready_now;
  check_->Arm(ready_ ? kBeat : kStartBeat);
  std::string status = StatusLine(facts, !ready_);
  if (ready_now) {
    options_.ready(facts);
    options_.notify("READY=1\nSTATUS=" + status);
  } else if (status != status_) {
    options_.notify("STATUS=" + status);
  }
  status_ = std::move(status);
  if (!ready_) AskForTime(facts);
}

void ServiceReport::AskForTime(const CheckerFacts& facts) {
  if (facts.session != SessionState::kConnected || !facts.known) return;
  const TimePoint now = loop_.Now();
  if (asked_ && now - *asked_ < kAskEvery) return;
  asked_ = now;
  options_.notify(fmt::format("EXTEND_TIMEOUT_USEC={}", MicrosOf(kMoreTime)));
}

void ServiceReport::Reloading() {
  if (!ready_ || stopping_) return;
  options_.notify(
      fmt::format("RELOADING=1\nMONOTONIC_USEC={}", MicrosOf(loop_.Now().time_since_epoch())));
}

void ServiceReport::Reloaded() {
  if (!ready_ || stopping_) return;
  status_ = StatusLine(options_.facts(), false);
  options_.notify("READY=1\nSTATUS=" + status_);
}

void ServiceReport::Stopping(std::string_view why) {
  if (std::exchange(stopping_, true)) return;
  options_.notify(fmt::format("STOPPING=1\nSTATUS=leaving: {}", why));
}

}  // namespace zkcluster
