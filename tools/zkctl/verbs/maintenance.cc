// Orders about some shards: maintenance on, off, list.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/report/report.h"
#include "tools/zkctl/verbs/ordering.h"
#include "tools/zkctl/verbs/verbs.h"

namespace zkcluster::zkctl {
namespace {

ShardChoice ChoiceOf(const CommandLine& line) {
  return {{line.operands.begin() + 1, line.operands.end()}, line.host, line.all};
}

// A name that is none of the cluster's shards, said with the nearest that is.
Result<void> CheckNames(const Snapshot& snapshot, const CommandLine& line) {
  std::vector<std::string_view> names;
  for (const ShardSpec& shard : snapshot.spec.spec.shards) names.push_back(shard.name);
  // One that has left the spec may be under maintenance still.
  if (snapshot.ledger) {
    for (const auto& [name, order] : snapshot.ledger->maintenance) names.push_back(name);
  }
  for (std::size_t i = 1; i < line.operands.size(); ++i) {
    const std::string& name = line.operands[i];
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    return Fail(ErrorCode::kNotFound, "cluster \"" + line.operands[0] + "\" has no shard \"" +
                                          name + "\"" + NearestOf(name, names, "it has "));
  }
  return {};
}

// The order of one kind, given; the JSON of its answer but for what is particular.
Result<Ordered> GiveChecked(
    Connection& connection, const CommandLine& line,
    const std::function<void(ClusterAdmin&, ClusterAdmin::Done<Ordered>)>& order) {
  if (line.operands.size() > 1) {
    const auto snapshot = Look(connection, line, line.operands[0]);
    if (!snapshot) return Fail(snapshot.error());
    if (const auto known = CheckNames(*snapshot, line); !known) return Fail(known.error());
  }
  return Give(connection, line, order);
}

}  // namespace

int RunMaintenanceOn(const CommandLine& line) {
  const std::string& name = line.operands[0];
  const auto connection = Connection::Open(line);
  if (!connection) return Complain(connection.error());
  const auto ordered = GiveChecked(**connection, line, [&](ClusterAdmin& editor, auto done) {
    editor.Maintain(name, {ChoiceOf(line), line.length, Who(), line.reason}, std::move(done));
  });
  if (!ordered) return Complain(ordered.error());
  const auto shards = MaintenanceChanges(*ordered);
  const Maintenance order =
      shards.empty() ? Maintenance{} : ordered->left.maintenance.at(shards.front());
  Json json = OrderJson(name, "maintenance_on");
  json["shards"] = shards;
  json["maintenance"] = MaintenanceJson(order);
  return Emit(line.output, json, [&](bool) {
    return "maintenance of " + Counted(shards.size(), "shard") + " of " + Printable(name) + " (" +
           Printable(ShortList(shards)) + ") " + Printable(MaintenanceSentence(order)) + "\n";
  });
}

int RunMaintenanceOff(const CommandLine& line) {
  const std::string& name = line.operands[0];
  const auto connection = Connection::Open(line);
  if (!connection) return Complain(connection.error());
  const auto ordered = GiveChecked(**connection, line, [&](ClusterAdmin& editor, auto done) {
    editor.EndMaintenance(name, ChoiceOf(line), Who(), std::move(done));
  });
  if (!ordered) return Complain(ordered.error());
  const auto shards = MaintenanceChanges(*ordered);
  Json json = OrderJson(name, "maintenance_off");
  json["shards"] = shards;
  return Emit(line.output, json, [&](bool) {
    return "maintenance of " + Counted(shards.size(), "shard") + " of " + Printable(name) +
           " ended: " + Printable(ShortList(shards)) + "\n";
  });
}

int RunMaintenanceList(const CommandLine& line) {
  const auto connection = Connection::Open(line);
  if (!connection) return Complain(connection.error());
  const auto snapshot = Look(**connection, line, line.operands[0]);
  if (!snapshot) return Complain(snapshot.error());
  const Assessment assessment = Assess(*snapshot);
  const Micros now = (*connection)->loop().WallNow();
  return Emit(line.output, MaintenanceListJson(*snapshot, assessment),
              [&](bool color) { return MaintenanceListText(*snapshot, assessment, now, color); });
}

}  // namespace zkcluster::zkctl
