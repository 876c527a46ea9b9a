// Scenarios of sessions and of the ensemble: answers lost, one-way cuts, late watches, servers that
// are cut off, the whole ensemble down.
#include <variant>

#include "tests/sim/scenario.h"

namespace zkcluster::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

ScenePlan ThreeServers() {
  ScenePlan plan = PlainScene();
  plan.servers = 3;
  return plan;
}

bool IsTakeOver(const Request& request) {
  for (const auto& op : request.ops) {
    if (std::holds_alternative<zk::CheckOp>(op)) continue;
    const std::string& path =
        std::visit([](const auto& one) -> const std::string& { return one.path; }, op);
    if (path.ends_with("/quorum/leader")) return true;
  }
  return false;
}

bool IsCommit(const Request& request) {
  for (const auto& op : request.ops) {
    const auto* const set = std::get_if<zk::SetOp>(&op);
    if (set != nullptr && set->path.ends_with("/quorum/head")) return true;
  }
  return false;
}

void TakeOverAnswerLost(Play& play) {
  play.Begin();
  const std::size_t leader = play.Leader();
  const std::int64_t epoch = play.Epoch();
  for (std::size_t n = 0; n < 2; ++n) {
    play.WithClient(play.Follower(n), [&](zk::Client& client) {
      play.scene().ensemble.LoseAnswer(client, IsTakeOver);
    });
  }
  play.KillChecker(leader);
  // The first take-over succeeded, but the leader does not know it and takes over again.
  play.Await(
      "two more epochs", [&] { return play.Epoch() >= epoch + 2; }, seconds(6));
  play.KillShard(1);
  play.AwaitStatus("DAAA", seconds(4));
  play.StartChecker(leader);
}

void CommitAnswerLost(Play& play) {
  play.Begin();
  play.WithClient(play.Leader(),
                  [&](zk::Client& client) { play.scene().ensemble.LoseAnswer(client, IsCommit); });
  const std::int64_t epoch = play.Epoch();
  play.KillShard(3);
  play.AwaitStatus("AADA", seconds(2));
  const Micros since = play.StateOf(2).since;
  play.Run(seconds(4));
  play.Check("a new epoch read the outcome", play.Epoch() > epoch);
  play.Check("it was decided once", play.StateOf(2).since == since);
}

void CommitDropped(Play& play) {
  play.Begin();
  play.WithClient(play.Leader(),
                  [&](zk::Client& client) { play.scene().ensemble.DropRequest(client, IsCommit); });
  play.KillShard(3);
  play.AwaitStatus("AADA", seconds(4));
}

void SessionExpired(Play& play) {
  play.Begin();
  const std::size_t leader = play.Leader();
  play.WithClient(leader, [&](zk::Client& client) { play.scene().ensemble.Expire(client); });
  play.KillShard(2);
  play.Await(
      "another leader", [&] { return play.Leader() != leader; }, seconds(1));
  play.AwaitStatus("ADAA", seconds(3));
}

void SessionSuspended(Play& play) {
  play.Begin();
  const std::size_t leader = play.Leader();
  const std::int64_t epoch = play.Epoch();
  play.WithClient(leader, [&](zk::Client& client) { play.scene().ensemble.Mute(client); });
  // Two thirds of its session have passed: it knows nothing for sure, and its session still lives.
  play.Run(milliseconds(1500));
  SimChecker* const checker = play.scene().Checker(leader);
  play.Check("it leads no more", checker == nullptr || checker->facts().Leading() == 0);
  play.WithClient(leader, [&](zk::Client& client) { play.scene().ensemble.Reconnect(client); });
  play.KillShard(2);
  play.AwaitStatus("ADAA", seconds(4));
  play.Check("it took over again", play.Epoch() > epoch);
}

void OneWay(Play& play) {
  play.Begin();
  const std::size_t first = play.Leader();
  play.WithClient(first, [&](zk::Client& client) { play.scene().ensemble.MuteToServer(client); });
  play.KillShard(1);
  play.AwaitStatus("DAAA", seconds(6));
  play.WithClient(first, [&](zk::Client& client) { play.scene().ensemble.Reconnect(client); });
  play.Run(seconds(3));
  // Its requests keep its session alive, and it receives nothing: no other checker can replace it
  // before it gives up.
  const std::size_t second = play.Leader();
  play.WithClient(second, [&](zk::Client& client) { play.scene().ensemble.MuteToClient(client); });
  play.ReviveShard(1);
  play.AwaitStatus("AAAA", seconds(8));
  play.WithClient(second, [&](zk::Client& client) { play.scene().ensemble.Reconnect(client); });
  play.Run(seconds(3));
}

