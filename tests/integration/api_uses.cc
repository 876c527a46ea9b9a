// Uses every function that the public headers declare, so that a program that does the same links.
// Compiled and linked by api_test.py against only the installed library; that test also checks that
// none is missing here. Run without arguments it calls what needs no server.
#include <hiredis/hiredis.h>
#include <zkcluster/client.h>
#include <zkcluster/cluster.h>
#include <zkcluster/manager.h>
#include <zkcluster/result.h>
#include <zkcluster/ring.h>
#include <zkcluster/session.h>
#include <zkcluster/shard.h>
#include <zkcluster/spec.h>
#include <zkcluster/time.h>

#include <cstdio>
#include <string>
#include <utility>
#include <variant>

using namespace zkcluster;

namespace {

ClusterSpec SomeSpec() {
  ClusterSpec spec;
  spec.name = "sessions";
  spec.shards = {{"s1", "10.0.0.1:6379"}, {"s2", "10.0.0.2:6379"}};
  return spec;
}

bool UseValues() {
  bool good = ErrorCodeName(ErrorCode::kConflict) == "conflict" &&
              SessionStateName(SessionState::kLost) == "lost" &&
              ShardStatusName(ShardStatus::kAlive) == "alive" &&
              RingTypeName(RingType::kKetama) == "ketama" &&
              RingHashName(RingHash::kMd5) == "md5" &&
              OutlierVotesName(OutlierVotes::kIgnore) == "ignore";
  const ClusterSpec spec = SomeSpec();
  good = good && Validate(spec).has_value();
  for (const RingSpec& wanted :
       {RingSpec(ConsistentRing{}), RingSpec(KetamaRing{RingHash::kMd5})}) {
    good = good &&
           (RingTypeOf(wanted) == RingType::kKetama) == std::holds_alternative<KetamaRing>(wanted);
    const auto ring = Ring::Build(spec.shards, wanted);
    if (!ring) return false;
    good = good && ring->Owner("key") < ring->shard_count() && ring->Order("key", 2).size() == 2 &&
           ring->PointOf(ring->KeyHash("key")) < ring->points().size();
  }
  return good && Ring::Hash("123456789") == 0xcbf43926;
}

// Nobody listens at port 1.
bool UseClients() {
  const auto client = Client::Open({.zookeeper = "127.0.0.1:1"});
  if (!client) return false;
  static_cast<void>((*client)->session_state());
  static_cast<void>((*client)->age());
  static_cast<void>((*client)->sessions());
  const auto cluster =
      Cluster::Open(**client, {.name = "sessions", .open_timeout = std::chrono::milliseconds(200)});
  const auto manager = Manager::Open(**client, std::chrono::milliseconds(200));
  return !cluster && cluster.error().code == ErrorCode::kUnavailable && manager &&
         !(*manager)->List();
}

void UseCluster(Cluster& cluster) {
  static_cast<void>(cluster.Locate("key"));
  Location location;
  cluster.Locate("key", location);
  const auto subscription = cluster.OnChange([](const ClusterView&) {});
  static_cast<void>(cluster.view());
  static_cast<void>(cluster.session_state());
  static_cast<void>(cluster.age());
  static_cast<void>(cluster.counters());
  auto lease = cluster.Connect("key");
  if (!lease) return;
  Lease moved = *std::move(lease);
  *lease = std::move(moved);
  static_cast<void>(lease->get());
  static_cast<void>(lease->location());
  lease->Discard();
}

void UseManager(Manager& manager) {
  static_cast<void>(manager.Create(SomeSpec()));
  static_cast<void>(manager.Update(SomeSpec()));
  static_cast<void>(manager.Delete("sessions"));
  static_cast<void>(manager.Get("sessions"));
  static_cast<void>(manager.List());
  static_cast<void>(manager.Pause("sessions", PauseOrder{}));
  static_cast<void>(manager.Resume("sessions", "me"));
  static_cast<void>(manager.Unfreeze("sessions", true, "me"));
  static_cast<void>(manager.Maintain("sessions", MaintenanceOrder{}));
  static_cast<void>(manager.EndMaintenance("sessions", ShardChoice{}, "me"));
  static_cast<void>(manager.Forget("sessions", "c1", "me"));
}

}  // namespace

int main(int argc, char** argv) {
  if (!UseValues() || !UseClients()) return 1;
  if (argc < 2) return 0;
  ClusterOptions cluster_options;
  cluster_options.zookeeper = argv[1];
  if (const auto cluster = Cluster::Open(cluster_options)) UseCluster(**cluster);
  ManagerOptions manager_options;
  manager_options.zookeeper = argv[1];
  if (const auto manager = Manager::Open(manager_options)) UseManager(**manager);
  // A Result that is misused ends the program, by ResultMisused.
  const Result<int> none = Fail(ErrorCode::kInternal, "misused");
  if (argc > 2) internal::ResultMisused(&none.error());
  return *none;
}
