// `zkctl doctor`: what is wrong with a cluster; with --fix also the removal of ghosts.
#include "tools/zkctl/report/doctor.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/snapshot.h"
#include "base/join.h"
#include "model/paths.h"
#include "tools/zkctl/cli/confirm.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/shared_options.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/report/assessment.h"
#include "tools/zkctl/report/render.h"
#include "tools/zkctl/verbs/ordering.h"
#include "zk/errors.h"

namespace zkcluster::zkctl {
namespace {

using Ghost = Snapshot::Ghost;

struct DoctorOptions {
  std::string cluster;
  bool fix = false;
  bool yes = false;
};

// Each failed guard means that something moved between two reads, which cannot go on for ever.
constexpr int kTries = 5;

// Its version moves when a znode of this kind begins, so that one that has the ghost's name and
// version by now is not taken for it.
std::optional<std::string> SignalOf(const Ghost& ghost, const ClusterPaths& paths) {
  switch (ghost.kind) {
    case Ghost::Kind::kBallot:
      return paths.votes();
    case Ghost::Kind::kGoChecker:
      return paths.go_voters();
    case Ghost::Kind::kCandidate:
    case Ghost::Kind::kStray:
      break;
  }
  return std::nullopt;
}

Result<std::optional<zk::Stat>> StatOf(Connection& connection, const std::string& path) {
  return connection.Await<std::optional<zk::Stat>>(
      [&](auto done) { connection.client().Exists(path, {}, std::move(done)); });
}

// What removes `path` with everything below it, each at the version that is there now.
Result<void> AddDeletes(Connection& connection, const std::string& path, std::vector<zk::Op>& ops) {
  const auto stat = StatOf(connection, path);
  if (!stat) return Fail(stat.error());
  if (!*stat) return {};
  if ((*stat)->num_children > 0) {
    const auto names = connection.Await<std::vector<std::string>>(
        [&](auto done) { connection.client().Children(path, {}, std::move(done)); });
    if (!names) return Fail(names.error());
    for (const std::string& name : *names) {
      if (auto below = AddDeletes(connection, path + "/" + name, ops); !below) return below;
    }
  }
  ops.emplace_back(zk::DeleteOp{path, (*stat)->version});
  return {};
}

// True: removed, or gone already. False: a living process has a znode there by now.
Result<bool> RemoveOnce(Connection& connection, const Ghost& ghost, const ClusterPaths& paths) {
  std::vector<zk::Op> ops;
  if (const auto signal = SignalOf(ghost, paths)) {
    const auto stat = StatOf(connection, *signal);
    if (!stat) return Fail(stat.error());
    if (*stat) ops.emplace_back(zk::CheckOp{*signal, (*stat)->version});
  }
  const auto stat = StatOf(connection, ghost.path);
  if (!stat) return Fail(stat.error());
  if (!*stat) return true;
  if ((*stat)->has_owner() || (*stat)->czxid != ghost.czxid) return false;
  if (auto added = AddDeletes(connection, ghost.path, ops); !added) return Fail(added.error());
  return connection.Await<bool>([&](auto done) {
    connection.client().Multi(std::move(ops), [done](const zk::MultiResult& results) {
      done(results ? Result<bool>(true) : Result<bool>(Fail(Error(results.error()))));
    });
  });
}

Result<bool> RemoveGhost(Connection& connection, const Ghost& ghost, const ClusterPaths& paths) {
  Result<bool> removed = false;
  for (int i = 0; i < kTries; ++i) {
    removed = RemoveOnce(connection, ghost, paths);
    if (removed || !zk::IsGuardFailure(removed.error())) break;
  }
  if (!removed) return Fail(removed.error().Within("remove " + ghost.path));
  return removed;
}

std::vector<Ghost> ToRemove(const std::vector<Finding>& findings) {
  std::vector<Ghost> ghosts;
  for (const Finding& finding : findings) {
    ghosts.insert(ghosts.end(), finding.removes.begin(), finding.removes.end());
  }
  return ghosts;
}

std::string Question(const std::string& cluster, const std::vector<Ghost>& ghosts) {
  std::vector<std::string> paths;
  for (const Ghost& ghost : ghosts) paths.push_back(ghost.path);
  return "This removes from " + cluster + " " + Counted(ghosts.size(), "znode") +
         " that no session owns: " + Join(paths, ", ") + ".";
}

struct Fixed {
  std::vector<std::string> removed;  // paths
  std::optional<Error> error;        // of those that could not be removed, the last one's
};

Result<Fixed> Fix(Connection& connection, const DoctorOptions& options,
                  const std::vector<Ghost>& ghosts) {
  const auto confirmed = Confirm(Question(options.cluster, ghosts), options.cluster, options.yes);
  if (!confirmed) return Fail(confirmed.error());
  const ClusterPaths paths(connection.root(), options.cluster);
  Fixed fixed;
  for (const Ghost& ghost : ghosts) {
    const auto removed = RemoveGhost(connection, ghost, paths);
    if (!removed) {
      (void)Complain(removed.error());
      fixed.error = removed.error();
    } else if (*removed) {
      fixed.removed.push_back(ghost.path);
    }
  }
  return fixed;
}

int Report(const Globals& globals, const Snapshot& snapshot, const std::optional<Fixed>& fixed) {
  const auto findings = Diagnose(snapshot, Assess(snapshot));
  OrderedJson json = DoctorJson(snapshot, findings);
  std::string done;
  if (fixed) {
    json["removed"] = fixed->removed;
    for (const std::string& path : fixed->removed) done += "removed " + Printable(path) + "\n";
  }
  const int printed = Emit(globals.output, json, [&](bool color) {
    return done + DoctorText(snapshot, findings, color);
  });
  if (fixed && fixed->error) return ExitCodeOf(fixed->error->code);
  return printed != kDone || !findings.empty() ? kRefused : kDone;
}

int RunDoctor(const Globals& globals, const DoctorOptions& options) {
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  auto snapshot = TakeSnapshot(**connection, options.cluster);
  if (!snapshot) return Complain(snapshot.error());
  if (!options.fix) return Report(globals, *snapshot, std::nullopt);
  Fixed fixed;
  if (const auto ghosts = ToRemove(Diagnose(*snapshot, Assess(*snapshot))); !ghosts.empty()) {
    auto answer = Fix(**connection, options, ghosts);
    if (!answer) return Complain(answer.error());
    fixed = *std::move(answer);
    snapshot = TakeSnapshot(**connection, options.cluster);
    if (!snapshot) return Complain(snapshot.error());
  }
  return Report(globals, *snapshot, fixed);
}

Result<void> CheckDoctor(const Globals&, const DoctorOptions& options) {
  if (!options.yes || options.fix) return {};
  return Fail(ErrorCode::kInvalid, "--yes is about --fix");
}

}  // namespace

Verb DoctorVerb() {
  return MakeVerb<DoctorOptions>({
      .name = "doctor",
      .summary = "find what is wrong or soon will be, and say what to do",
      .help =
          "  zkctl doctor NAME [--fix [--yes]]\n"
          "Registrations and ballots without a live process, spec keys lost to a Go manager, "
          "versions and\n"
          "clocks of the checkers, a quorum that cannot be met, shards that share a host or rack, "
          "sizes near\n"
          "their limits, orders without an end. Exit code 0 when nothing was found, 1 when "
          "something was.\n"
          "--fix first removes the znodes that it says are to be removed: candidates, ballots and "
          "Go\n"
          "registrations that no session owns, and what else lies among the candidates without an "
          "owner.\n"
          "It lists them and asks first; --yes does not ask, and is needed without a terminal.\n",
      .declare =
          [](OptionSet& set, DoctorOptions& into) {
            set.TakeOperand("NAME", into.cluster);
            set.Flag({"fix", "", "remove what is to be removed"}, into.fix);
            DeclareYes(set, into.yes);
          },
      .check = CheckDoctor,
      .run = RunDoctor,
  });
}

}  // namespace zkcluster::zkctl
