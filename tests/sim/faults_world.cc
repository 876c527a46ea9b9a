// Faults of Redis, changes by operators, outsiders, the Go library, and a build of tomorrow.

#include <algorithm>
#include <utility>

#include "codec/codec.h"
#include "tests/sim/faults.h"
#include "tests/sim/format_judge.h"

namespace zkcluster::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Server = FakeFleet::Server;
using Reach = FakeFleet::Reach;

}  // namespace

// --- Redis ---

void FaultMachine::StopRedis() {
  const std::string addr = PickAddress();
  scene_.SetServer(addr, Server::kRefused);
  if (dice_.Chance(0.2)) return;  // some stay dead
  After(dice_.LogBetween(milliseconds(200), seconds(15)),
        [this, addr] { scene_.SetServer(addr, Server::kUp); });
}

void FaultMachine::HangRedis() {
  const std::string addr = PickAddress();
  scene_.SetServer(addr, Server::kHung);
  After(dice_.LogBetween(milliseconds(200), seconds(15)),
        [this, addr] { scene_.SetServer(addr, Server::kUp); });
}

void FaultMachine::LoadRedis() {
  const std::string addr = PickAddress();
  scene_.SetServer(addr, Server::kRefused);
  scene_.SetServer(addr, Server::kLoading);
  After(dice_.LogBetween(milliseconds(500), seconds(8)),
        [this, addr] { scene_.SetServer(addr, Server::kUp); });
}

void FaultMachine::FillRedis() {
  const std::string addr = PickAddress();
  scene_.SetServer(addr, Server::kMaxClients);
  After(dice_.LogBetween(milliseconds(500), seconds(8)),
        [this, addr] { scene_.SetServer(addr, Server::kUp); });
}

void FaultMachine::HideRedis() {
  // Where hosts are names, it is the names that go.
  if (scene_.names.on()) return LoseName();
  const std::string addr = PickAddress();
  if (dice_.Chance(0.5)) scene_.SetServer(addr, Server::kRefused);
  scene_.SetServer(addr, Server::kUnresolved);
  After(dice_.LogBetween(milliseconds(500), seconds(8)),
        [this, addr] { scene_.SetServer(addr, Server::kUp); });
}

void FaultMachine::LockRedis() {
  const std::string addr = PickAddress();
  NoteFault(addr + " asks for a password");
  scene_.fleet.SetPassword(addr, "secret");
  scene_.RestartServer(addr);
  After(dice_.LogBetween(milliseconds(500), seconds(8)),
        [this, addr] { scene_.fleet.SetPassword(addr, ""); });
}

void FaultMachine::FlapRedis() {
  const std::string addr = PickAddress();
  scene_.FlapServer(addr, dice_.LogBetween(milliseconds(50), seconds(3)),
                    dice_.LogBetween(milliseconds(50), seconds(3)));
  After(dice_.Between(seconds(2), seconds(15)),
        [this, addr] { scene_.SetServer(addr, Server::kUp); });
}

void FaultMachine::SlowRedis() {
  const std::string addr = PickAddress();
  scene_.SlowServer(addr, dice_.LogBetween(milliseconds(5), milliseconds(700)));
}

void FaultMachine::RestartRedis() {
  scene_.RestartServer(PickAddress());
}

void FaultMachine::KillMany() {
  const Server how = dice_.Chance(0.5) ? Server::kRefused : Server::kHung;
  const double share = 0.3 + 0.7 * dice_.Unit();
  std::vector<std::string> killed;
  for (const auto& addr : AddressesInUse()) {
    if (dice_.Chance(share)) killed.push_back(addr);
  }
  for (const auto& addr : killed) scene_.SetServer(addr, how);
  After(dice_.LogBetween(milliseconds(300), seconds(8)), [this, killed] {
    for (const auto& addr : killed) scene_.SetServer(addr, Server::kUp);
  });
}

void FaultMachine::CutFromRedis() {
  const std::string& checker = scene_.plan.checkers[PickChecker()].id;
  const std::string addr = PickAddress();
  const Reach how =
      dice_.Pick(std::vector<Reach>{Reach::kDropped, Reach::kRejected, Reach::kNoRoute});
  scene_.SetReach(checker, addr, how);
  After(dice_.LogBetween(milliseconds(300), seconds(12)),
        [this, checker, addr] { scene_.SetReach(checker, addr, Reach::kOpen); });
}

