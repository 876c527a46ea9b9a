#include <zkcluster/manager.h>
#include <zkcluster/ring.h>
#include <zkcluster/spec.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/join.h"
#include "codec/spec_size.h"
#include "model/spec_diff.h"
#include "tools/zkctl/cli/approve.h"
#include "tools/zkctl/cli/confirm.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/edits.h"
#include "tools/zkctl/cli/spec_input.h"
#include "tools/zkctl/cli/take_over.h"
#include "tools/zkctl/report/report.h"
#include "tools/zkctl/report/ring_spread.h"
#include "tools/zkctl/verbs/ordering.h"
#include "tools/zkctl/verbs/verbs.h"
#include "yaml/spec_file.h"

namespace zkcluster::zkctl {
namespace {

// A name that does not exist comes with the nearest that does.
Result<ClusterSpec> GetCluster(Manager& manager, const std::string& name) {
  auto spec = manager.Get(name);
  if (spec || spec.error().code != ErrorCode::kNotFound) return spec;
  const auto names = manager.List();
  return Fail(WithNearest(spec.error(), names ? *names : std::vector<std::string>(), name));
}

// What an answer tells of a change besides its kind.
struct Told {
  SpecDiff diff;
  bool shown = false;  // with the question already
  std::string note;    // what the difference does not show
};

int Report(const CommandLine& line, const std::string& cluster, std::string_view action,
           std::uint64_t version, const Told& told) {
  Json json;
  json["cluster"] = cluster;
  json["action"] = action;
  json["version"] = version;
  if (line.dry_run) {
    json["dry_run"] = true;
    json["diff"] = DiffJson(cluster, told.diff);
  }
  return Emit(line.output, json, [&](bool color) {
    return (told.shown ? "" : DiffText(told.diff, color) + told.note) +
           (line.dry_run ? "would be " : "") + std::string(action) + (line.dry_run ? ": " : " ") +
           Printable(cluster) + (version == 0 ? "" : ", version " + std::to_string(version)) + "\n";
  });
}

// A cluster cannot grow beyond the limit: whoever comes near hears of it with each change.
void WarnOfSize(const ClusterSpec& spec) {
  const auto bytes = BytesNearLimit(spec);
  if (!bytes) return;
  std::fprintf(stderr,
               "zkctl: warning: %s: the list of shards takes %zu bytes in ZooKeeper, %zu %% of the "
               "%zu there can be\n",
               Printable(spec.name).c_str(), *bytes, *bytes * 100 / kMaxShardsBytes,
               kMaxShardsBytes);
}

Error Changed(std::string_view cluster, std::uint64_t from, std::uint64_t now) {
  return Error{ErrorCode::kConflict, "the cluster changed under you: version " +
                                         std::to_string(from) + " is now " + std::to_string(now) +
                                         "; look at `zkctl diff " + std::string(cluster) + "`"};
}

// Says a conflict in the operator's words, with the version that is there now.
int ComplainOf(const Error& error, Manager& manager, const ClusterSpec& base) {
  if (error.code != ErrorCode::kConflict) return Complain(error);
  const auto now = manager.Get(base.name);
  if (!now) {
    return Complain(Error{ErrorCode::kConflict, "the cluster changed under you: version " +
                                                    std::to_string(base.version) + " is gone (" +
                                                    now.error().message + ")"});
  }
  return Complain(Changed(base.name, base.version, now->version));
}

std::string RemovalQuestion(const ClusterSpec& current, const SpecDiff& diff) {
  constexpr std::size_t kShown = 10;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < diff.removed.size() && i < kShown; ++i) {
    names.push_back(diff.removed[i].name);
  }
  if (diff.removed.size() > kShown) {
    names.push_back("and " + std::to_string(diff.removed.size() - kShown) + " more");
  }
  return "This removes " + Counted(diff.removed.size(), "shard") + " of the " +
         std::to_string(current.shards.size()) + " of " + current.name + ": " + Join(names, ", ") +
         ".";
}

int WaitIfTold(const CommandLine& line, const std::string& cluster, std::uint64_t version,
               int reported) {
  return line.wait && reported == kDone ? AwaitTakeOver(line, cluster, version) : reported;
}

// Brings `current` to `next`, guarded by the version of `current`.
int ChangeTo(const CommandLine& line, Manager& manager, const ClusterSpec& current,
             ClusterSpec next) {
  if (next.version != 0 && next.version != current.version) {
    return Complain(Changed(current.name, next.version, current.version));
  }
  next.version = current.version;
  if (const auto valid = Validate(next); !valid) return Complain(valid.error());
  Told told{DiffSpecs(current, next)};
  const SpecDiff& diff = told.diff;
  if (diff.empty()) {
    return WaitIfTold(line, current.name, current.version,
                      Report(line, current.name, "unchanged", current.version, told));
  }
  if (line.dry_run) return Report(line, current.name, "updated", current.version, told);
  const bool removes = !diff.removed.empty();
  const std::string question =
      removes ? RemovalQuestion(current, diff) : "This changes cluster " + current.name + ".";
  const auto approved =
      Approve(line, current.name, DiffText(diff, UseColor()), question, removes, told.shown);
  if (!approved) return Complain(approved.error());
  const auto version = manager.Update(next);
  if (!version) return ComplainOf(version.error(), manager, current);
  WarnOfSize(next);
  // The same terminal shows both streams; what is redirected is to be whole.
  told.shown = told.shown && ShowsStandardError();
  return WaitIfTold(line, current.name, *version,
                    Report(line, current.name, "updated", *version, told));
}

int CreateIt(const CommandLine& line, Manager& manager, const ClusterSpec& spec) {
  if (line.dry_run) {
    const auto known = manager.Get(spec.name);
    if (known || known.error().code != ErrorCode::kNotFound) {
      return Complain(
          known ? Error{ErrorCode::kExists, "cluster \"" + spec.name + "\" exists already"}
                : known.error());
    }
    return Report(line, spec.name, "created", 0, {});
  }
  const auto version = manager.Create(spec);
  if (!version) return Complain(version.error());
  WarnOfSize(spec);
  return WaitIfTold(line, spec.name, *version, Report(line, spec.name, "created", *version, {}));
}

}  // namespace

