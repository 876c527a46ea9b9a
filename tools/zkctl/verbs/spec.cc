// The spec of one cluster: diff and get.
#include <nlohmann/json.hpp>
#include <string>

#include "model/spec_diff.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/shared_options.h"
#include "tools/zkctl/cli/spec_input.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/report/diff.h"
#include "tools/zkctl/verbs/ordering.h"
#include "yaml/spec_file.h"

namespace zkcluster::zkctl {
namespace {

struct DiffOptions {
  std::string cluster;
  std::string file;
};

void DeclareDiff(OptionSet& set, DiffOptions& into) {
  set.TakeOperand("NAME", into.cluster);
  DeclareFile(set, into.file);
}

Result<void> CheckDiff(const Globals&, const DiffOptions& options) {
  if (!options.file.empty()) return {};
  return Fail(ErrorCode::kInvalid, "diff needs -f FILE");
}

int RunDiff(const Globals& globals, const DiffOptions& options) {
  const auto spec = ReadSpec(options.file, options.cluster);
  if (!spec) return ComplainAboutFile(spec.error());
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto current = GetCluster(**connection, options.cluster);
  if (!current) return Complain(current.error());
  const SpecDiff diff = DiffSpecs(*current, spec->spec());
  const int printed = Emit(globals.output, DiffJson(current->name, diff),
                           [&](bool color) { return DiffText(diff, color); });
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
      .summary = "show what a file would change",
      .help = "  zkctl diff NAME -f FILE\n"
              "Exit code 0 when nothing would change, 1 when something would.\n",
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