void FaultMachine::CutFromAllRedis() {
  const std::string& checker = scene_.plan.checkers[PickChecker()].id;
  const Reach how =
      dice_.Pick(std::vector<Reach>{Reach::kDropped, Reach::kRejected, Reach::kNoRoute});
  const auto addresses = AddressesInUse();
  for (const auto& addr : addresses) scene_.SetReach(checker, addr, how);
  After(dice_.LogBetween(milliseconds(300), seconds(10)), [this, checker, addresses] {
    for (const auto& addr : addresses) scene_.SetReach(checker, addr, Reach::kOpen);
  });
}

// --- names ---

void FaultMachine::MoveName() {
  const std::string addr = PickAddress();
  NoteFault("the host of " + addr + " moves");
  scene_.MoveName(addr, seconds(dice_.Between(0, 5)));
}

void FaultMachine::LoseName() {
  const std::string addr = PickAddress();
  NoteFault("the name of " + addr + " is gone");
  scene_.names.SetListed(addr, false);
  if (dice_.Chance(0.5)) StopRedis();
  After(dice_.LogBetween(milliseconds(500), seconds(15)),
        [this, addr] { scene_.names.SetListed(addr, true); });
}

void FaultMachine::DisturbNameServer() {
  using Manners = FakeNames::Manners;
  const std::size_t server = dice_.Below(scene_.names.servers());
  const auto manners = dice_.Pick(std::vector<Manners>{
      Manners::kSilent, Manners::kRefuses, Manners::kDeniesAll, Manners::kOnlyV4, Manners::kOnlyV6,
      Manners::kOnlyPlain, Manners::kLies});
  NoteFault("a name server is bad");
  scene_.names.Disturb(server, manners);
  After(dice_.LogBetween(seconds(1), seconds(20)), [this] { scene_.names.HealServers(); });
}

void FaultMachine::TakeNameServers() {
  using Manners = FakeNames::Manners;
  NoteFault("the name servers are away");
  scene_.names.TakeAway(
      dice_.Pick(std::vector<Manners>{Manners::kSilent, Manners::kRefuses, Manners::kDeniesAll}));
  After(dice_.LogBetween(seconds(1), seconds(20)), [this] { scene_.names.HealServers(); });
}

// --- operators ---

void FaultMachine::UpdateSpec() {
  Operator* const who = FreeOperator();
  if (who == nullptr) return;
  const std::size_t cluster = PickCluster();
  if (!scene_.ensemble.Exists(scene_.Paths(cluster).base())) {
    return who->Create(scene_.plan.clusters[cluster].spec);
  }
  who->Update(scene_.clusters()[cluster], [this, cluster](const ClusterSpec& spec) {
    return DrawChange(dice_, spec, cluster, scene_.plan.checkers.size());
  });
  // An operator who has waited this long gives up.
  const std::size_t index = dice_.Below(scene_.operators());
  After(dice_.Between(seconds(2), seconds(20)), [this, index] {
    Operator* const one = scene_.OperatorAt(index);
    if (one != nullptr && one->busy()) one->Abandon();
  });
}

void FaultMachine::UpdateByTwo() {
  const std::size_t cluster = PickCluster();
  for (int i = 0; i < 2; ++i) {
    Operator* const who = FreeOperator();
    if (who == nullptr) return;
    who->Update(scene_.clusters()[cluster], [this, cluster](const ClusterSpec& spec) {
      return DrawChange(dice_, spec, cluster, scene_.plan.checkers.size());
    });
  }
}

void FaultMachine::DeleteSpec() {
  Operator* const who = FreeOperator();
  if (who == nullptr) return;
  const std::size_t cluster = PickCluster();
  who->Delete(scene_.clusters()[cluster]);
  After(dice_.LogBetween(milliseconds(50), seconds(5)), [this, cluster] {
    Operator* const again = FreeOperator();
    if (again != nullptr) again->Create(scene_.plan.clusters[cluster].spec);
  });
}

