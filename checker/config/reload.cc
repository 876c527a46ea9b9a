#include "checker/config/reload.h"

#include <set>
#include <utility>

namespace zkcluster {
namespace {

// The order of clusters does not matter.
bool SameClusters(const CheckerConfig& a, const CheckerConfig& b) {
  return a.all_clusters == b.all_clusters &&
         std::set<std::string>(a.clusters.begin(), a.clusters.end()) ==
             std::set<std::string>(b.clusters.begin(), b.clusters.end());
}

// Names `key` and undoes the change when it cannot be made while the checker runs.
template <class T>
void Keep(ReloadPlan& plan, const char* key, const T& running, T& wanted) {
  if (running == wanted) return;
  plan.needs_restart.emplace_back(key);
  wanted = running;
}

}  // namespace

ReloadPlan PlanReload(const CheckerConfig& running, CheckerConfig wanted) {
  ReloadPlan plan;
  // Id and rack are in the registration and in every ballot; the session belongs to the servers.
  Keep(plan, "id", running.id, wanted.id);
  Keep(plan, "rack", running.rack, wanted.rack);
  Keep(plan, "zookeeper.servers", running.zookeeper.servers, wanted.zookeeper.servers);
  Keep(plan, "zookeeper.session_timeout", running.zookeeper.session_timeout,
       wanted.zookeeper.session_timeout);
  Keep(plan, "zookeeper.root", running.zookeeper.root, wanted.zookeeper.root);
  Keep(plan, "zookeeper.access", running.zookeeper.access_file, wanted.zookeeper.access_file);
  Keep(plan, "zookeeper.acl", running.zookeeper.restricted, wanted.zookeeper.restricted);
  Keep(plan, "probe.workers", running.workers, wanted.workers);

  const auto note = [&plan](bool same, const char* key) {
    if (!same) plan.changed.emplace_back(key);
  };
  note(SameClusters(running, wanted), "clusters");
  note(running.probe == wanted.probe, "probe");
  note(running.redis == wanted.redis && running.redis_by_cluster == wanted.redis_by_cluster,
       "redis");
  note(running.log.level == wanted.log.level, "log.level");
  note(running.log.format == wanted.log.format, "log.format");
  note(running.log.file == wanted.log.file, "log.file");
  note(running.metrics == wanted.metrics, "metrics");
  note(running.on_event == wanted.on_event, "on_event");
  plan.config = std::move(wanted);
  return plan;
}

}  // namespace zkcluster
