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

std::string StartingLine(const ServiceFacts& facts) {
  if (facts.session != SessionState::kConnected) {
    return fmt::format("starting: session {}", SessionStateName(facts.session));
  }
  if (!facts.roster.known) return "starting: looking for clusters";
  return fmt::format("starting: first ballots missing in {} of {}",
                     Grouped(facts.roster.unpublished), Counted(facts.roster.clusters, "cluster"));
}

}  // namespace

std::string StatusLine(const ServiceFacts& facts, bool starting) {
  if (starting) return StartingLine(facts);
  const Roster::Summary& roster = facts.roster;
  std::string line = fmt::format("leader of {} of {}, {}, {} dead", Grouped(roster.leading),
                                 Counted(roster.clusters, "cluster"),
                                 Counted(roster.shards, "shard"), Grouped(roster.dead));
  if (roster.missing > 0) line += fmt::format(", {} missing", Counted(roster.missing, "cluster"));
  if (roster.frozen > 0) line += fmt::format(", {} frozen", Counted(roster.frozen, "cluster"));
  if (roster.paused > 0) line += fmt::format(", {} paused", Counted(roster.paused, "cluster"));
  return line + fmt::format(", session {}", SessionStateName(facts.session));
}

ServiceReport::ServiceReport(Loop& loop, Options options)
    : loop_(loop),
      options_(std::move(options)),
      look_(loop.NewTimer([this] { Look(); })),
      watchdog_(loop.NewTimer([this] { FeedWatchdog(); })) {
  look_->Arm(Duration::zero());
  if (options_.watchdog) watchdog_->Arm(Duration::zero());
}

void ServiceReport::FeedWatchdog() {
  watchdog_->Arm(*options_.watchdog / 2);
  options_.tell("WATCHDOG=1");
}

void ServiceReport::Look() {
  if (stopping_) return;
  const ServiceFacts facts = options_.facts();
  const bool ready_now = !ready_ && facts.roster.ready;
  ready_ = ready_ || ready_now;
  look_->Arm(ready_ ? kBeat : kStartBeat);
  std::string status = StatusLine(facts, !ready_);
  if (ready_now) {
    options_.ready(facts);
    options_.tell("READY=1\nSTATUS=" + status);
  } else if (status != status_) {
    options_.tell("STATUS=" + status);
  }
  status_ = std::move(status);
  if (!ready_) AskForTime(facts);
}

void ServiceReport::AskForTime(const ServiceFacts& facts) {
  if (facts.session != SessionState::kConnected || !facts.roster.known) return;
  const TimePoint now = loop_.Now();
  if (asked_ && now - *asked_ < kAskEvery) return;
  asked_ = now;
  options_.tell(fmt::format("EXTEND_TIMEOUT_USEC={}", MicrosOf(kMoreTime)));
}

void ServiceReport::Reloading() {
  if (!ready_ || stopping_) return;
  options_.tell(
      fmt::format("RELOADING=1\nMONOTONIC_USEC={}", MicrosOf(loop_.Now().time_since_epoch())));
}

void ServiceReport::Reloaded() {
  if (!ready_ || stopping_) return;
  status_ = StatusLine(options_.facts(), false);
  options_.tell("READY=1\nSTATUS=" + status_);
}

void ServiceReport::Stopping(std::string_view why) {
  if (std::exchange(stopping_, true)) return;
  options_.tell(fmt::format("STOPPING=1\nSTATUS=leaving: {}", why));
}

}  // namespace zkcluster