void FaultMachine::RewriteSpec(std::size_t cluster) {
  const auto stored = scene_.SpecOf(cluster);
  if (!stored) return;
  ClusterSpec next = DrawChange(dice_, stored->spec, cluster, scene_.plan.checkers.size());
  next.version = stored->spec.version + 1;
  const SpecPayloads payloads = EncodeSpec(next);
  const ClusterPaths paths = scene_.Paths(cluster);
  static_cast<void>(
      scene_.ensemble.Commit({zk::SetOp{paths.base(), payloads.version, zk::kAnyVersion},
                              zk::SetOp{paths.shards(), payloads.shards, zk::kAnyVersion},
                              zk::SetOp{paths.options(), payloads.options, zk::kAnyVersion}}));
}

void FaultMachine::UpdateInCommit() {
  AtNextCommits(1, [this](const Arrival&, std::size_t cluster) {
    NoteFault("a commit arrives: the spec is changed before it");
    RewriteSpec(cluster);
  });
}

void FaultMachine::DeleteInCommit() {
  AtNextCommits(1, [this](const Arrival&, std::size_t cluster) {
    NoteFault("a commit arrives: the cluster is deleted and created again before it");
    scene_.Remove(scene_.Paths(cluster).base());
    ClusterSpec spec = scene_.plan.clusters[cluster].spec;
    spec.version = static_cast<std::uint64_t>(scene_.world.wall_now().count());
    const SpecPayloads payloads = EncodeSpec(spec);
    const ClusterPaths paths = scene_.Paths(cluster);
    scene_.ensemble.Put(paths.base(), payloads.version);
    static_cast<void>(scene_.ensemble.Commit({zk::CreateOp{paths.shards(), payloads.shards},
                                              zk::CreateOp{paths.options(), payloads.options}}));
  });
}

void FaultMachine::BusyVoters() {
  AtNextCommits(dice_.Between(1, 4), [this](const Arrival&, std::size_t cluster) {
    const ClusterPaths paths = scene_.Paths(cluster);
    const auto voters = scene_.ensemble.Children(paths.votes());
    if (voters.empty()) return;
    const std::string path = paths.vote(dice_.Pick(voters));
    NoteFault("a commit arrives: a ballot is written again before it: " + path);
    scene_.ensemble.Put(path, scene_.ensemble.Get(path)->data);
  });
}

void FaultMachine::VoterGoneInCommit() {
  AtNextCommits(1, [this](const Arrival&, std::size_t) {
    const std::size_t checker = dice_.Below(scene_.plan.checkers.size());
    if (scene_.Checker(checker) == nullptr) return;
    NoteFault("a commit arrives: a voter's session ends before it: " +
              scene_.plan.checkers[checker].id);
    scene_.ensemble.Expire(scene_.Checker(checker)->client());
  });
}

// --- outsiders ---

std::string FaultMachine::Junk(const std::string& path) {
  const auto node = scene_.ensemble.Get(path);
  const std::string was = node ? node->data : "";
  switch (dice_.Below(6)) {
    case 0:
      return "";
    case 1:
      return "not json";
    case 2:
      return was.substr(0, was.size() / 2);
    case 3:
      return was + "}";
    case 4:
      return std::string(200, '[');
    default: {
      std::string bytes;
      for (int i = 0; i < 20; ++i) bytes += static_cast<char>(dice_.Below(256));
      return bytes;
    }
  }
}

void FaultMachine::Corrupt(const std::string& path) {
  if (scene_.ensemble.Exists(path)) scene_.Put(path, Junk(path));
}

void FaultMachine::CorruptBallot() {
  const ClusterPaths paths = scene_.Paths(PickCluster());
  const auto voters = scene_.ensemble.Children(paths.votes());
  if (!voters.empty()) Corrupt(paths.vote(dice_.Pick(voters)));
}

void FaultMachine::CorruptStatus() {
  const ClusterPaths paths = scene_.Paths(PickCluster());
  const std::size_t chunks = scene_.ensemble.Children(paths.chunks()).size();
  const std::string chunk = paths.chunk(chunks == 0 ? 0 : dice_.Below(chunks));
  const std::string path =
      dice_.Pick(std::vector<std::string>{paths.head(), chunk, paths.mirror()});
  const auto node = scene_.ensemble.Get(path);
  // Somebody repairs it, or a tool rewrites what it has read.
  if (node && dice_.Chance(0.25)) return scene_.Put(path, node->data);
  Corrupt(path);
}

