// export, import: all clusters to a file and back.
#include <zkcluster/spec.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/spec_diff.h"
#include "tools/zkctl/cli/approve.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/shared_options.h"
#include "tools/zkctl/cli/spec_input.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/report/diff.h"
#include "tools/zkctl/report/render.h"
#include "tools/zkctl/verbs/ordering.h"
#include "tools/zkctl/verbs/take_over_wait.h"
#include "yaml/spec_file.h"

namespace zkcluster::zkctl {
namespace {

struct ExportOptions {
  std::vector<std::string> clusters;  // empty: all
};

struct ImportOptions {
  std::string file;
  Change change;
};

// What applying the file means for one cluster.
struct Step {
  ValidSpec next;
  std::optional<ClusterSpec> current;  // nothing: the cluster will be created
  SpecDiff diff;
  std::string failure;        // why this step failed
  std::uint64_t version = 0;  // before or after the change
  bool in_pieces = false;  // written one znode after the other, as by a Go manager: write it again
  bool done = false;

  [[nodiscard]] std::string_view action() const {
    return !current ? "created" : diff.empty() && !in_pieces ? "unchanged" : "updated";
  }
};

Result<std::vector<Step>> Compare(Connection& connection, std::vector<ValidSpec> specs) {
  std::vector<Step> steps;
  for (ValidSpec& spec : specs) {
    Step step{std::move(spec), std::nullopt, {}, "", 0, false, false};
    auto current = connection.Ask<StoredSpec>(
        [&](ClusterAdmin& admin, auto done) { admin.Get(step.next.spec().name, std::move(done)); });
    if (current) {
      step.version = current->spec.version;
      step.in_pieces = !current->from_one_write;
      step.next.set_version(current->spec.version);
      step.diff = DiffSpecs(current->spec, step.next.spec());
      step.current = std::move(current->spec);
    } else if (current.error().code != ErrorCode::kNotFound) {
      return Fail(current.error());
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

std::string ChangesText(const std::vector<Step>& steps, bool color) {
  std::string text;
  for (const Step& step : steps) {
    if (step.action() == "unchanged") continue;
    text += Printable(step.next.spec().name) + " (" + (step.current ? "updated" : "created") +
            ", " + Counted(step.next.spec().shards.size(), "shard") + ")\n" +
            DiffText(step.diff, color);
  }
  return text;
}

std::size_t Count(const std::vector<Step>& steps, std::string_view action) {
  std::size_t count = 0;
  for (const Step& step : steps) count += step.action() == action ? 1 : 0;
  return count;
}

std::string Question(const std::vector<Step>& steps) {
  return "This creates " + Counted(Count(steps, "created"), "cluster") + " and updates " +
         std::to_string(Count(steps, "updated")) + ".";
}

// Each step is a transaction of its own. The first failure ends the run: its cause (ZooKeeper is
// unreachable, somebody else changes the same clusters) would probably meet the next step, too.
std::optional<Error> Carry(Connection& connection, const Authorship& author,
                           std::vector<Step>& steps) {
  for (Step& step : steps) {
    if (step.action() == "unchanged") continue;
    const auto version = connection.Ask<std::uint64_t>([&](ClusterAdmin& admin, auto done) {
      step.current ? admin.Update(step.next, author, std::move(done))
                   : admin.Create(step.next, std::move(done));
    });
    if (!version) return version.error().Within("cluster \"" + step.next.spec().name + "\"");
    step.version = *version;
    step.done = true;
  }
  return std::nullopt;
}

int Report(const Globals& globals, bool dry_run, const std::vector<Step>& steps, bool shown) {
  OrderedJson json = OrderedJson::array();
  for (const Step& step : steps) {
    OrderedJson row;
    row["cluster"] = step.next.spec().name;
    row["action"] = step.done || dry_run || step.action() == "unchanged"
                        ? OrderedJson(step.action())
                        : OrderedJson("not_done");
    row["version"] = step.version;
    if (dry_run) {
      row["dry_run"] = true;
      row["diff"] = DiffJson(step.next.spec().name, step.diff);
    }
    json.push_back(std::move(row));
  }
  return Emit(globals.output, json, [&](const Terminal& to) {
    std::string text = shown ? "" : ChangesText(steps, to.color);
    for (const Step& step : steps) {
      const bool as_announced = step.done || dry_run || step.action() == "unchanged";
      const bool would_be = dry_run && step.action() != "unchanged";
      text += (would_be ? "would be " : "") +
              (as_announced ? std::string(step.action()) + (would_be ? ":" : "") : "not done:") +
              " " + Printable(step.next.spec().name) +
              (step.version == 0 ? "" : ", version " + std::to_string(step.version)) + "\n";
    }
    return text;
  });
}

int RunExport(const Globals& globals, const ExportOptions& options) {
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto all = (*connection)->Ask<std::vector<std::string>>([](ClusterAdmin& admin, auto done) {
    admin.List(std::move(done));
  });
  if (!all) return Complain(all.error());
  const std::vector<std::string>& names = options.clusters.empty() ? *all : options.clusters;
  std::string yaml;
  OrderedJson json = OrderedJson::array();
  for (const std::string& name : names) {
    auto stored = (*connection)->Ask<StoredSpec>([&](ClusterAdmin& admin, auto done) {
      admin.Get(name, std::move(done));
    });
    // An unreadable cluster is an error: an export without it would be taken for a copy of all.
    if (!stored) return Complain(WithNearest(stored.error(), *all, name));
    stored->spec.version = 0;  // it is of this ensemble and guards nothing elsewhere
    yaml += "---\n" + FormatSpecYaml(stored->spec);
    json.push_back(OrderedJson::parse(FormatSpecJson(stored->spec), nullptr, false));
  }
  const bool printed = Print(globals.output == OutputForm::kJson ? RenderJson(json) : yaml);
  return printed ? kDone : kRefused;
}

Result<void> CheckImport(const Globals&, const ImportOptions& options) {
  if (auto rc = CheckChange(options.change); !rc) return rc;
  if (!options.file.empty()) return {};
  return Fail(ErrorCode::kInvalid, "import needs -f FILE");
}

int RunImport(const Globals& globals, const ImportOptions& options) {
  const Change& change = options.change;
  auto specs = ReadSpecs(options.file);
  if (!specs) return ComplainAboutFile(specs.error());
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  auto steps = Compare(**connection, *std::move(specs));
  if (!steps) return Complain(steps.error());
  bool removes = false;
  bool changes = false;
  for (const Step& step : *steps) {
    removes |= !step.diff.removed.empty();
    changes |= step.action() != "unchanged";
  }
  bool shown = false;
  if (change.dry_run) return Report(globals, true, *steps, shown);
  if (changes) {
    const auto approved =
        Approve(change.yes, "", ChangesText(*steps, UseColor()), Question(*steps), removes, shown);
    if (!approved) return Complain(approved.error());
  }
  const auto failure = Carry(**connection, {Who(), change.reason.value_or("")}, *steps);
  int code = Report(globals, false, *steps, shown && ShowsStandardError());
  if (failure) return Complain(*failure);
  for (const Step& step : *steps) {
    if (!change.wait || code != kDone) break;
    code = AwaitTakeOver(**connection, globals, step.next.spec().name, step.version);
  }
  return code;
}

}  // namespace

Verb ExportVerb() {
  return MakeVerb<ExportOptions>({
      .name = "export",
      .summary = "print the specs of all clusters, or of those named, as a file for import",
      .help = "  zkctl export > clusters.yaml\n"
              "One YAML document a cluster, without versions; -o json is a list, for programs.\n",
      .declare = [](OptionSet& set,
                    ExportOptions& into) { set.TakeOperands("[NAME...]", into.clusters); },
      .run = RunExport,
  });
}

Verb ImportVerb() {
  return MakeVerb<ImportOptions>({
      .name = "import",
      .summary = "create and update every cluster that a file of export describes",
      .help =
          "  zkctl import -f FILE [--yes] [--dry-run] [--wait]\n"
          "The whole file is read and compared first; clusters that are not in it are not touched. "
          "Shows what\n"
          "changes and asks, as update does.\n",
      .declare =
          [](OptionSet& set, ImportOptions& into) {
            DeclareYes(set, into.change.yes);
            DeclareDryRun(set, into.change.dry_run);
            DeclareWait(set, into.change.wait);
            DeclareReason(set, into.change.reason);
            DeclareFile(set, into.file);
          },
      .check = CheckImport,
      .run = RunImport,
  });
}

}  // namespace zkcluster::zkctl