int RunCreate(const CommandLine& line) {
  ClusterSpec spec;
  if (!line.file.empty()) {
    auto read = ReadSpec(line, line.operands[0]);
    if (!read) return ComplainAboutFile(read.error());
    spec = *std::move(read);
  } else {
    spec.name = line.operands[0];
    auto edited = ApplyEdits(std::move(spec), line.edits);
    if (!edited) return Complain(edited.error());
    spec = *std::move(edited);
    if (const auto valid = Validate(spec); !valid) return Complain(valid.error());
  }
  const auto manager = OpenManager(line);
  if (!manager) return Complain(manager.error());
  return CreateIt(line, **manager, spec);
}

int RunUpdate(const CommandLine& line) {
  std::optional<ClusterSpec> from_file;
  if (!line.file.empty()) {
    auto read = ReadSpec(line, line.operands[0]);
    if (!read) return ComplainAboutFile(read.error());
    from_file = *std::move(read);
  }
  const auto manager = OpenManager(line);
  if (!manager) return Complain(manager.error());
  const auto current = GetCluster(**manager, line.operands[0]);
  if (!current) return Complain(current.error());
  if (from_file) return ChangeTo(line, **manager, *current, *std::move(from_file));
  auto edited = ApplyEdits(*current, line.edits);
  if (!edited) return Complain(edited.error());
  return ChangeTo(line, **manager, *current, *std::move(edited));
}

int RunApply(const CommandLine& line) {
  auto spec = ReadSpec(line, {});
  if (!spec) return ComplainAboutFile(spec.error());
  const auto manager = OpenManager(line);
  if (!manager) return Complain(manager.error());
  const auto current = (*manager)->Get(spec->name);
  if (current) return ChangeTo(line, **manager, *current, *std::move(spec));
  if (current.error().code != ErrorCode::kNotFound) return Complain(current.error());
  return CreateIt(line, **manager, *spec);
}

