// Scenarios of operators and of the Go library: specs changed at the wrong moment, two at once, Go
// checkers that come and go.
#include "codec/codec.h"
#include "tests/fakes/sim_checker.h"
#include "tests/sim/scenario.h"

namespace zkcluster::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

ScenePlan TwoOperators() {
  ScenePlan plan = PlainScene();
  plan.operators = 2;
  return plan;
}

ClusterSpec WithShard(ClusterSpec spec, int number) {
  for (const auto& shard : spec.shards) {
    if (shard.addr == AddressOf(0, number)) return spec;
  }
  spec.shards.push_back({"s" + std::to_string(number), AddressOf(0, number)});
  return spec;
}

void UpdateInCommit(Play& play) {
  play.Begin();
  play.AtNextCommits(1, [&play](const Arrival&) {
    play.RewriteSpec([](const ClusterSpec& spec) { return WithShard(spec, 5); });
  });
  play.KillShard(2);
  play.AwaitStatus("ADAAA", seconds(4));
  play.Check("the commit was refused", play.Count("refused by spec") >= 1);
}

void DeleteAndCreateInCommit(Play& play) {
  play.Begin();
  play.AtNextCommits(1, [&play](const Arrival&) {
    Scene& scene = play.scene();
    const auto stored = scene.SpecOf(0);
    if (!stored) return;
    const ClusterPaths paths = scene.Paths(0);
    const SpecPayloads payloads = EncodeSpec(stored->spec);
    scene.Remove(paths.base());
    scene.Put(paths.base(), payloads.version);
    static_cast<void>(scene.ensemble.Commit({zk::CreateOp{paths.shards(), payloads.shards},
                                             zk::CreateOp{paths.options(), payloads.options}}));
  });
  play.KillShard(2);
  play.AwaitStatus("ADAA", seconds(6));
}

void TwoAtOnce(Play& play) {
  play.Begin();
  Scene& scene = play.scene();
  for (std::size_t i = 0; i < 2; ++i) {
    Operator* const who = scene.OperatorAt(i);
    if (who == nullptr || who->busy()) continue;
    who->Update("a",
                [i](const ClusterSpec& spec) { return WithShard(spec, 5 + static_cast<int>(i)); });
  }
  play.Await(
      "both are answered",
      [&] {
        for (std::size_t i = 0; i < 2; ++i) {
          if (scene.OperatorAt(i) != nullptr && scene.OperatorAt(i)->busy()) return false;
        }
        return true;
      },
      seconds(5));
  play.Check("one of them got a conflict", play.Count("operator conflict") == 1);
  play.AwaitStatus("AAAAA", seconds(3));
}

void UpdateWhileDying(Play& play) {
  play.Begin();
  play.KillShard(1);
  play.Run(milliseconds(500));
  play.Update([](const ClusterSpec& spec) { return WithShard(spec, 6); });
  play.AwaitStatus("DAAAA", seconds(4));
  const Micros since = play.StateOf(0).since;
  play.Update([](ClusterSpec spec) {
    std::swap(spec.shards.front(), spec.shards.back());
    return spec;
  });
  play.AwaitStatus("AAAAD", seconds(3));
  play.Check("a change of the list moves no Since", play.StateOf(4).since == since);
  play.Update([](ClusterSpec spec) {
    spec.shards.back().addr = AddressOf(0, 1, 2);
    return spec;
  });
  play.AwaitStatus("AAAAA", seconds(3));
  play.Check("another address is another server", play.StateOf(4).since > since);
}

void DeleteAndCreate(Play& play) {
  play.Begin();
  play.KillShard(3);
  play.AwaitStatus("AADA", seconds(2));
  play.Delete();
  play.Run(milliseconds(300));
  play.Create();
  play.AwaitStatus("AADA", seconds(5));
  play.Check("another incarnation begins with epoch 1", play.Epoch() == 1);
}

// The rows stay when the head is removed for Go checkers.
bool RowsAre(Play& play, std::string_view letters) {
  const auto node = play.scene().ensemble.Get(play.scene().Paths(0).chunk(0));
  const auto rows = node ? DecodeChunk(node->data) : Result<std::vector<ShardState>>();
  return rows && StatusLetters(*rows) == letters;
}

void GoComesAndGoes(Play& play) {
  play.Begin();
  play.scene().StartGo(0);
  play.Run(seconds(2));
  play.KillShard(2);
  play.Throughout("nothing is decided while it is registered", seconds(4),
                  [&] { return RowsAre(play, "AAAA"); });
  play.scene().LeaveGo(true);
  play.AwaitStatus("ADAA", seconds(3));
  play.Check("the hold was logged", play.Count("hold go_checkers") >= 1);
}

void GoComesInCommit(Play& play) {
  play.Begin();
  play.AtNextCommits(1, [&play](const Arrival&) {
    const ClusterPaths paths = play.scene().Paths(0);
    play.scene().PutEphemeral(paths.go_voters() + "/n_0000000000", "{}");
    play.scene().Put(paths.go_voters(), "a");
  });
  play.KillShard(2);
  play.Run(seconds(4));
  play.Check("nothing is decided while it is registered", RowsAre(play, "AAAA"));
  play.scene().Remove(play.scene().Paths(0).go_voters() + "/n_0000000000");
  play.AwaitStatus("ADAA", seconds(3));
}

void GoTakesOver(Play& play) {
  // Before our checkers came, the Go library ran the cluster.
  play.Create();
  play.scene().StartReader();
  play.scene().StartGo(0);
  play.scene().SetServer(Play::Shard(4), FakeFleet::Server::kRefused);
  play.Run(seconds(3));
  for (std::size_t i = 0; i < 3; ++i) play.StartChecker(i);
  play.Run(seconds(4));
  play.Check("our checkers have not decided yet",
             play.scene().StatusesOf(0).find('A') == std::string::npos);
  play.scene().LeaveGo(true);
  play.AwaitStatus("AAAD", seconds(6));
}

}  // namespace

std::vector<Scenario> OperatorScenarios() {
  return {
      {"update-in-commit", "spec changed between tally and commit", PlainScene, UpdateInCommit},
      {"delete-and-create-in-commit", "cluster deleted and created again between tally and commit",
       PlainScene, DeleteAndCreateInCommit},
      {"two-operators", "two operators change one version", TwoOperators, TwoAtOnce},
      {"update-while-dying", "shards added, reordered and moved while one is dying", PlainScene,
       UpdateWhileDying},
      {"delete-and-create", "cluster deleted and created again under living checkers", PlainScene,
       DeleteAndCreate},
      {"go-comes-and-goes", "a Go checker registers while a shard dies, and leaves", PlainScene,
       GoComesAndGoes},
      {"go-comes-in-commit", "a Go checker registers between tally and commit", PlainScene,
       GoComesInCommit},
      {"go-before-us", "a Go checker ran the cluster before our checkers came", PlainScene,
       GoTakesOver},
  };
}

}  // namespace zkcluster::sim
