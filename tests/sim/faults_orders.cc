// Orders of operators (pause, maintenance, freeze lifted or accepted, a checker forgotten), and
// changes of a single znode between a leader's tally and its commit. For each check of the fencing
// multi there is a fault, here or in faults_world.cc, that only this check guards against.
#include <fmt/format.h>

#include "codec/codec.h"
#include "tests/sim/faults.h"

namespace zkcluster::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kGoByHand = "/n_0000009999";
// An order that ends this soon after the last fault ends by itself.
constexpr Micros kEndsByItself = seconds(15);

}  // namespace

bool FaultMachine::Order(std::size_t cluster, Event::What what,
                         const std::function<void(Ledger&)>& change) {
  const ClusterPaths paths = scene_.Paths(cluster);
  const auto node = scene_.ensemble.Get(paths.ledger());
  // Without a ledger there is nothing to order. But where somebody has led, the leader writes
  // back what it remembers.
  if (!node) return !scene_.ensemble.Exists(paths.leader());
  auto ledger = DecodeLedger(node->data);
  if (!ledger) return false;
  DateOrders(*ledger, node->stat.version, node->stat.modified);
  const Ledger before = *ledger;
  change(*ledger);
  if (*ledger == before) return true;
  Event event;
  event.what = std::move(what);
  event.at = scene_.world.wall_now();
  event.by = "ann@ops1";
  NoteFault(fmt::format("an operator's order ({})", EventKindName(event)));
  const auto done =
      scene_.ensemble.Commit({zk::SetOp{paths.ledger(), EncodeLedger(*ledger), node->stat.version},
                              zk::CreateOp{paths.event_prefix(), EncodeEvent(event),
                                           zk::CreateMode::kPersistentSequential}});
  return static_cast<bool>(done);
}

void FaultMachine::PauseCluster(std::size_t cluster) {
  const Micros now = scene_.world.wall_now();
  const Duration length = dice_.LogBetween(milliseconds(500), seconds(10));
  const bool open_end = dice_.Chance(0.3);
  const Micros until = open_end ? Micros(0) : now + std::chrono::duration_cast<Micros>(length);
  Order(cluster, Event::Pause{"", until}, [&](Ledger& ledger) {
    ledger.pause = zkcluster::Pause{now, until, "ann@ops1", "a test"};
  });
  // Also if the pause has an end: the leader's clock may be far off.
  After(length, [this, cluster] { ResumeCluster(cluster); });
}

bool FaultMachine::ResumeCluster(std::size_t cluster) {
  return Order(cluster, Event::Resume{}, [](Ledger& ledger) { ledger.pause.reset(); });
}

// If ZooKeeper is down, or the ledger or the journal is gone, the operator tries again later; also
// while an order may be on its way.
void FaultMachine::LiftOrders() {
  const Micros soon = scene_.world.wall_now() + kEndsByItself;
  const auto stays = [soon](const auto& order) { return IsOver(order, soon); };
  bool done = scene_.world.now() >= orders_arrive_until_;
  for (std::size_t k = 0; k < scene_.clusters().size(); ++k) {
    done = Order(k, Event::MaintenanceOver{},
                 [&](Ledger& ledger) {
                   std::erase_if(ledger.maintenance,
                                 [&](const auto& each) { return !stays(each.second); });
                 }) &&
           done;
    done = Order(k, Event::Resume{},
                 [&](Ledger& ledger) {
                   if (ledger.pause && !stays(*ledger.pause)) ledger.pause.reset();
                 }) &&
           done;
    scene_.Remove(scene_.Paths(k).go_voters() + kGoByHand);
  }
  if (!done) After(seconds(1), [this] { LiftOrders(); });
}

void FaultMachine::Pause() {
  PauseCluster(PickCluster());
}

void FaultMachine::PauseInCommit() {
  AtNextCommits(1, [this](const Arrival&, std::size_t cluster) { PauseCluster(cluster); });
}

