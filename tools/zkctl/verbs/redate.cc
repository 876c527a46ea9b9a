// `zkctl redate`: has the leader date again what a wrong clock has dated ahead.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "admin/cluster_admin.h"
#include "admin/snapshot.h"
#include "tools/zkctl/cli/confirm.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/shared_options.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/report/assessment.h"
#include "tools/zkctl/report/render.h"
#include "tools/zkctl/verbs/ordering.h"

namespace zkcluster::zkctl {
namespace {

struct RedateOptions {
  std::string cluster;
  bool yes = false;
};

// Shards that may be dated ahead: after what ZooKeeper has stamped, or after this machine's clock.
// Only the leader knows what time it is by ZooKeeper's.
std::vector<std::string> DatedAhead(const Snapshot& snapshot) {
  const Micros now = std::min(snapshot.taken, snapshot.newest_stamp);
  std::vector<std::string> names;
  const auto& rows = snapshot.board.shards;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].since > now + std::chrono::seconds(1)) {
      names.push_back(snapshot.spec.spec.shards[i].name);
    }
  }
  return names;
}

int RunRedate(const Globals& globals, const RedateOptions& options) {
  const std::string& name = options.cluster;
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto snapshot = TakeSnapshot(**connection, name);
  if (!snapshot) return Complain(snapshot.error());
  const auto ahead = DatedAhead(*snapshot);
  OrderedJson json = OrderJson(name, ahead.empty() ? "unchanged" : "redated");
  json["shards"] = ahead;
  if (ahead.empty()) {
    return Emit(globals.output, json, [&](const Terminal&) {
      return "no status of " + Printable(name) + " is dated ahead: nothing was done\n";
    });
  }
  const auto confirmed =
      Confirm("This dates " + ShortList(ahead) + " of " + name +
                  " at the present time of ZooKeeper's clock, which must be right.",
              name, options.yes);
  if (!confirmed) return Complain(confirmed.error());
  const auto ordered = Give(**connection, name, [&](ClusterAdmin& admin, auto done) {
    admin.Redate(name, Who(), std::move(done));
  });
  if (!ordered) return Complain(ordered.error());
  return Emit(globals.output, json, [&](const Terminal&) {
    return "the leader of " + Printable(name) + " dates " + Printable(ShortList(ahead)) +
           " again\n" + ClockNote(**connection);
  });
}

}  // namespace

Verb RedateVerb() {
  return MakeVerb<RedateOptions>({
      .name = "redate",
      .summary = "date again the statuses that a wrong clock has dated ahead",
      .help =
          "While a status is dated ahead, programs that go by `since` take every value of the "
          "shard for\n"
          "stale. The leader dates such a status at the present time, by ZooKeeper's clock, which "
          "must be\n"
          "right. Asks first; --yes does not ask, and is needed without a terminal.\n",
      .declare =
          [](OptionSet& set, RedateOptions& into) {
            set.TakeOperand("NAME", into.cluster);
            DeclareYes(set, into.yes);
          },
      .run = RunRedate,
  });
}

}  // namespace zkcluster::zkctl