void LateWatches(Play& play) {
  play.Begin();
  for (std::size_t i = 0; i < 3; ++i) {
    play.WithClient(i, [&](zk::Client& client) {
      play.scene().ensemble.SetEventDelay(client, milliseconds(800));
    });
  }
  for (int i = 0; i < 3; ++i) {
    play.KillShard(2);
    play.AwaitStatus("ADAA", seconds(5));
    play.ReviveShard(2);
    play.AwaitStatus("AAAA", seconds(12));
  }
}

void FollowerCutOff(Play& play) {
  play.Begin();
  FakeEnsemble& ensemble = play.scene().ensemble;
  // A following server of the ensemble, to which the leading checker is connected.
  const std::size_t leader = play.Leader();
  int server = -1;
  for (int tries = 0; tries < 20 && server < 0; ++tries) {
    play.WithClient(leader, [&](zk::Client& client) {
      const int at = ensemble.ServerOf(client);
      if (at >= 0 && at != ensemble.leading()) server = at;
      if (server < 0) ensemble.Reset(client);
    });
    play.Run(milliseconds(500));
  }
  if (server < 0) return;
  ensemble.CutOff(server);
  play.KillShard(2);
  play.AwaitStatus("ADAA", seconds(6));
  play.Run(seconds(3));
  ensemble.Rejoin(server);
  play.ReviveShard(2);
  play.AwaitStatus("AAAA", seconds(4));
}

void FollowerLags(Play& play) {
  play.Begin();
  FakeEnsemble& ensemble = play.scene().ensemble;
  for (int server = 0; server < 3; ++server) ensemble.SetLag(server, milliseconds(700));
  play.KillShard(1);
  play.AwaitStatus("DAAA", seconds(6));
  play.ReviveShard(1);
  play.AwaitStatus("AAAA", seconds(6));
}

void LeadingServerChanges(Play& play) {
  play.Begin();
  FakeEnsemble& ensemble = play.scene().ensemble;
  for (int i = 0; i < 3; ++i) {
    const int leading = ensemble.leading();
    if (leading >= 0) ensemble.ServerDown(leading);
    play.KillShard(1);
    play.AwaitStatus("DAAA", seconds(8));
    if (leading >= 0) ensemble.ServerUp(leading);
    play.ReviveShard(1);
    play.AwaitStatus("AAAA", seconds(14));
  }
}

void EnsembleDown(Play& play) {
  play.Begin();
  play.KillShard(4);
  play.AwaitStatus("AAAD", seconds(2));
  const auto has_it = [&] {
    const auto& table = play.scene().ReaderAt(0)->table(0);
    return table && Letters(table->table->board()) == "AAAD";
  };
  play.Await("the reader has it", has_it, seconds(1));
  play.scene().ensemble.Down();
  play.Run(seconds(5));
  play.KillShard(1);
  play.ReviveShard(4);
  play.Throughout("readers keep what they have", seconds(115), has_it);
  play.scene().ensemble.Up();
  play.AwaitStatus("DAAA", seconds(10));
}

void ReaderRestarts(Play& play) {
  play.Begin();
  play.scene().ensemble.SetLag(0, milliseconds(900));
  play.KillShard(2);
  play.AwaitStatus("ADAA", seconds(4));
  for (int i = 0; i < 5; ++i) {
    play.scene().RestartReader(0);
    play.Await(
        "a table", [&] { return play.scene().ReaderAt(0)->table(0).has_value(); }, seconds(4));
  }
}

}  // namespace

std::vector<Scenario> SessionScenarios() {
  return {
      {"take-over-answer-lost", "the answer to the take-over is lost", PlainScene,
       TakeOverAnswerLost},
      {"commit-answer-lost", "the answer to a commit is lost", PlainScene, CommitAnswerLost},
      {"commit-dropped", "a commit does not arrive", PlainScene, CommitDropped},
      {"session-expired", "the leader's session expires", PlainScene, SessionExpired},
      {"session-suspended", "the leader's session is mute, and comes back before it ends",
       PlainScene, SessionSuspended},
      {"one-way-cuts", "the leader hears and is not heard, then is heard and does not hear",
       PlainScene, OneWay},
      {"late-watches", "every watch fires 800 ms late", PlainScene, LateWatches},
      {"follower-cut-off", "a following server is cut off with the leader on it", ThreeServers,
       FollowerCutOff},
      {"follower-lags", "two of three servers lag by 700 ms", ThreeServers, FollowerLags},
      {"leading-server-changes", "the leading server is down, three times", ThreeServers,
       LeadingServerChanges},
      {"ensemble-down", "no ensemble for two minutes, while a shard dies and another returns",
       PlainScene, EnsembleDown},
      {"reader-restarts", "a program starts again and again on a lagging server", ThreeServers,
       ReaderRestarts},
  };
}

}  // namespace zkcluster::sim
