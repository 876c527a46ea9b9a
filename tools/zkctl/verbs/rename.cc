// rename-shard: another name in the same place of the list.
#include <zkcluster/ring.h>

#include <cstdio>
#include <string>

#include "tools/zkctl/cli/edits.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/report/ring_spread.h"
#include "tools/zkctl/verbs/change.h"
#include "tools/zkctl/verbs/ordering.h"

namespace zkcluster::zkctl {
namespace {

struct RenameOptions {
  std::string cluster;
  std::string from;
  std::string to;
  Change change;
};

void DeclareRename(OptionSet& set, RenameOptions& into) {
  set.TakeOperand("NAME", into.cluster);
  set.TakeOperand("SHARD", into.from);
  set.TakeOperand("NEW", into.to);
  DeclareYes(set, into.change.yes);
  DeclareDryRun(set, into.change.dry_run);
  DeclareWait(set, into.change.wait);
}

Result<void> CheckRename(const Globals&, const RenameOptions& options) {
  if (options.from == options.to) {
    return Fail(ErrorCode::kInvalid, "the new name is the old one");
  }
  return CheckChange(options.change);
}

std::string RenameConsequence(const ClusterSpec& current, const ClusterSpec& next,
                              const std::string& from, const std::string& to) {
  std::string text = "This renames shard " + from + " of " + current.name + " to " + to;
  const auto before = Ring::Build(current.shards, current.ring);
  const auto after = Ring::Build(next.shards, next.ring);
  if (!before || !after) return text + ".";
  RingChange change = CompareRings(current, *before, next, *after);
  // A key that stays on the same server has not moved.
  std::size_t stay = 0;
  for (const auto& move : change.moves) stay += move.from == from && move.to == to ? move.keys : 0;
  char percent[32];
  std::snprintf(percent, sizeof percent, "%.1f",
                100.0 * static_cast<double>(change.keys - stay) / static_cast<double>(kSampleKeys));
  return text + ": names place keys, " + percent +
         " % of all keys go to another server, and its status starts again as unknown; "
         "maintenance does not follow it.";
}

int RunRename(const Globals& globals, const RenameOptions& options) {
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto current = GetCluster(**connection, options.cluster);
  if (!current) return Complain(current.error());
  const auto renamed = Checked(RenameShard(*current, options.from, options.to));
  if (!renamed) return Complain(renamed.error());
  return Changing(globals, options.change, **connection)
      .To(*current, *renamed,
          RenameConsequence(*current, renamed->spec(), options.from, options.to));
}

}  // namespace

Verb RenameShardVerb() {
  return MakeVerb<RenameOptions>({
      .name = "rename-shard",
      .summary = "give a shard another name",
      .help =
          "Names place keys: the shard's keys move as if it were removed and another added. "
          "It prints how "
          "many,\n"
          "and asks; --yes does not ask, and is needed without a terminal. Its status begins as "
          "unknown.\n",
      .declare = DeclareRename,
      .check = CheckRename,
      .run = RunRename,
  });
}

}  // namespace zkcluster::zkctl