// Some shards of the current spec, and sometimes a name that is not in it, as if the shard had left
// a moment ago.
void FaultMachine::MaintainShards(std::size_t cluster) {
  const auto stored = scene_.SpecOf(cluster);
  if (!stored) return;
  Event::Maintenance event;
  for (const ShardSpec& shard : stored->spec.shards) {
    if (dice_.Chance(0.4)) event.shards.push_back(shard.name);
  }
  if (dice_.Chance(0.1)) event.shards.emplace_back("nobody");
  if (event.shards.empty()) return;
  const Micros now = scene_.world.wall_now();
  const Duration length = dice_.LogBetween(milliseconds(500), seconds(20));
  const bool open_end = dice_.Chance(0.3);
  event.until = open_end ? Micros(0) : now + std::chrono::duration_cast<Micros>(length);
  Order(cluster, event, [&](Ledger& ledger) {
    for (const std::string& name : event.shards) {
      ledger.maintenance[name] = Maintenance{now, event.until, "ann@ops1", "a test"};
    }
  });
  After(length, [this, cluster] { EndMaintenance(cluster); });
}

bool FaultMachine::EndMaintenance(std::size_t cluster) {
  return Order(cluster, Event::MaintenanceOver{},
               [](Ledger& ledger) { ledger.maintenance.clear(); });
}

void FaultMachine::Maintain() {
  MaintainShards(PickCluster());
}

void FaultMachine::MaintainInCommit() {
  AtNextCommits(1, [this](const Arrival&, std::size_t cluster) { MaintainShards(cluster); });
}

// Given through the product by an operator whose clock is hours off, beside a leader whose clock is,
// too: only ZooKeeper's says how long it holds. Most orders are long, and are lifted soon.
void FaultMachine::OrderForATime() {
  Operator* const who = FreeOperator();
  if (who == nullptr) return;
  const std::size_t cluster = PickCluster();
  const auto leap = [this](SimLoop& loop) {
    const Duration by = dice_.LogBetween(seconds(1), std::chrono::hours(5));
    const int sign = dice_.Chance(0.5) ? 1 : -1;
    NoteFault(fmt::format("{}'s wall clock is {} s off", loop.name(),
                          sign * std::chrono::duration_cast<seconds>(by).count()));
    loop.SetWallOffset(std::chrono::duration_cast<Micros>(by) * sign);
  };
  leap(who->loop());
  const auto leading = scene_.LeadingChecker(cluster);
  if (leading && scene_.Checker(*leading) != nullptr && dice_.Chance(0.7)) {
    leap(*scene_.FindLife(scene_.CheckerLife(*leading))->loop);
  }
  const Duration length = dice_.LogBetween(seconds(1), std::chrono::hours(1));
  const auto stored = scene_.SpecOf(cluster);
  const bool some = stored && dice_.Chance(0.4);
  NoteFault(fmt::format("an operator orders {} for {} s", some ? "maintenance" : "a pause",
                        std::chrono::duration_cast<seconds>(length).count()));
  if (some) {
    who->Maintain(scene_.clusters()[cluster], {dice_.Pick(stored->spec.shards).name}, length);
  } else {
    who->Pause(scene_.clusters()[cluster], length);
  }
  After(dice_.Between(seconds(1), seconds(12)), [this, cluster, some] {
    Operator* const other = FreeOperator();
    if (other == nullptr) return;
    const std::string& name = scene_.clusters()[cluster];
    some ? other->EndMaintenance(name) : other->Resume(name);
  });
  const std::size_t index = dice_.Below(scene_.operators());
  After(dice_.Between(seconds(2), seconds(20)), [this, index] {
    Operator* const one = scene_.OperatorAt(index);
    if (one != nullptr && one->busy()) one->Abandon();
  });
}

// So many shards die that the cluster freezes, and the order to accept that meets a new leader.
void FaultMachine::AcceptAtTakeOver() {
  at_take_over_ = [this](std::size_t cluster) {
    After(dice_.LogBetween(milliseconds(1), milliseconds(300)), [this, cluster] {
      Order(cluster, Event::Unfreeze{0, true}, [](Ledger& ledger) {
        if (ledger.freeze.frozen) ledger.freeze.accept = true;
      });
    });
  };
}

