#include "tests/sim/scene_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "names/name_book.h"
#include "tests/sim/scene_plan.h"
#include "text/address.h"

namespace zkcluster::sim {
namespace {

constexpr Duration kTurns = std::chrono::milliseconds(600);
// Every name has a TTL of at most NameBook::kShortest. The question, a probe under way, and turns.
constexpr Duration kFollows = NameBook::kShortest + Resolver::kGraceForAll + kLongestProbe + kTurns;
// After a failure the next question comes later.
constexpr Duration kFollowsTrouble = NameBook::kLongestRetry + Dns::kLimit + kFollows;
// No checker probes a server of its clusters less often.
constexpr Duration kLongestGap = kLongestInterval + kLongestProbe + kTurns;
constexpr std::size_t kServers = 2;

}  // namespace

SceneNames::SceneNames(SimWorld& world, FakeFleet& fleet, bool on)
    : world_(world), fleet_(fleet), on_(on), names_(world, kServers) {
  if (on_) fleet_.UseNames(names_);
}

std::string SceneNames::HostOf(const std::string& addr) {
  const auto address = ParseAddress(addr);
  ZKC_CHECK(address.has_value());
  return address->host;
}

std::string SceneNames::NewPlace() {
  ++places_;
  return fmt::format("10.200.{}.{}", places_ / 250, places_ % 250 + 1);
}

void SceneNames::Begin(const std::string& addr) {
  if (!on_ || place_of_.contains(HostOf(addr))) return;
  fleet_.Move(addr, place_of_[HostOf(addr)] = NewPlace(), NameBook::kShortest);
}

void SceneNames::Move(const std::string& addr, Duration ttl) {
  const std::string host = HostOf(addr);
  fleet_.Move(addr, place_of_[host] = NewPlace(), ttl);
  moved_at_[host] = world_.now();
  if (unlisted_.contains(host)) fleet_.SetListed(addr, false);
}

void SceneNames::SetListed(const std::string& addr, bool listed) {
  fleet_.SetListed(addr, listed);
  if (listed) {
    unlisted_.erase(HostOf(addr));
    listed_again_[HostOf(addr)] = world_.now();
  } else {
    unlisted_.insert(HostOf(addr));
  }
  NoteTrouble();
}

void SceneNames::Disturb(std::size_t server, FakeNames::Manners manners) {
  HealServers();
  names_.server(server).manners = manners;
}

void SceneNames::TakeAway(FakeNames::Manners manners) {
  for (std::size_t i = 0; i < names_.size(); ++i) names_.server(i).manners = manners;
  away_ = true;
  NoteTrouble();
}

void SceneNames::HealServers() {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    names_.server(i).manners = FakeNames::Manners::kGood;
  }
  if (std::exchange(away_, false)) NoteTrouble();
}

void SceneNames::Heal() {
  if (!on_) return;
  HealServers();
  for (const std::string& host : std::exchange(unlisted_, {})) {
    fleet_.SetListed(FormatAddress({host, 1}), true);
    listed_again_[host] = world_.now();
    NoteTrouble();
  }
}

void SceneNames::NoteTrouble() {
  trouble_over_ = world_.now();
}

void SceneNames::Paused(std::uint64_t life, TimePoint until) {
  paused_until_[life] = std::max(paused_until_[life], until);
}

TimePoint SceneNames::KnownFrom(const std::string& host) const {
  const auto moved = moved_at_.find(host);
  if (moved == moved_at_.end()) return TimePoint::min();
  if (away_ || unlisted_.contains(host)) return TimePoint::max();
  const TimePoint known = moved->second + kFollows;
  if (trouble_over_ == TimePoint::min()) return known;
  return std::max(known, trouble_over_ + kFollowsTrouble);
}

bool SceneNames::MayBeLiars(const std::string& addr) const {
  if (!on_) return false;
  const auto again = listed_again_.find(HostOf(addr));
  return unlisted_.contains(HostOf(addr)) ||
         (again != listed_again_.end() && world_.now() <= again->second + kFollowsTrouble);
}

bool SceneNames::Settled(const std::string& addr) const {
  return !on_ || world_.now() >= KnownFrom(HostOf(addr));
}

std::optional<OpinionJudge::Finding> SceneNames::Probed(std::uint64_t life,
                                                        const FakeFleet::Ended& probe) {
  if (!on_) return std::nullopt;
  const auto key = std::make_pair(life, probe.addr);
  Followed& followed = followed_[key];
  if (world_.now() - followed.last > kLongestGap) followed.since = world_.now();
  followed.last = world_.now();
  if (probe.result.reason == Reason::kUnresolved) {
    if (!known_.contains(key)) return std::nullopt;
    return OpinionJudge::Finding{
        "forgotten_name",
        fmt::format("{} says that {} does not resolve, and knew it", probe.checker, probe.addr)};
  }
  known_.insert(key);
  const std::string host = HostOf(probe.addr);
  const auto place = ParseAddress(probe.place);
  if (!place || place->host == place_of_.at(host)) return std::nullopt;
  TimePoint from = KnownFrom(host);
  if (from == TimePoint::max()) return std::nullopt;
  // A name that was left is not asked for, and its old address is tried first.
  from = std::max(from, followed.since + kFollows);
  const auto paused = paused_until_.find(life);
  if (paused != paused_until_.end()) from = std::max(from, paused->second + kFollows);
  if (world_.now() <= from) return std::nullopt;
  return OpinionJudge::Finding{
      "not_followed", fmt::format("{} still asks {} about {}, which is at {}", probe.checker,
                                  probe.place, probe.addr, place_of_.at(host))};
}

}  // namespace zkcluster::sim
