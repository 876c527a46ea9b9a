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
#include "ring/routing_table.h"
#include "text/address.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/shared_options.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/report/assessment.h"
#include "tools/zkctl/report/explain.h"
#include "tools/zkctl/report/history.h"
#include "tools/zkctl/report/render.h"
#include "tools/zkctl/report/report.h"
#include "tools/zkctl/report/status.h"
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

// By name, or by address as logs and alerts show it.
std::vector<ShardSpec>::const_iterator FindShard(const std::vector<ShardSpec>& shards,
                                                 const std::string& word) {
  const auto named = std::ranges::find(shards, word, &ShardSpec::name);
  const auto address = ParseAddress(word);
  if (named != shards.end() || !address) return named;
  const std::string wanted = FormatCanonical(*address);
  return std::ranges::find_if(shards, [&](const ShardSpec& shard) {
    const auto known = ParseAddress(shard.addr);
    return known && FormatCanonical(*known) == wanted;
  });
}

int RunStatus(const Globals& globals, const StatusOptions& options) {
  const StatusView view{.dead_first = options.watch, .dead_only = options.dead};
  if (options.watch) return WatchStatus(globals, options.cluster, view);
  return WithSnapshot(globals, options.cluster, [&](const Snapshot& snapshot, Micros now) {
    const Assessment assessment = Assess(snapshot);
    return Emit(globals.output, StatusJson(snapshot, assessment, view), [&](const Terminal& to) {
      return StatusText(snapshot, assessment, now, to, view);
    });
  });
}

int RunCheckers(const Globals& globals, const ClusterOperand& options) {
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto snapshot = TakeSnapshot(**connection, options.cluster);
  if (!snapshot) return Complain(snapshot.error());
  const Assessment assessment = Assess(*snapshot);
  Absences absences;
  if (!assessment.missing.empty()) {
    const auto journal = GetJournal(**connection, options.cluster);
    if (!journal) return Complain(journal.error());
    absences = FindAbsences(*journal);
  }
  const Micros now = (*connection)->loop().WallNow();
  return Emit(globals.output, CheckersJson(*snapshot, assessment), [&](const Terminal& to) {
    return CheckersText(*snapshot, assessment, now, to, absences);
  });
}

// Says more about a shard that the spec does not have: the nearest name, or who removed it.
Error NoShard(Connection& connection, const Snapshot& snapshot, const std::string& word) {
  const ClusterSpec& spec = snapshot.spec.spec;
  Error error{ErrorCode::kNotFound, "cluster \"" + spec.name + "\" has no shard \"" + word + "\""};
  const auto journal = GetJournal(connection, spec.name);
  const std::string removal =
      journal ? RemovalText(*journal, word, connection.loop().WallNow()) : "";
  if (!removal.empty()) {
    error.message += ": " + removal + ", see `zkctl history " + spec.name + "`";
    return error;
  }
  std::vector<std::string_view> names;
  for (const ShardSpec& shard : spec.shards) names.push_back(shard.name);
  error.message += NearestOf(word, names, "it has ");
  return error;
}

int RunExplain(const Globals& globals, const ExplainOptions& options) {
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto snapshot = TakeSnapshot(**connection, options.cluster);
  if (!snapshot) return Complain(snapshot.error());
  const auto& shards = snapshot->spec.spec.shards;
  const auto found = FindShard(shards, options.shard);
  if (found == shards.end()) return Complain(NoShard(**connection, *snapshot, options.shard));
  const auto shard = static_cast<std::size_t>(found - shards.begin());
  const Assessment assessment = Assess(*snapshot);
  const Micros now = (*connection)->loop().WallNow();
  return Emit(
      globals.output, ExplainJson(*snapshot, assessment, shard, now),
      [&](const Terminal& to) { return ExplainText(*snapshot, assessment, shard, now, to); });
}

int RunLocate(const Globals& globals, const LocateOptions& options) {
  return WithSnapshot(globals, options.cluster, [&](const Snapshot& snapshot, Micros now) {
    const auto table =
        RoutingTable::Build(snapshot.spec.spec, snapshot.board, /*refuse_unknown=*/false);
    if (!table) return Complain(table.error());
    std::vector<LocateRow> rows;
    for (const std::string& key : options.keys) rows.push_back({key, (*table)->Locate(key)});
    return Emit(globals.output, LocateJson(rows),
                [&](const Terminal& to) { return LocateText(rows, now, to); });
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
  return Emit(globals.output, ListJson(rows), [&](const Terminal& to) {
    return rows.empty() ? "no clusters below " + Printable(globals.root) + "\n"
                        : ListText(rows, to);
  });
}

}  // namespace

Verb StatusVerb() {
  return MakeVerb<StatusOptions>({
      .name = "status",
      .summary = "show leader, electorate, and the status of every shard",
      .help =
          "  zkctl status NAME [--dead] [--watch]\n"
          "A shard whose votes say otherwise than its status is first, with what keeps the status "
          "as it is.\n"
          "--dead shows only these, and the shards that are not alive.\n"
          "--watch redraws in place whenever something changes, until Ctrl-C; what does not fit "
          "the "
          "screen is\n"
          "cut, the shards that are not alive first. Without a terminal it prints once a change.\n",
      .declare =
          [](OptionSet& set, StatusOptions& into) {
            set.TakeOperand("NAME", into.cluster);
            set.Flag({"watch,w", "", "keep the screen up to date until Ctrl-C"}, into.watch);
            set.Flag({"dead", "", "only shards that are not alive, or whose votes say otherwise"},
                     into.dead);
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
      .help = "SHARD is its name or its address.\n",
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
