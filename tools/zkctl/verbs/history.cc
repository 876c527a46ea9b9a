// The former specs of one cluster: history and undo.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/shared_options.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/report/history.h"
#include "tools/zkctl/verbs/change.h"
#include "tools/zkctl/verbs/ordering.h"

namespace zkcluster::zkctl {
namespace {

struct UndoOptions {
  std::string cluster;
  std::optional<std::uint64_t> to;
  Change change;
};

int RunHistory(const Globals& globals, const ClusterOperand& options) {
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto current = GetCluster(**connection, options.cluster);
  if (!current) return Complain(current.error());
  const auto journal = GetJournal(**connection, options.cluster);
  if (!journal) return Complain(journal.error());
  const auto versions = ListVersions(*current, *journal);
  const Micros now = (*connection)->loop().WallNow();
  return Emit(globals.output, HistoryJson(*current, versions),
              [&](const Terminal& to) { return HistoryText(*current, versions, now, to); });
}

Result<void> CheckUndo(const Globals&, const UndoOptions& options) {
  return CheckChange(options.change);
}

int RunUndo(const Globals& globals, const UndoOptions& options) {
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto current = GetCluster(**connection, options.cluster);
  if (!current) return Complain(current.error());
  const auto journal = GetJournal(**connection, options.cluster);
  if (!journal) return Complain(journal.error());
  const auto version = options.to ? *options.to : VersionBefore(*current, *journal);
  if (!version) return Complain(version.error());
  auto former = RestoreVersion(*current, *journal, *version);
  if (!former) return Complain(former.error());
  former->version = current->version;
  auto next = ValidSpec::Make(*std::move(former));
  if (!next) return Complain(next.error());
  Change change = options.change;
  if (!change.reason) change.reason = "back to version " + std::to_string(*version);
  return Changing(globals, change, **connection).To(*current, *std::move(next));
}

}  // namespace

Verb HistoryVerb() {
  return MakeVerb<ClusterOperand>({
      .name = "history",
      .summary = "list the versions of a cluster's spec: when, by whom, why, what changed",
      .help = "The newest is last. `zkctl diff NAME --from VERSION` shows what changed since, and\n"
              "`zkctl undo` brings one back. The journal keeps about 1,000 events.\n",
      .declare = DeclareCluster,
      .run = RunHistory,
  });
}

Verb UndoVerb() {
  return MakeVerb<UndoOptions>({
      .name = "undo",
      .summary = "bring a cluster's spec back to what it was before the last change",
      .help = "  zkctl undo NAME [--to VERSION] [--reason TEXT] [--yes] [--dry-run] [--wait]\n"
              "With --to: to what it was as VERSION, see `zkctl history`. Shows what changes and "
              "asks, as\n"
              "`zkctl update` does. It is a change as any other, so a second undo takes it back.\n",
      .declare =
          [](OptionSet& set, UndoOptions& into) {
            set.TakeOperand("NAME", into.cluster);
            set.Value({"to", "VERSION", "the version to go back to"}, into.to,
                      [](std::string_view text) {
                        return ParseVersion(text).map(
                            [](std::uint64_t version) { return std::optional(version); });
                      });
            DeclareYes(set, into.change.yes);
            DeclareDryRun(set, into.change.dry_run);
            DeclareWait(set, into.change.wait);
            DeclareReason(set, into.change.reason);
          },
      .check = CheckUndo,
      .run = RunUndo,
  });
}

}  // namespace zkcluster::zkctl