int RunDelete(const CommandLine& line) {
  const std::string& name = line.operands[0];
  const auto manager = OpenManager(line);
  if (!manager) return Complain(manager.error());
  const auto current = GetCluster(**manager, name);
  ClusterSpec guard;
  guard.name = name;
  Told told;
  std::string question = "This deletes cluster " + name;
  if (current) {
    guard.version = current->version;
    question += " with " + Counted(current->shards.size(), "shard") + ".";
    told.diff.removed = current->shards;
  } else if (current.error().code == ErrorCode::kBadData) {
    // Half-deleted by a Go manager, or never readable: there is no version to guard by, and the
    // operator wants it gone.
    question += " (" + current.error().message + ").";
  } else {
    return Complain(current.error());
  }
  if (line.dry_run) return Report(line, name, "deleted", guard.version, told);
  const auto approved =
      Approve(line, name, DiffText(told.diff, UseColor()), question, true, told.shown);
  if (!approved) return Complain(approved.error());
  const auto deleted = (*manager)->Delete(name, guard.version);
  if (!deleted) return ComplainOf(deleted.error(), **manager, guard);
  return Report(line, name, "deleted", guard.version, {});
}

namespace {

std::string RenameConsequence(const ClusterSpec& current, const ClusterSpec& next,
                              const std::string& from, const std::string& to) {
  std::string text = "This renames shard " + from + " of " + current.name + " to " + to;
  const auto before = Ring::Build(current.shards, current.ring);
  const auto after = Ring::Build(next.shards, next.ring);
  if (!before || !after) return text + ".";
  RingChange change = CompareRings(current, *before, next, *after);
  // What stays on the same server has not moved.
  std::size_t stay = 0;
  for (const auto& move : change.moves) stay += move.from == from && move.to == to ? move.keys : 0;
  char percent[32];
  std::snprintf(percent, sizeof percent, "%.1f",
                100.0 * static_cast<double>(change.keys - stay) / static_cast<double>(kSampleKeys));
  return text + ": names place keys, " + percent +
         " % of all keys go to another server, and its status begins anew as unknown; "
         "maintenance does not follow it.";
}

}  // namespace

int RunRename(const CommandLine& line) {
  const std::string& from = line.operands[1];
  const std::string& to = line.operands[2];
  const auto manager = OpenManager(line);
  if (!manager) return Complain(manager.error());
  const auto current = GetCluster(**manager, line.operands[0]);
  if (!current) return Complain(current.error());
  const auto renamed = RenameShard(*current, from, to);
  if (!renamed) return Complain(renamed.error());
  if (const auto valid = Validate(*renamed); !valid) return Complain(valid.error());
  Told told{DiffSpecs(*current, *renamed)};
  const std::string consequence = RenameConsequence(*current, *renamed, from, to);
  if (line.dry_run) {
    told.note = Printable(consequence) + "\n";
    return Report(line, current->name, "updated", current->version, told);
  }
  const auto approved =
      Approve(line, current->name, DiffText(told.diff, UseColor()), consequence, true, told.shown);
  if (!approved) return Complain(approved.error());
  const auto version = (*manager)->Update(*renamed);
  if (!version) return ComplainOf(version.error(), **manager, *current);
  told.shown = told.shown && ShowsStandardError();
  return WaitIfTold(line, current->name, *version,
                    Report(line, current->name, "updated", *version, told));
}

int RunDiff(const CommandLine& line) {
  const auto spec = ReadSpec(line, line.operands[0]);
  if (!spec) return ComplainAboutFile(spec.error());
  const auto manager = OpenManager(line);
  if (!manager) return Complain(manager.error());
  const auto current = GetCluster(**manager, line.operands[0]);
  if (!current) return Complain(current.error());
  const SpecDiff diff = DiffSpecs(*current, *spec);
  const int printed = Emit(line.output, DiffJson(current->name, diff),
                           [&](bool color) { return DiffText(diff, color); });
  return printed != kDone || !diff.empty() ? kRefused : kDone;
}

int RunGet(const CommandLine& line) {
  const auto manager = OpenManager(line);
  if (!manager) return Complain(manager.error());
  const auto spec = GetCluster(**manager, line.operands[0]);
  if (!spec) return Complain(spec.error());
  const bool json = line.output == OutputForm::kJson;
  return Print(json ? FormatSpecJson(*spec) : FormatSpecYaml(*spec)) ? kDone : kRefused;
}

}  // namespace zkcluster::zkctl