void FaultMachine::Unfreeze() {
  const bool accept = dice_.Chance(0.5);
  Order(PickCluster(), Event::Unfreeze{0, accept}, [&](Ledger& ledger) {
    if (!ledger.freeze.frozen) return;
    if (accept) {
      ledger.freeze.accept = true;
    } else {
      ledger.freeze = zkcluster::Freeze{};
    }
  });
}

void FaultMachine::Forget() {
  const std::size_t cluster = PickCluster();
  const std::string& id = scene_.plan.checkers[dice_.Below(scene_.plan.checkers.size())].id;
  Order(cluster, Event::Forget{{id}}, [&](Ledger& ledger) { ledger.electorate.erase(id); });
}

// Writes like the Go manager, one znode after the other.
void FaultMachine::RewritePieceInCommit() {
  AtNextCommits(1, [this](const Arrival&, std::size_t cluster) {
    const auto stored = scene_.SpecOf(cluster);
    if (!stored) return;
    const ClusterPaths paths = scene_.Paths(cluster);
    ClusterSpec next = stored->spec;
    switch (dice_.Below(3)) {
      case 0:
        next.version = stored->spec.version + 1;
        NoteFault("a commit arrives: only the version is changed before it");
        return scene_.Put(paths.base(), EncodeSpec(next).version);
      case 1:
        // A change of the options without a new version is invisible to a process that missed it,
        // for example because it keeps the last good spec while the current one is corrupt.
        if (Weight(&FaultMachine::CorruptSpec) > 0) return;
        next.quorum = next.quorum ? std::nullopt : std::optional(1);
        next.checkers.reset();
        NoteFault("a commit arrives: only the options are changed before it");
        return scene_.Put(paths.options(), EncodeSpec(next).options);
      default:
        NoteFault("a commit arrives: the list is written again before it");
        return scene_.Put(paths.shards(), EncodeSpec(next).shards);
    }
  });
}

// A checker loses its session, and a new ballot of its id, with other votes, reaches the version of
// the ballot that was counted.
void FaultMachine::VoterBeginsInCommit() {
  AtNextCommits(1, [this](const Arrival&, std::size_t cluster) {
    const ClusterPaths paths = scene_.Paths(cluster);
    const std::size_t checker = dice_.Below(scene_.plan.checkers.size());
    const std::string path = paths.vote(scene_.plan.checkers[checker].id);
    const auto counted = scene_.ensemble.Get(path);
    auto ballot = counted ? DecodeBallot(counted->data) : Result<Ballot>(Ballot());
    if (scene_.Checker(checker) == nullptr || !counted || !ballot) return;
    for (Vote& vote : ballot->votes) {
      if (vote.opinion == Opinion::kNotProbed) continue;
      const bool was_dead = vote.opinion == Opinion::kDead;
      vote =
          was_dead ? Vote{Opinion::kAlive, Reason::kNone} : Vote{Opinion::kDead, Reason::kTimeout};
    }
    NoteFault("a commit arrives: a ballot begins again before it, with other votes: " + path);
    scene_.ensemble.Expire(scene_.Checker(checker)->client());
    do {
      scene_.PutEphemeral(path, EncodeBallot(*ballot));
    } while (scene_.ensemble.Get(path)->stat.version < counted->stat.version);
    scene_.Put(paths.votes(), "rung");
  });
}

// A Go checker registers, and writes `localstatus` like a real one.
void FaultMachine::GoComesInCommit() {
  AtNextCommits(1, [this](const Arrival&, std::size_t cluster) {
    const ClusterPaths paths = scene_.Paths(cluster);
    const std::string name = paths.go_voters() + kGoByHand;
    if (!scene_.ensemble.Exists(paths.go_voters()) || scene_.ensemble.Exists(name)) return;
    NoteFault("a commit arrives: a Go checker registers before it");
    scene_.PutEphemeral(name, "{}");
    scene_.Put(paths.go_voters(), "go");
    After(dice_.LogBetween(milliseconds(200), seconds(5)), [this, name] { scene_.Remove(name); });
  });
}

}  // namespace zkcluster::sim
