// Whole checkers in a simulated world: the time from an opinion to the ballot, and from the quorum
// to the commit, when shards die one by one and when they die all at once.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "checker/rules/pace.h"
#include "tests/support/settled_site.h"

namespace participant_pace_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

constexpr const char* kName = kSettledCluster;

// The times of each shard's death: in the checkers' opinions, and in the leader's commit.
struct Deaths {
  std::map<std::string, std::vector<TimePoint>> opinions;
  std::map<std::string, TimePoint> flips;
};

class DeathLogger final : public Logger {
 public:
  DeathLogger(SimWorld& world, Deaths& deaths) : world_(world), deaths_(deaths) {}
  void Log(LogLevel, std::string_view event, std::initializer_list<LogField> fields) override {
    for (const LogField& field : fields) {
      if (field.key != "shard") continue;
      if (event == "opinion.dead") deaths_.opinions[field.value].push_back(world_.now());
      if (event == "shard.dead") deaths_.flips.emplace(field.value, world_.now());
    }
  }

 private:
  SimWorld& world_;
  Deaths& deaths_;
};

struct Fleet : SimSite {
  Fleet(std::uint64_t seed, int shards, int checker_count = 3) : SimSite(seed) {
    spec = MakeSpec(kName, shards);
    spec.checkers = checker_count;
    Create(spec);
    for (int c = 1; c <= checker_count; ++c) {
      SimChecker::Options options;
      options.id = "c" + std::to_string(c);
      options.logger = std::make_shared<DeathLogger>(world, deaths);
      Start(options);
    }
    REQUIRE(Reaches(kName, std::string(spec.shards.size(), 'A'), 10s));
    world.RunFor(3s);
  }
  void Kill(std::size_t shard) { fleet.Set(spec.shards[shard].addr, Server::kRefused); }

  // For each shard, in order: the time from the quorum's knowledge to the commit.
  [[nodiscard]] std::vector<Duration> Delays() {
    const auto quorum = static_cast<std::size_t>(*spec.checkers / 2 + 1);
    std::vector<Duration> delays;
    for (auto& [shard, times] : deaths.opinions) {
      REQUIRE(times.size() >= quorum);
      std::sort(times.begin(), times.end());
      delays.push_back(deaths.flips.at(shard) - times[quorum - 1]);
    }
    std::sort(delays.begin(), delays.end());
    return delays;
  }

  Deaths deaths;
  ClusterSpec spec;
};

}  // namespace

TEST_CASE("pace: shards that die one by one, some 130 ms apart, are no storm") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Fleet site(seed, 30);
    for (std::size_t i = 0; i < 30; ++i) {
      site.Kill(i * 7 % 30);
      site.world.RunFor(130ms);
    }
    REQUIRE(site.Reaches(kName, std::string(30, 'D'), 4s));
    site.world.RunFor(3s);
    const auto delays = site.Delays();
    REQUIRE(delays.size() == 30);
    // Ballot, event, read, commit: with latencies of up to 2 ms each way that is 15 ms at most,
    // and each of the two writes may wait for the one before.
    CHECK(delays[delays.size() / 2] <= 15ms);
    CHECK(delays.back() <= 15ms + 2 * Pace::kFirst);
  }
}

TEST_CASE("pace: a hundred deaths within a second take a handful of writes") {
  constexpr std::size_t kRounds = 3;
  std::size_t commits = 0;
  std::size_t ballots = 0;
  for (std::uint64_t seed = 1; seed <= kRounds; ++seed) {
    CAPTURE(seed);
    Fleet site(seed, 1000, 9);
    const auto zxid = site.ensemble.zxid();
    for (std::size_t i = 0; i < 100; ++i) site.Kill(i * 10);
    site.world.RunFor(2s);  // refused_threshold + 1 s
    const std::string statuses = site.Statuses(kName);
    REQUIRE(std::count(statuses.begin(), statuses.end(), 'D') == 100);
    site.world.RunFor(1s);
    commits += site.WritesSince(zxid, "/head");
    ballots += site.WritesSince(zxid, "/votes/");
  }
  // Nine ballots give the leader nine times the rounds; it must not write nine times as often.
  CHECK(commits <= kRounds * 16);
  CHECK(ballots <= kRounds * 9 * 14);
}

}  // namespace participant_pace_test
