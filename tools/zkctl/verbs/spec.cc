// The spec of one cluster: diff and get.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "model/spec_diff.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/shared_options.h"
#include "tools/zkctl/cli/spec_input.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/report/diff.h"
#include "tools/zkctl/report/history.h"
#include "tools/zkctl/verbs/ordering.h"
#include "yaml/spec_file.h"

namespace zkcluster::zkctl {
namespace {

struct DiffOptions {
  std::string cluster;
  std::string file;
  std::optional<std::uint64_t> from;
};

void DeclareDiff(OptionSet& set, DiffOptions& into) {
  set.TakeOperand("NAME", into.cluster);
  DeclareFile(set, into.file);
  set.Value(
      {"from", "VERSION", "compare with a former version"}, into.from, [](std::string_view text) {
        return ParseVersion(text).map([](std::uint64_t version) { return std::optional(version); });
      });
}

Result<void> CheckDiff(const Globals&, const DiffOptions& options) {
  if (!options.file.empty() || options.from) return {};
  return Fail(ErrorCode::kInvalid, "diff needs -f FILE or --from VERSION");
}

// The spec on the left.
Result<ClusterSpec> Before(Connection& connection, const DiffOptions& options,
                           const ClusterSpec& current) {
  if (!options.from) return current;
  const auto journal = GetJournal(connection, options.cluster);
  if (!journal) return Fail(journal.error());
  return RestoreVersion(current, *journal, *options.from);
}

int RunDiff(const Globals& globals, const DiffOptions& options) {
  std::optional<ValidSpec> from_file;
  if (!options.file.empty()) {
    auto read = ReadSpec(options.file, options.cluster);
    if (!read) return ComplainAboutFile(read.error());
    from_file = *std::move(read);
  }
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto current = GetCluster(**connection, options.cluster);
  if (!current) return Complain(current.error());
  const auto before = Before(**connection, options, *current);
  if (!before) return Complain(before.error());
  const SpecDiff diff = DiffSpecs(*before, from_file ? from_file->spec() : *current);
  const int printed = Emit(globals.output, DiffJson(current->name, diff),
                           [&](const Terminal& to) { return DiffText(diff, to.color); });
  return printed != kDone || !diff.empty() ? kRefused : kDone;
}

int RunGet(const Globals& globals, const ClusterOperand& options) {
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto spec = GetCluster(**connection, options.cluster);
  if (!spec) return Complain(spec.error());
  const bool json = globals.output == OutputForm::kJson;
  return Print(json ? FormatSpecJson(*spec) : FormatSpecYaml(*spec)) ? kDone : kRefused;
}

}  // namespace

Verb DiffVerb() {
  return MakeVerb<DiffOptions>({
      .name = "diff",
      .summary = "show what a file would change, or what changed since a version",
      .help = "  zkctl diff NAME -f FILE\n"
              "  zkctl diff NAME --from VERSION [-f FILE]\n"
              "With --from: what changed since that version (see `zkctl history`), up to now or to "
              "the file.\n"
              "Exit code 0 when nothing differs, 1 when something does.\n",
      .declare = DeclareDiff,
      .check = CheckDiff,
      .run = RunDiff,
  });
}

Verb GetVerb() {
  return MakeVerb<ClusterOperand>({
      .name = "get",
      .summary = "print a cluster's spec as a file that apply accepts",
      .declare = DeclareCluster,
      .run = RunGet,
  });
}

}  // namespace zkcluster::zkctl
