// Orders about some shards: maintenance on, off, list.
#include "tools/zkctl/verbs/maintenance.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/report/render.h"
#include "tools/zkctl/report/report.h"
#include "tools/zkctl/report/status.h"
#include "tools/zkctl/verbs/ordering.h"

namespace zkcluster::zkctl {
namespace {

Result<std::string> ParseHost(std::string_view text) {
  if (text.empty()) return Fail(ErrorCode::kInvalid, "expected a host");
  return std::string(text);
}

void DeclareShards(OptionSet& set, std::string& cluster, ShardChoice& shards) {
  set.TakeOperand("NAME", cluster);
  set.TakeOperands("[SHARD...]", shards.names);
  set.Value({"host", "HOST", "every shard on this host", Completion::Kind::kHosts}, shards.host,
            ParseHost);
}

// Exactly one of: names of shards, a host, or (to end it) all.
Result<void> CheckShards(const char* verb, const ShardChoice& shards, bool takes_all) {
  const int ways =
      (shards.names.empty() ? 0 : 1) + (shards.host.empty() ? 0 : 1) + (shards.all ? 1 : 0);
  if (ways == 1) return {};
  const std::string choice =
      std::string("SHARD..., or --host HOST") + (takes_all ? ", or --all" : "");
  return Fail(ErrorCode::kInvalid,
              ways == 0 ? std::string(verb) + " needs " + choice : "give either " + choice);
}

// Refuses a name that is none of the cluster's shards, and suggests the nearest.
Result<void> CheckNames(const Snapshot& snapshot, const std::vector<std::string>& given) {
  std::vector<std::string_view> names;
  for (const ShardSpec& shard : snapshot.spec.spec.shards) names.push_back(shard.name);
  // A shard that has left the spec may still be under maintenance.
  if (snapshot.ledger) {
    for (const auto& [name, order] : snapshot.ledger->maintenance) names.push_back(name);
  }
  for (const std::string& name : given) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    return Fail(ErrorCode::kNotFound, "cluster \"" + snapshot.spec.spec.name +
                                          "\" has no shard \"" + name + "\"" +
                                          NearestOf(name, names, "it has "));
  }
  return {};
}

// Gives the order. If it names shards, checks first that the cluster has them.
Result<Ordered> GiveChecked(
    Connection& connection, const std::string& name, const ShardChoice& shards,
    const std::function<void(ClusterAdmin&, ClusterAdmin::Done<Ordered>)>& order) {
  if (!shards.names.empty()) {
    const auto snapshot = TakeSnapshot(connection, name);
    if (!snapshot) return Fail(snapshot.error());
    if (const auto known = CheckNames(*snapshot, shards.names); !known) return Fail(known.error());
  }
  return Give(connection, name, order);
}

int RunMaintenanceOn(const Globals& globals, const MaintenanceOnOptions& options) {
  const std::string& name = options.cluster;
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto ordered =
      GiveChecked(**connection, name, options.shards, [&](ClusterAdmin& admin, auto done) {
        admin.Maintain(name, {options.shards, options.order.length, Who(), *options.order.reason},
                       std::move(done));
      });
  if (!ordered) return Complain(ordered.error());
  const auto shards = MaintenanceChanges(*ordered);
  const Maintenance order =
      shards.empty() ? Maintenance{} : ordered->left.maintenance.at(shards.front());
  OrderedJson json = OrderJson(name, "maintenance_on");
  json["shards"] = shards;
  json["maintenance"] = MaintenanceJson(order);
  return Emit(globals.output, json, [&](const Terminal&) {
    return "maintenance of " + Counted(shards.size(), "shard") + " of " + Printable(name) + " (" +
           Printable(ShortList(shards)) + "), " + LengthText(order.since, order.until) + ": \"" +
           Printable(order.reason) + "\"; by " + Printable(order.by) + "\n" +
           GoNote(**connection, name) + ClockNote(**connection);
  });
}

int RunMaintenanceOff(const Globals& globals, const MaintenanceOffOptions& options) {
  const std::string& name = options.cluster;
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto ordered =
      GiveChecked(**connection, name, options.shards, [&](ClusterAdmin& admin, auto done) {
        admin.EndMaintenance(name, options.shards, Who(), std::move(done));
      });
  if (!ordered) return Complain(ordered.error());
  const auto shards = MaintenanceChanges(*ordered);
  OrderedJson json = OrderJson(name, "maintenance_off");
  json["shards"] = shards;
  return Emit(globals.output, json, [&](const Terminal&) {
    return "maintenance of " + Counted(shards.size(), "shard") + " of " + Printable(name) +
           " ended: " + Printable(ShortList(shards)) + "\n";
  });
}

int RunMaintenanceList(const Globals& globals, const ClusterOperand& options) {
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto snapshot = TakeSnapshot(**connection, options.cluster);
  if (!snapshot) return Complain(snapshot.error());
  const Assessment assessment = Assess(*snapshot);
  const Micros now = (*connection)->loop().WallNow();
  return Emit(globals.output, MaintenanceListJson(*snapshot, assessment), [&](const Terminal& to) {
    return MaintenanceListText(*snapshot, assessment, now, to);
  });
}

}  // namespace

Verb MaintenanceOnVerb() {
  return MakeVerb<MaintenanceOnOptions>({
      .name = "maintenance on",
      .summary = "let the status of some shards not flip; checkers go on probing and voting",
      .help = "  zkctl maintenance on NAME SHARD... --reason \"memory replaced\" [--for 30m]\n"
              "  zkctl maintenance on NAME --host HOST --reason \"kernel update\" [--for 2h]\n"
              "With --for it ends by itself, without it `zkctl maintenance off` ends it. --host "
              "means the "
              "shards that\n"
              "are on it now. At most 200 shards of a cluster at once.\n",
      .declare =
          [](OptionSet& set, MaintenanceOnOptions& into) {
            DeclareTimedOrder(set, into.order);
            DeclareShards(set, into.cluster, into.shards);
          },
      .check =
          [](const Globals&, const MaintenanceOnOptions& options) {
            auto rc = CheckTimedOrder("maintenance on", options.order);
            return rc ? CheckShards("maintenance on", options.shards, false) : rc;
          },
      .run = RunMaintenanceOn,
  });
}

Verb MaintenanceOffVerb() {
  return MakeVerb<MaintenanceOffOptions>({
      .name = "maintenance off",
      .summary = "end maintenance: what has died or come back meanwhile flips at once",
      .help = "  zkctl maintenance off NAME SHARD... | --host HOST | --all\n",
      .declare =
          [](OptionSet& set, MaintenanceOffOptions& into) {
            DeclareShards(set, into.cluster, into.shards);
            set.Flag({"all", "", "every shard that is under maintenance"}, into.shards.all);
          },
      .check =
          [](const Globals&, const MaintenanceOffOptions& options) {
            return CheckShards("maintenance off", options.shards, true);
          },
      .run = RunMaintenanceOff,
  });
}

Verb MaintenanceListVerb() {
  return MakeVerb<ClusterOperand>({
      .name = "maintenance list",
      .summary = "show which shards are under maintenance, and why",
      .declare = DeclareCluster,
      .run = RunMaintenanceList,
  });
}

}  // namespace zkcluster::zkctl
