#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "admin/cluster_admin.h"
#include "admin/snapshot.h"
#include "model/paths.h"
#include "ring/routing_table.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/report/assessment.h"
#include "tools/zkctl/report/doctor.h"
#include "tools/zkctl/report/explain.h"
#include "tools/zkctl/report/report.h"
#include "tools/zkctl/verbs/ordering.h"
#include "tools/zkctl/verbs/verbs.h"

namespace zkcluster::zkctl {
namespace {

// Opens a connection, reads the cluster of the first operand, and hands both on.
int WithSnapshot(const CommandLine& line,
                 const std::function<int(const Snapshot&, Micros now)>& answer) {
  const auto connection = Connection::Open(line);
  if (!connection) return Complain(connection.error());
  const auto snapshot = Look(**connection, line, line.operands[0]);
  if (!snapshot) return Complain(snapshot.error());
  return answer(*snapshot, (*connection)->loop().WallNow());
}

}  // namespace

int RunStatus(const CommandLine& line) {
  if (line.watch) return RunWatch(line);
  return WithSnapshot(line, [&](const Snapshot& snapshot, Micros now) {
    const Assessment assessment = Assess(snapshot);
    return Emit(line.output, StatusJson(snapshot, assessment),
                [&](bool color) { return StatusText(snapshot, assessment, now, color); });
  });
}

int RunCheckers(const CommandLine& line) {
  return WithSnapshot(line, [&](const Snapshot& snapshot, Micros now) {
    const Assessment assessment = Assess(snapshot);
    return Emit(line.output, CheckersJson(snapshot, assessment),
                [&](bool color) { return CheckersText(snapshot, assessment, now, color); });
  });
}

int RunExplain(const CommandLine& line) {
  return WithSnapshot(line, [&](const Snapshot& snapshot, Micros now) {
    const auto& shards = snapshot.spec.spec.shards;
    const std::string& name = line.operands[1];
    const auto found = std::find_if(shards.begin(), shards.end(),
                                    [&](const ShardSpec& shard) { return shard.name == name; });
    if (found == shards.end()) {
      std::vector<std::string_view> names;
      for (const ShardSpec& shard : shards) names.push_back(shard.name);
      return Complain(Error{ErrorCode::kNotFound, "cluster \"" + line.operands[0] +
                                                      "\" has no shard \"" + name + "\"" +
                                                      NearestOf(name, names, "it has ")});
    }
    const auto shard = static_cast<std::size_t>(found - shards.begin());
    const Assessment assessment = Assess(snapshot);
    return Emit(line.output, ExplainJson(snapshot, assessment, shard, now),
                [&](bool color) { return ExplainText(snapshot, assessment, shard, now, color); });
  });
}

int RunDoctor(const CommandLine& line) {
  return WithSnapshot(line, [&](const Snapshot& snapshot, Micros) {
    const auto findings = Diagnose(snapshot, Assess(snapshot));
    const int printed = Emit(line.output, DoctorJson(snapshot, findings),
                             [&](bool color) { return DoctorText(snapshot, findings, color); });
    return printed != kDone || !findings.empty() ? kRefused : kDone;
  });
}

int RunLocate(const CommandLine& line) {
  return WithSnapshot(line, [&](const Snapshot& snapshot, Micros now) {
    const auto table =
        RoutingTable::Build(snapshot.spec.spec, snapshot.board, /*refuse_unknown=*/false);
    if (!table) return Complain(table.error());
    std::vector<LocateRow> rows;
    for (std::size_t i = 1; i < line.operands.size(); ++i) {
      rows.push_back({line.operands[i], (*table)->Locate(line.operands[i])});
    }
    return Emit(line.output, LocateJson(rows),
                [&](bool color) { return LocateText(rows, now, color); });
  });
}

int RunList(const CommandLine& line) {
  const auto connection = Connection::Open(line);
  if (!connection) return Complain(connection.error());
  ClusterAdmin editor((*connection)->loop(), (*connection)->client(), line.root);
  using Names = std::vector<std::string>;
  auto names = (*connection)->Await<Names>([&](std::function<void(Result<Names>)> done) {
    editor.List(std::move(done));
  });
  if (!names) return Complain(names.error());
  std::sort(names->begin(), names->end());
  std::vector<ListRow> rows;
  for (const std::string& name : *names) {
    const auto snapshot = Look(**connection, line, name);
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
  return Emit(line.output, ListJson(rows), [&](bool color) {
    return rows.empty() ? "no clusters below " + Printable(line.root) + "\n"
                        : ListText(rows, color);
  });
}

}  // namespace zkcluster::zkctl