// The commit may leave that chunk as it is, and name it in the head.
void FaultMachine::RemoveChunkInCommit() {
  AtNextCommits(1, [this](const Arrival&, std::size_t cluster) {
    const ClusterPaths paths = scene_.Paths(cluster);
    const std::size_t chunks = scene_.ensemble.Children(paths.chunks()).size();
    if (chunks > 0) scene_.Remove(paths.chunk(dice_.Below(chunks)));
  });
}

void FaultMachine::CorruptLedger() {
  const ClusterPaths paths = scene_.Paths(PickCluster());
  if (dice_.Chance(0.3)) return scene_.Remove(paths.ledger());
  Corrupt(paths.ledger());
}

void FaultMachine::CorruptLeader() {
  const ClusterPaths paths = scene_.Paths(PickCluster());
  if (dice_.Chance(0.3)) return scene_.Remove(paths.leader());
  Corrupt(paths.leader());
}

void FaultMachine::RestoreSpec(std::size_t cluster, const std::string& path,
                               const std::string& bytes) {
  if (!scene_.ensemble.Exists(path) || scene_.SpecOf(cluster)) return;
  scene_.Put(path, bytes);
}

void FaultMachine::CorruptSpec() {
  const std::size_t cluster = PickCluster();
  const ClusterPaths paths = scene_.Paths(cluster);
  const std::string path =
      dice_.Pick(std::vector<std::string>{paths.base(), paths.shards(), paths.options()});
  const auto node = scene_.ensemble.Get(path);
  if (!node || !scene_.SpecOf(cluster)) return;
  Corrupt(path);
  After(dice_.LogBetween(milliseconds(50), seconds(5)),
        [this, cluster, path, bytes = node->data] { RestoreSpec(cluster, path, bytes); });
}

void FaultMachine::TouchCandidate() {
  const ClusterPaths paths = scene_.Paths(PickCluster());
  const auto nodes = scene_.ensemble.Children(paths.election());
  if (nodes.empty()) return;
  const std::string path = paths.candidate(dice_.Pick(nodes));
  scene_.Put(path, dice_.Chance(0.5) ? scene_.ensemble.Get(path)->data : Junk(path));
}

void FaultMachine::RemoveCandidate() {
  const ClusterPaths paths = scene_.Paths(PickCluster());
  const auto nodes = scene_.ensemble.Children(paths.election());
  if (!nodes.empty()) scene_.Remove(paths.candidate(dice_.Pick(nodes)));
}

void FaultMachine::RemoveBallot() {
  const ClusterPaths paths = scene_.Paths(PickCluster());
  const auto voters = scene_.ensemble.Children(paths.votes());
  if (!voters.empty()) scene_.Remove(paths.vote(dice_.Pick(voters)));
}

void FaultMachine::RemoveParent() {
  const ClusterPaths paths = scene_.Paths(PickCluster());
  scene_.Remove(dice_.Pick(std::vector<std::string>{paths.election(), paths.votes(), paths.chunks(),
                                                    paths.events(), paths.head(), paths.quorum()}));
}

void FaultMachine::Litter() {
  const ClusterPaths paths = scene_.Paths(PickCluster());
  if (!scene_.ensemble.Exists(paths.quorum())) return;
  const std::string path = dice_.Pick(
      std::vector<std::string>{paths.vote("stray"), paths.candidate("stray"),
                               paths.chunks() + "/stray", paths.go_voters() + "/stray",
                               paths.events() + "/stray", std::string(SimSite::kRoot) + "/stray"});
  scene_.Put(path, Junk(path));
}

void FaultMachine::GoComes() {
  if (scene_.gos() >= 2) return;
  scene_.StartGo(PickCluster());
  After(dice_.LogBetween(milliseconds(200), seconds(10)),
        [this, in_good_order = dice_.Chance(0.7)] { scene_.LeaveGo(in_good_order); });
}

// --- newer builds ---

void FaultMachine::LedgerOfTomorrow() {
  const std::string path = scene_.Paths(PickCluster()).ledger();
  const auto node = scene_.ensemble.Get(path);
  if (!node || !DecodeLedger(node->data)) return;
  NoteFault("a newer build adds to " + path);
  scene_.Put(path, WithMember(node->data, kKeyOfTomorrow));
}

