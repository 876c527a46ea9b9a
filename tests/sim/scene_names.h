// Names in a scene: where the host of each address is, how the name servers behave, and the judge of
// what checkers make of it:
//   [forgotten_name]  a probe says "unresolved" although this process has known an address
//   [not_followed]    a probe is answered at a place that its name has left long ago: longer than
//                     the TTL, or than a retry where the name servers were away
// A scene without names has addresses instead, and nothing here does anything. Not thread-safe.
#pragma once

#include <zkcluster/time.h>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "tests/fakes/fake_fleet.h"
#include "tests/sim/dice.h"
#include "tests/sim/opinion_judge.h"

namespace zkcluster::sim {

class SceneNames {
 public:
  SceneNames(SimWorld& world, FakeFleet& fleet, bool on);

  [[nodiscard]] bool on() const { return on_; }

  // --- what happens ---
  // The host of this address has a first place.
  void Begin(const std::string& addr);
  // It gets another one, with servers like those of the old one, which go on.
  void Move(const std::string& addr, Duration ttl);
  void SetListed(const std::string& addr, bool listed);
  // One name server of several behaves so, the others well.
  void Disturb(std::size_t server, FakeNames::Manners manners);
  // All of them. None is good.
  void TakeAway(FakeNames::Manners manners);
  void HealServers();
  void Heal();  // and every name is listed
  [[nodiscard]] std::size_t servers() const { return names_.size(); }
  void Paused(std::uint64_t life, TimePoint until);

  // --- what follows ---
  // The name is gone, or was a moment ago. Only a lying name server answers then, and the host that
  // a checker asks may be another one.
  [[nodiscard]] bool MayBeLiars(const std::string& addr) const;
  // Every checker that runs uses the place that the host has now.
  [[nodiscard]] bool Settled(const std::string& addr) const;
  [[nodiscard]] std::optional<OpinionJudge::Finding> Probed(std::uint64_t life,
                                                            const FakeFleet::Ended& probe);

 private:
  [[nodiscard]] static std::string HostOf(const std::string& addr);
  [[nodiscard]] std::string NewPlace();
  // From when on the place of `host` is known to all. TimePoint::max(): unknown.
  [[nodiscard]] TimePoint KnownFrom(const std::string& host) const;
  void NoteTrouble();

  SimWorld& world_;
  FakeFleet& fleet_;
  const bool on_;
  FakeNames names_;
  int places_ = 0;
  std::map<std::string, std::string> place_of_;    // by host
  std::map<std::string, TimePoint> moved_at_;      // by host
  std::set<std::string> unlisted_;                 // hosts
  std::map<std::string, TimePoint> listed_again_;  // by host
  bool away_ = false;                              // no name server is good
  // When the last time ended in which a name or all name servers were away.
  TimePoint trouble_over_ = TimePoint::min();
  using LifeAndAddress = std::pair<std::uint64_t, std::string>;
  struct Followed {
    TimePoint since{};  // the first probe after a time without any
    TimePoint last{};   // the last probe
  };
  std::map<std::uint64_t, TimePoint> paused_until_;  // by life
  std::set<LifeAndAddress> known_;
  std::map<LifeAndAddress, Followed> followed_;
};

}  // namespace zkcluster::sim
