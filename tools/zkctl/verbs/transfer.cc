// All clusters to a file and back.
#include <zkcluster/manager.h>
#include <zkcluster/spec.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/spec_diff.h"
#include "tools/zkctl/cli/approve.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/spec_input.h"
#include "tools/zkctl/cli/take_over.h"
#include "tools/zkctl/report/report.h"
#include "tools/zkctl/verbs/ordering.h"
#include "tools/zkctl/verbs/verbs.h"
#include "yaml/spec_file.h"

namespace zkcluster::zkctl {
namespace {

// What the file makes of one cluster.
struct Step {
  ClusterSpec next;
  std::optional<ClusterSpec> current;  // nothing: it is to be created
  SpecDiff diff;
  std::string failure;        // why it was not done
  std::uint64_t version = 0;  // as it is now, or then
  bool done = false;

  [[nodiscard]] std::string_view action() const {
    return !current ? "created" : diff.empty() ? "unchanged" : "updated";
  }
};

Result<std::vector<Step>> Compare(Manager& manager, std::vector<ClusterSpec> specs) {
  std::vector<Step> steps;
  for (ClusterSpec& spec : specs) {
    Step step{std::move(spec), std::nullopt, {}, "", 0, false};
    auto current = manager.Get(step.next.name);
    if (current) {
      step.version = current->version;
      step.next.version = current->version;
      step.diff = DiffSpecs(*current, step.next);
      step.current = *std::move(current);
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
    text += Printable(step.next.name) + " (" + (step.current ? "updated" : "created") + ", " +
            Counted(step.next.shards.size(), "shard") + ")\n" + DiffText(step.diff, color);
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

// Each is a transaction of its own. The first that fails ends it: what has gone wrong for one
// (ZooKeeper is away, somebody else changes the same clusters) is not tried on the next.
std::optional<Error> Carry(Manager& manager, std::vector<Step>& steps) {
  for (Step& step : steps) {
    if (step.action() == "unchanged") continue;
    const auto version = step.current ? manager.Update(step.next) : manager.Create(step.next);
    if (!version) return version.error().Within("cluster \"" + step.next.name + "\"");
    step.version = *version;
    step.done = true;
  }
  return std::nullopt;
}

int Report(const CommandLine& line, const std::vector<Step>& steps, bool shown) {
  Json json = Json::array();
  for (const Step& step : steps) {
    Json row;
    row["cluster"] = step.next.name;
    row["action"] = step.done || line.dry_run || step.action() == "unchanged" ? Json(step.action())
                                                                              : Json("not_done");
    row["version"] = step.version;
    if (line.dry_run) {
      row["dry_run"] = true;
      row["diff"] = DiffJson(step.next.name, step.diff);
    }
    json.push_back(std::move(row));
  }
  return Emit(line.output, json, [&](bool color) {
    std::string text = shown ? "" : ChangesText(steps, color);
    for (const Step& step : steps) {
      const bool as_told = step.done || line.dry_run || step.action() == "unchanged";
      const bool would_be = line.dry_run && step.action() != "unchanged";
      text += (would_be ? "would be " : "") +
              (as_told ? std::string(step.action()) + (would_be ? ":" : "") : "not done:") + " " +
              Printable(step.next.name) +
              (step.version == 0 ? "" : ", version " + std::to_string(step.version)) + "\n";
    }
    return text;
  });
}

}  // namespace

int RunExport(const CommandLine& line) {
  const auto manager = OpenManager(line);
  if (!manager) return Complain(manager.error());
  const auto all = (*manager)->List();
  if (!all) return Complain(all.error());
  const std::vector<std::string>& names = line.operands.empty() ? *all : line.operands;
  std::string yaml;
  Json json = Json::array();
  for (const std::string& name : names) {
    auto spec = (*manager)->Get(name);
    // One that cannot be read must not be missing from what is taken for a copy of all.
    if (!spec) return Complain(WithNearest(spec.error(), *all, name));
    spec->version = 0;  // of this ensemble; nothing to guard by elsewhere
    yaml += "---\n" + FormatSpecYaml(*spec);
    json.push_back(Json::parse(FormatSpecJson(*spec), nullptr, false));
  }
  const bool printed = Print(line.output == OutputForm::kJson ? RenderJson(json) : yaml);
  return printed ? kDone : kRefused;
}

int RunImport(const CommandLine& line) {
  auto specs = ReadSpecs(line);
  if (!specs) return ComplainAboutFile(specs.error());
  const auto manager = OpenManager(line);
  if (!manager) return Complain(manager.error());
  auto steps = Compare(**manager, *std::move(specs));
  if (!steps) return Complain(steps.error());
  bool removes = false;
  bool changes = false;
  for (const Step& step : *steps) {
    removes |= !step.diff.removed.empty();
    changes |= step.action() != "unchanged";
  }
  bool shown = false;
  if (line.dry_run) return Report(line, *steps, shown);
  if (changes) {
    const auto approved =
        Approve(line, "", ChangesText(*steps, UseColor()), Question(*steps), removes, shown);
    if (!approved) return Complain(approved.error());
  }
  const auto failure = Carry(**manager, *steps);
  int code = Report(line, *steps, shown && ShowsStandardError());
  if (failure) return Complain(*failure);
  for (const Step& step : *steps) {
    if (!line.wait || code != kDone) break;
    code = AwaitTakeOver(line, step.next.name, step.version);
  }
  return code;
}

}  // namespace zkcluster::zkctl