// With a new version, or by the options alone; and takes it back.
void FaultMachine::SpecOfTomorrow() {
  const std::size_t cluster = PickCluster();
  const auto stored = scene_.SpecOf(cluster);
  if (!stored) return;
  const ClusterPaths paths = scene_.Paths(cluster);
  ClusterSpec next = stored->spec;
  const bool alone = dice_.Chance(0.3);
  if (!alone) next = DrawChange(dice_, next, cluster, scene_.plan.checkers.size());
  if (!alone) ++next.version;
  const SpecPayloads payloads = EncodeSpec(next);
  const std::string needing = WithMember(payloads.options, kNeedOfTomorrow);
  std::vector<zk::Op> ops = {zk::SetOp{paths.options(), needing, zk::kAnyVersion}};
  if (!alone) {
    ops.emplace_back(zk::SetOp{paths.base(), payloads.version, zk::kAnyVersion});
    ops.emplace_back(zk::SetOp{paths.shards(), payloads.shards, zk::kAnyVersion});
  }
  NoteFault("a newer operator changes the spec of " + paths.name());
  static_cast<void>(scene_.ensemble.Commit(ops));
  After(dice_.LogBetween(milliseconds(200), seconds(8)),
        [this, path = paths.options(), needing, options = payloads.options] {
          const auto node = scene_.ensemble.Get(path);
          if (node && node->data == needing) scene_.Put(path, options);
        });
}

// None of ours is there while a Go checker decides, about servers that die and return meanwhile.
// Ours come back one by one, before it leaves or after.
void FaultMachine::GoInterlude() {
  if (scene_.gos() >= 2) return;
  NoteFault("all checkers are killed, and a Go checker decides in their place");
  for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) scene_.KillChecker(i);
  const std::size_t cluster = PickCluster();
  scene_.StartGo(cluster);
  // Long enough to decide, and most often over before the sessions of ours are.
  const Duration stay = dice_.LogBetween(milliseconds(1200), seconds(6));
  const auto stored = scene_.SpecOf(cluster);
  for (const ShardSpec& shard : stored ? stored->spec.shards : std::vector<ShardSpec>()) {
    if (!dice_.Chance(0.4)) continue;
    const bool up = scene_.fleet.Get(shard.addr) == Server::kUp;
    scene_.SetServer(shard.addr, up ? Server::kRefused : Server::kUp);
  }
  After(stay, [this, in_good_order = dice_.Chance(0.7)] { scene_.LeaveGo(in_good_order); });
  for (std::size_t i = 0; i < scene_.plan.checkers.size(); ++i) {
    After(dice_.Between(stay * 3 / 4, stay * 3), [this, i] {
      if (scene_.Checker(i) == nullptr) scene_.StartChecker(i);
    });
  }
}

// It writes one znode after the other, with the keys that it knows, and may be cut off after each.
void FaultMachine::GoManager() {
  // See RewritePieceInCommit.
  if (Weight(&FaultMachine::CorruptSpec) > 0) return;
  const std::size_t cluster = PickCluster();
  const auto stored = scene_.SpecOf(cluster);
  if (!stored) return;
  ClusterSpec next = stored->spec;
  next.version = stored->spec.version + 1;
  next.checkers.reset();
  next.quorum.reset();
  next.min_racks.reset();
  next.max_dead_fraction.reset();
  next.probe = {};
  next.mirror_limit.reset();
  const SpecPayloads payloads = EncodeSpec(next);
  const ClusterPaths paths = scene_.Paths(cluster);
  const std::vector<std::pair<std::string, std::string>> writes = {
      {paths.options(), payloads.options},
      {paths.shards(), payloads.shards},
      {paths.base(), payloads.version}};
  const auto cut_off = static_cast<std::size_t>(dice_.Between(1, 3));
  NoteFault("a Go manager writes the spec, and is cut off after " + std::to_string(cut_off));
  Duration at{};
  for (std::size_t i = 0; i < cut_off; ++i) {
    After(at, [this, cluster, write = writes[i]] {
      if (scene_.SpecOf(cluster)) scene_.Put(write.first, write.second);
    });
    at += dice_.LogBetween(milliseconds(1), milliseconds(500));
  }
}

}  // namespace zkcluster::sim
