// What the checkers have decided about clusters: status, checkers, explain, locate, list.
#include "tools/zkctl/verbs/read.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "admin/cluster_admin.h"
#include "admin/snapshot.h"
#include "model/paths.h"
#include "ring/routing_table.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/shared_options.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/report/assessment.h"
#include "tools/zkctl/report/explain.h"
#include "tools/zkctl/report/render.h"
#include "tools/zkctl/report/report.h"
#include "tools/zkctl/verbs/ordering.h"
#include "tools/zkctl/verbs/watch.h"

namespace zkcluster::zkctl {
namespace {

// Opens a connection, reads the cluster `name`, and calls `answer` with it.
int WithSnapshot(const Globals& globals, const std::string& name,
                 const std::function<int(const Snapshot&, Micros now)>& answer) {
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto snapshot = TakeSnapshot(**connection, name);
  if (!snapshot) return Complain(snapshot.error());
  return answer(*snapshot, (*connection)->loop().WallNow());
}

int RunStatus(const Globals& globals, const StatusOptions& options) {
  if (options.watch) return WatchStatus(globals, options.cluster);
  return WithSnapshot(globals, options.cluster, [&](const Snapshot& snapshot, Micros now) {
    const Assessment assessment = Assess(snapshot);
    return Emit(globals.output, StatusJson(snapshot, assessment),
                [&](bool color) { return StatusText(snapshot, assessment, now, color); });
  });
}

int RunCheckers(const Globals& globals, const ClusterOperand& options) {
  return WithSnapshot(globals, options.cluster, [&](const Snapshot& snapshot, Micros now) {
    const Assessment assessment = Assess(snapshot);
    return Emit(globals.output, CheckersJson(snapshot, assessment),
                [&](bool color) { return CheckersText(snapshot, assessment, now, color); });
  });
}

int RunExplain(const Globals& globals, const ExplainOptions& options) {
  return WithSnapshot(globals, options.cluster, [&](const Snapshot& snapshot, Micros now) {
    const auto& shards = snapshot.spec.spec.shards;
    const std::string& name = options.shard;
    const auto found = std::find_if(shards.begin(), shards.end(),
                                    [&](const ShardSpec& shard) { return shard.name == name; });
    if (found == shards.end()) {
      std::vector<std::string_view> names;
      for (const ShardSpec& shard : shards) names.push_back(shard.name);
      return Complain(Error{ErrorCode::kNotFound, "cluster \"" + options.cluster +
                                                      "\" has no shard \"" + name + "\"" +
                                                      NearestOf(name, names, "it has ")});
    }
    const auto shard = static_cast<std::size_t>(found - shards.begin());
    const Assessment assessment = Assess(snapshot);
    return Emit(globals.output, ExplainJson(snapshot, assessment, shard, now),
                [&](bool color) { return ExplainText(snapshot, assessment, shard, now, color); });
  });
}

int RunLocate(const Globals& globals, const LocateOptions& options) {
  return WithSnapshot(globals, options.cluster, [&](const Snapshot& snapshot, Micros now) {
    const auto table =
        RoutingTable::Build(snapshot.spec.spec, snapshot.board, /*refuse_unknown=*/false);
    if (!table) return Complain(table.error());
    std::vector<LocateRow> rows;
    for (const std::string& key : options.keys) rows.push_back({key, (*table)->Locate(key)});
    return Emit(globals.output, LocateJson(rows),
                [&](bool color) { return LocateText(rows, now, color); });
  });
}

int RunList(const Globals& globals, const NoOptions&) {
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  auto names = (*connection)->Ask<std::vector<std::string>>([](ClusterAdmin& admin, auto done) {
    admin.List(std::move(done));
  });
  if (!names) return Complain(names.error());
  std::sort(names->begin(), names->end());
  std::vector<ListRow> rows;
  for (const std::string& name : *names) {
    const auto snapshot = TakeSnapshot(**connection, name);
    if (snapshot) {
      rows.push_back(MakeListRow(*snapshot));
    } else if (snapshot.error().code == ErrorCode::kBadData) {
      ListRow row;
      row.name = name;
      row.error = snapshot.error().message;
      rows.push_back(std::move(row));
    } else if (snapshot.error().code != ErrorCode::kNotFound) {  // deleted meanwhile
      return Complain(snapshot.error());
    }
  }
  return Emit(globals.output, ListJson(rows), [&](bool color) {
    return rows.empty() ? "no clusters below " + Printable(globals.root) + "\n"
                        : ListText(rows, color);
  });
}

}  // namespace

Verb StatusVerb() {
  return MakeVerb<StatusOptions>({
      .name = "status",
      .summary = "show leader, electorate, and the status of every shard",
      .help =
          "  zkctl status NAME [--watch]\n"
          "--watch redraws in place whenever something changes, until Ctrl-C; what does not fit "
          "the "
          "screen is\n"
          "cut, the shards that are not alive first. Without a terminal it prints once a change.\n",
      .declare =
          [](OptionSet& set, StatusOptions& into) {
            set.TakeOperand("NAME", into.cluster);
            set.Flag({"watch,w", "", "keep the screen up to date until Ctrl-C"}, into.watch);
          },
      .run = RunStatus,
  });
}

Verb CheckersVerb() {
  return MakeVerb<ClusterOperand>({
      .name = "checkers",
      .summary = "show the checkers registered for a cluster, and their ballots",
      .help = "zkctl checkers forget NAME ID is a verb of its own.\n",
      .declare = DeclareCluster,
      .run = RunCheckers,
  });
}

Verb ExplainVerb() {
  return MakeVerb<ExplainOptions>({
      .name = "explain",
      .summary = "say why a shard has its status: each vote, the count, the quorum",
      .declare =
          [](OptionSet& set, ExplainOptions& into) {
            set.TakeOperand("NAME", into.cluster);
            set.TakeOperand("SHARD", into.shard);
          },
      .run = RunExplain,
  });
}

Verb LocateVerb() {
  return MakeVerb<LocateOptions>({
      .name = "locate",
      .summary = "show which shard owns a key and which serves it now",
      .declare =
          [](OptionSet& set, LocateOptions& into) {
            set.TakeOperand("NAME", into.cluster);
            set.TakeOperands("KEY...", into.keys);
          },
      .run = RunLocate,
  });
}

Verb ListVerb() {
  return MakeVerb<NoOptions>({
      .name = "list",
      .summary = "list the clusters with the health of their shards",
      .declare = DeclareNothing,
      .run = RunList,
  });
}

}  // namespace zkcluster::zkctl
