#include "tests/sim/opinion_judge.h"

#include <fmt/format.h>

#include <algorithm>

namespace zkcluster::sim {
namespace {

// Turns of the loop, latencies, and pauses too short to be reported.
// A probe's latency does not count the turn in which it began.
constexpr Duration kTurn = std::chrono::milliseconds(2);
constexpr Duration kSlack = std::chrono::milliseconds(300);
// A stop of a process that it certainly notices, and does not take for silence of a server.
constexpr Duration kNoticed = std::chrono::milliseconds(750);
// Good probes that take 10 thresholds, where no interval is longer than the threshold.
constexpr int kLeastCap = 10;

double InSeconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

void OpinionJudge::ServerIs(const std::string& addr, FakeFleet::Server server, bool steady,
                            TimePoint now) {
  Service service = Service::kNeither;
  switch (server) {
    case FakeFleet::Server::kUp:
      if (steady) service = Service::kServes;
      break;
    case FakeFleet::Server::kRefused:
    case FakeFleet::Server::kHung:
    case FakeFleet::Server::kLoading:
      if (steady) service = Service::kFails;
      break;
    case FakeFleet::Server::kMaxClients:  // it still serves open connections
    case FakeFleet::Server::kUnresolved:
      break;
  }
  const auto [found, made] = servers_.try_emplace(addr, State{service, now});
  if (!made && found->second.service != service) found->second = {service, now};
}

void OpinionJudge::ReachIs(const std::string& checker, const std::string& addr,
                           FakeFleet::Reach reach, TimePoint now) {
  Service service = Service::kNeither;
  switch (reach) {
    case FakeFleet::Reach::kOpen:
      service = Service::kServes;
      break;
    case FakeFleet::Reach::kDropped:
    case FakeFleet::Reach::kRejected:
      service = Service::kFails;
      break;
    case FakeFleet::Reach::kNoRoute:
      break;
  }
  const auto [found, made] = reaches_.try_emplace({checker, addr}, State{service, now});
  if (!made && found->second.service != service) found->second = {service, now};
}

void OpinionJudge::AllReachesOpen(TimePoint now) {
  for (auto& [key, state] : reaches_) {
    if (state.service != Service::kServes) state = {Service::kServes, now};
  }
}

void OpinionJudge::Paused(std::uint64_t life, TimePoint now, Duration duration) {
  auto& pauses = pauses_[life];
  if (pauses.empty() || pauses.back().to < now) {
    pauses.push_back({now, now + duration});
  } else {  // it is stopped already
    pauses.back().to = std::max(pauses.back().to, now + duration);
  }
}

void OpinionJudge::Resumed(std::uint64_t life, TimePoint now) {
  for (auto& pause : pauses_[life]) pause.to = std::min(pause.to, std::max(now, pause.from));
}

void OpinionJudge::Probed(std::uint64_t life, const std::string& addr, const ProbeResult& result,
                          TimePoint now) {
  Said& said = said_[{life, addr}];
  if (!std::exchange(said.probed, true)) said.asked = now - result.latency;
  if (result.verdict == ProbeVerdict::kAlive) {
    if (said.served < now) said.served_before = std::exchange(said.served, now);
    said.best = std::max(said.best, ++said.good);
    said.failures = 0;
    said.only_refused = true;
    said.overdue = false;
  } else if (result.verdict == ProbeVerdict::kFailed && !MayBeOwn(life, result, now)) {
    // Its end was due before this probe, and a busy process says so now.
    said.overdue |= said.only_refused && said.failures >= 2 &&
                    Silence(life, said, now) + kTurn >= limits_.shortest_refused;
    const bool death_itself = result.reason == Reason::kReset && said.failures == 0;
    ++said.failures;
    said.failed = now;
    said.good = 0;
    said.only_refused &= result.reason == Reason::kRefused || death_itself;
  }
}

bool OpinionJudge::MayBeOwn(std::uint64_t life, const ProbeResult& result, TimePoint now) const {
  if (result.reason != Reason::kTimeout) return false;
  const auto found = pauses_.find(life);
  if (found == pauses_.end()) return false;
  return std::ranges::any_of(found->second, [&](const Pause& pause) {
    return pause.from <= now && pause.to >= now - result.latency;
  });
}

OpinionJudge::State OpinionJudge::Between(const std::string& checker,
                                          const std::string& addr) const {
  const auto server = servers_.find(addr);
  if (server == servers_.end()) return {Service::kNeither, TimePoint::min()};
  const auto reach = reaches_.find({checker, addr});
  if (reach == reaches_.end()) return server->second;
  const State& one = server->second;
  const State& other = reach->second;
  if (one.service == Service::kServes && other.service == Service::kServes) {
    return {Service::kServes, std::max(one.since, other.since)};
  }
  // Without a route no answer arrives, and the server's state does not matter.
  if (other.service == Service::kNeither) return other;
  if (one.service == Service::kFails && other.service == Service::kFails) {
    return {Service::kFails, std::min(one.since, other.since)};
  }
  if (other.service == Service::kFails) return other;
  return one;
}

Duration OpinionJudge::Allowance(std::uint64_t life, TimePoint from, TimePoint to) const {
  const auto found = pauses_.find(life);
  if (found == pauses_.end()) return Duration::zero();
  Duration allowance{0};
  for (const auto& pause : found->second) {
    const Duration within = std::min(pause.to, to) - std::max(pause.from, from);
    // After a stall each server waits up to half an interval for its next probe.
    if (within > Duration::zero()) allowance += within + limits_.interval / 2;
  }
  return allowance;
}

void OpinionJudge::ListChanged(std::uint64_t life) {
  for (auto it = said_.lower_bound({life, ""}); it != said_.end(); ++it) {
    if (it->first.first != life) return;
    it->second.down = false;
    it->second.owed = 0;
  }
}

// Each 10 thresholds of life may forgive a step; nothing else does.
void OpinionJudge::Died(Said& said, TimePoint now) const {
  int left = said.owed;
  const bool returned = said.returned != TimePoint::min() && said.served > said.returned;
  Duration lived = returned ? said.served - said.returned : Duration(0);
  for (; lived >= 10 * limits_.shortest_threshold && left > 0;
       lived -= 10 * limits_.shortest_threshold) {
    left /= 2;
  }
  said.owed = left == 0 ? 1 : std::min(2 * left, kLeastCap);
  said.down = true;
  // What is answered in the turn of the death is reported before it.
  said.good = said.best = said.served == now ? 1 : 0;
}

Duration OpinionJudge::Silence(std::uint64_t life, const Said& said, TimePoint now) const {
  // An opinion formed in the same turn, before this answer, is reported after it.
  const TimePoint served = said.served == now ? said.served_before : said.served;
  TimePoint since = std::max(served, said.asked);
  const auto found = pauses_.find(life);
  if (found == pauses_.end()) return now - since;
  for (const Pause& pause : found->second) {
    if (pause.to - pause.from > limits_.threshold && pause.to <= now) {
      since = std::max(since, pause.to);
    }
  }
  Duration stopped{0};
  for (const Pause& pause : found->second) {
    const Duration within = std::min(pause.to, now) - std::max(pause.from, since);
    if (within > kNoticed) stopped += within;
  }
  return now - since - stopped;
}

bool OpinionJudge::IsWrong(const Doubtful& doubtful, Opinion opinion, TimePoint now) {
  using history::Excuse;
  const Duration held = now - doubtful.since;
  if (held <= doubtful.at_most) return false;
  const bool stalled = held <= doubtful.at_most + Allowance(doubtful.life, doubtful.since, now);
  // From unknown to dead: the opinion returns to what it was before the doubts.
  if (opinion == Opinion::kDead && doubtful.before == Opinion::kUnknown) {
    ++excuses_[stalled && !doubtful.seen ? Excuse::kStalled : Excuse::kDoubted];
    return false;
  }
  // A checker that has seen the server serve again has no later failure, no matter how often its
  // process was stopped.
  if (!stalled || doubtful.seen) return true;
  ++excuses_[doubtful.same_turn ? Excuse::kSameTurn : Excuse::kStalled];
  return false;
}

std::optional<OpinionJudge::Finding> OpinionJudge::Opined(std::uint64_t life,
                                                          const std::string& checker,
                                                          const std::string& addr, Opinion opinion,
                                                          TimePoint now) {
  Said& said = said_[{life, addr}];
  const Opinion before = std::exchange(said.opinion, opinion);
  const bool was_dead = said.was_dead;
  if (opinion != Opinion::kUnknown) said.was_dead = opinion == Opinion::kDead;
  if (opinion == Opinion::kDead && !said.down) Died(said, now);
  if (opinion == Opinion::kAlive && std::exchange(said.down, false)) {
    said.returned = now;
    if (said.best < said.owed) {
      return Finding{"hasty_return", fmt::format("{} says alive of {} after {} good probes of {}",
                                                 checker, addr, said.best, said.owed)};
    }
  }
  // What failed before it was withdrawn, or fell into doubt, is no longer counted.
  if (opinion == Opinion::kNotProbed || opinion == Opinion::kUnknown) {
    said.failures = said.failed == now ? 1 : 0;  // a first failure leads to "unknown"
    said.only_refused = true;
    said.overdue = false;
  }
  // From unknown to dead may be a return to what it was before the doubts.
  if (opinion == Opinion::kDead && !was_dead) {
    const Duration silence = Silence(life, said, now);
    const Duration least =
        said.only_refused || said.overdue ? limits_.shortest_refused : limits_.shortest_threshold;
    if (silence < least) {
      return Finding{"hasty_death",
                     fmt::format("{} says dead of {} after {:.3f} s without an answer", checker,
                                 addr, InSeconds(silence))};
    }
  }
  const State state = Between(checker, addr);
  if (state.since == TimePoint::min()) return std::nullopt;
  const auto finding = [&](const char* rule, const char* what) {
    return Finding{rule, fmt::format("{} says {} of {}, {} for {:.3f} s", checker,
                                     opinion == Opinion::kDead ? "dead" : "alive", addr, what,
                                     InSeconds(now - state.since))};
  };
  const Duration two_probes = 2 * limits_.timeout + limits_.interval * 11 / 10 + kSlack;
  if (opinion == Opinion::kDead && state.service == Service::kServes) {
    // An opinion formed in the same turn, before this answer, is reported after it.
    const TimePoint served = said.served;
    const bool since = served > state.since;
    const bool same_turn = since && now - served <= kSlack;
    if (IsWrong({life, state.since, two_probes, before, since && !same_turn, same_turn}, opinion,
                now)) {
      return finding("false_dead", "which has served it");
    }
  }
  // Without a route a checker knows nothing about the server. (It still sees what the server does
  // on an open connection, so only a server that serves is judged.)
  const auto reach = reaches_.find({checker, addr});
  const State& server = servers_.at(addr);
  if (opinion == Opinion::kDead && reach != reaches_.end() &&
      reach->second.service == Service::kNeither && server.service == Service::kServes) {
    const TimePoint since = std::max(reach->second.since, server.since);
    if (IsWrong({life, since, two_probes, before}, opinion, now)) {
      return finding("dead_by_doubt", "to which it has no route");
    }
  }
  if (opinion == Opinion::kAlive && state.service == Service::kFails &&
      IsWrong({life, state.since, limits_.timeout + kSlack, before}, opinion, now)) {
    return finding("false_alive", "which has not served it");
  }
  return std::nullopt;
}

bool OpinionJudge::HasProbed(std::uint64_t life, const std::string& addr) const {
  const auto found = said_.find({life, addr});
  return found != said_.end() && found->second.probed;
}

}  // namespace zkcluster::sim
