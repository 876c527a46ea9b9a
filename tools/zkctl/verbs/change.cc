#include "tools/zkctl/verbs/change.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/join.h"
#include "model/spec_check.h"
#include "tools/zkctl/cli/approve.h"
#include "tools/zkctl/report/diff.h"
#include "tools/zkctl/report/render.h"
#include "tools/zkctl/verbs/ordering.h"
#include "tools/zkctl/verbs/take_over_wait.h"

namespace zkcluster::zkctl {
namespace {

// A cluster cannot grow beyond the limit: each change near it warns.
void WarnOfSize(const ValidSpec& spec) {
  const auto bytes = spec.bytes_near_limit();
  if (!bytes) return;
  std::fprintf(stderr,
               "zkctl: warning: %s: the list of shards takes %zu bytes in ZooKeeper, %zu %% of the "
               "%zu there can be\n",
               Printable(spec.spec().name).c_str(), *bytes, *bytes * 100 / kMaxShardsBytes,
               kMaxShardsBytes);
}

Error Changed(std::string_view cluster, std::uint64_t from, std::uint64_t now) {
  return {ErrorCode::kConflict, "the cluster changed under you: version " + std::to_string(from) +
                                    " is now " + std::to_string(now) + "; see `zkctl diff " +
                                    std::string(cluster) + " -f FILE`"};
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

}  // namespace

Result<ValidSpec> Checked(Result<ClusterSpec> edited) {
  if (!edited) return Fail(edited.error());
  return ValidSpec::Make(*std::move(edited));
}

int Changing::To(const ClusterSpec& current, ValidSpec next) {
  if (const auto sound = CheckThresholdsOfChange(&current, next.spec()); !sound) {
    return Complain(sound.error());
  }
  const std::uint64_t wanted = next.spec().version;
  if (wanted != 0 && wanted != current.version) {
    return Complain(Changed(current.name, wanted, current.version));
  }
  next.set_version(current.version);
  ChangeAnswer answer{DiffSpecs(current, next.spec())};
  if (answer.diff.empty() && !IsInPieces(current.name)) {
    return WaitIfWanted(current.name, current.version,
                        Report(current.name, "unchanged", current.version, answer));
  }
  if (change_.dry_run) return Report(current.name, "updated", current.version, answer);
  const bool removes = !answer.diff.removed.empty();
  const std::string question =
      removes ? RemovalQuestion(current, answer.diff)
      : answer.diff.empty()
          ? "This writes the spec of " + current.name +
                " as it is. Settings that a Go manager dropped are then no longer in force."
          : "This changes cluster " + current.name + ".";
  const auto approved = Approve(change_.yes, current.name, DiffText(answer.diff, UseColor()),
                                question, removes, answer.shown);
  if (!approved) return Complain(approved.error());
  return Write(current, next, std::move(answer));
}

int Changing::To(const ClusterSpec& current, const ValidSpec& next, const std::string& question) {
  ChangeAnswer answer{DiffSpecs(current, next.spec())};
  if (change_.dry_run) {
    answer.note = Printable(question) + "\n";
    return Report(current.name, "updated", current.version, answer);
  }
  const auto approved = Approve(change_.yes, current.name, DiffText(answer.diff, UseColor()),
                                question, true, answer.shown);
  if (!approved) return Complain(approved.error());
  return Write(current, next, std::move(answer));
}

bool Changing::IsInPieces(const std::string& cluster) {
  const auto stored = connection_.Ask<StoredSpec>(
      [&](ClusterAdmin& admin, auto done) { admin.Get(cluster, std::move(done)); });
  return stored && !stored->from_one_write;
}

int Changing::Create(const ValidSpec& spec) {
  const std::string& name = spec.spec().name;
  if (const auto sound = CheckThresholdsOfChange(nullptr, spec.spec()); !sound) {
    return Complain(sound.error());
  }
  if (change_.dry_run) {
    const auto known = connection_.Ask<StoredSpec>(
        [&](ClusterAdmin& admin, auto done) { admin.Get(name, std::move(done)); });
    if (known || known.error().code != ErrorCode::kNotFound) {
      return Complain(known ? Error{ErrorCode::kExists, "cluster \"" + name + "\" exists already"}
                            : known.error());
    }
    return Report(name, "created", 0, {});
  }
  const auto version = connection_.Ask<std::uint64_t>(
      [&](ClusterAdmin& admin, auto done) { admin.Create(spec, std::move(done)); });
  if (!version) return Complain(version.error());
  WarnOfSize(spec);
  return WaitIfWanted(name, *version, Report(name, "created", *version, {}));
}

int Changing::Delete(const std::string& name) {
  const auto current = GetCluster(connection_, name);
  std::uint64_t version = 0;
  ChangeAnswer answer;
  std::string question = "This deletes cluster " + name;
  if (current) {
    version = current->version;
    question += " with " + Counted(current->shards.size(), "shard") + ".";
    answer.diff.removed = current->shards;
  } else if (current.error().code == ErrorCode::kBadData) {
    // Half-deleted by a Go manager, or never readable: there is no version to guard by, and the
    // operator wants it gone.
    question += " (" + current.error().message + ").";
  } else {
    return Complain(current.error());
  }
  if (change_.dry_run) return Report(name, "deleted", version, answer);
  const auto approved =
      Approve(change_.yes, name, DiffText(answer.diff, UseColor()), question, true, answer.shown);
  if (!approved) return Complain(approved.error());
  const auto deleted = connection_.Ask<void>(
      [&](ClusterAdmin& admin, auto done) { admin.Delete(name, version, std::move(done)); });
  if (!deleted) return ComplainOf(deleted.error(), name, version);
  return Report(name, "deleted", version, {});
}

int Changing::Report(const std::string& cluster, std::string_view action, std::uint64_t version,
                     const ChangeAnswer& answer) const {
  OrderedJson json;
  json["cluster"] = cluster;
  json["action"] = action;
  json["version"] = version;
  if (change_.dry_run) {
    json["dry_run"] = true;
    json["diff"] = DiffJson(cluster, answer.diff);
  }
  return Emit(globals_.output, json, [&](const Terminal& to) {
    return (answer.shown ? "" : DiffText(answer.diff, to.color) + answer.note) +
           (change_.dry_run ? "would be " : "") + std::string(action) +
           (change_.dry_run ? ": " : " ") + Printable(cluster) +
           (version == 0 ? "" : ", version " + std::to_string(version)) + "\n";
  });
}

int Changing::Write(const ClusterSpec& current, const ValidSpec& next, ChangeAnswer answer) {
  const auto version = connection_.Ask<std::uint64_t>([&](ClusterAdmin& admin, auto done) {
    admin.Update(next, {Who(), change_.reason.value_or("")}, std::move(done));
  });
  if (!version) return ComplainOf(version.error(), current.name, current.version);
  WarnOfSize(next);
  // If stderr is on the same terminal, the changes are already there; a redirected answer
  // must be complete.
  answer.shown = answer.shown && ShowsStandardError();
  return WaitIfWanted(current.name, *version, Report(current.name, "updated", *version, answer));
}

int Changing::WaitIfWanted(const std::string& cluster, std::uint64_t version, int reported) {
  if (!change_.wait || reported != kDone) return reported;
  return AwaitTakeOver(connection_, globals_, cluster, version);
}

int Changing::ComplainOf(const Error& error, const std::string& name, std::uint64_t version) {
  if (error.code != ErrorCode::kConflict) return Complain(error);
  const auto now = connection_.Ask<StoredSpec>(
      [&](ClusterAdmin& admin, auto done) { admin.Get(name, std::move(done)); });
  if (now) return Complain(Changed(name, version, now->spec.version));
  return Complain(Error{ErrorCode::kConflict, "the cluster changed under you: version " +
                                                  std::to_string(version) + " is gone (" +
                                                  now.error().message + ")"});
}

}  // namespace zkcluster::zkctl
