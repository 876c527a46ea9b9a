// Shards and ZooKeeper given by name: names and name servers that go away.
#include "tests/faults/bounds.h"
#include "tests/faults/scenario.h"

namespace zkcluster::faults {
namespace {

using std::chrono::seconds;

// Longer than a name's TTL (5 s), so that every checker has asked again.
constexpr Duration kPastTtl = seconds(7);

// One of two, in each place, while a checker starts that knows nothing yet.
void SilentNameServer(Play& play) {
  for (const std::size_t server : {0U, 1U}) {
    play.Say("name server " + std::to_string(server + 1) + " is silent");
    play.site.names().SetManners(server, {.silent = true});
    play.KillChecker("c1");
    play.Pass(kPastSession);
    play.StartChecker("c1");
    if (server == 0) play.OperatorActs();
    play.AwaitVoters(play.site.CheckerIds().size(), kAfterElection);
    play.Kill("s1");
    play.AwaitDead({"s1"}, kSoon);
    play.Start("s1");
    play.AwaitAlive({"s1"}, kSoon);
    play.site.names().SetManners(server, {});
  }
}

void NameGone(Play& play) {
  play.Say("the name of s1 is gone");
  play.site.names().SetListed("s1", false);
  play.Pass(kPastTtl);
  play.OperatorActs();
  play.Kill("s1");
  play.AwaitDead({"s1"}, kSoon);
  play.Start("s1");
  play.AwaitAlive({"s1"}, kSoon);
  play.Say("no name server answers");
  for (const std::size_t server : {0U, 1U}) play.site.names().SetManners(server, {.silent = true});
  play.Pass(kPastTtl);
  play.KillZooKeeper(play.ZooKeeperLeader());
  play.Kill("s2");
  play.AwaitDead({"s2"}, kAfterOutage);
  play.Start("s2");
  play.AwaitAlive({"s2"}, kSoon);
}

}  // namespace

std::vector<Scenario> NameScenarios() {
  return {
      {.name = "name_server_silent",
       .must_hold = "one name server of two is silent: a checker that starts votes, and s1 is dead "
                    "within 5 s",
       .site = {.names = true},
       .needs = {Need::kPackets, Need::kMounts},
       .play = SilentNameServer},
      {.name = "name_gone",
       .must_hold = "the name of s1 is gone, then all name servers: no flip; killed, s1 is dead "
                    "within 5 s, and s2 within 15 s of a lost ZooKeeper leader",
       .site = {.names = true},
       .needs = {Need::kPackets, Need::kMounts},
       .play = NameGone},
  };
}

}  // namespace zkcluster::faults
