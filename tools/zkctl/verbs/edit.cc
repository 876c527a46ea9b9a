// What makes, changes and deletes one cluster: create, update, apply, delete.
#include "tools/zkctl/verbs/edit.h"

#include <optional>
#include <utility>

#include "tools/zkctl/cli/spec_input.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/verbs/change.h"
#include "tools/zkctl/verbs/ordering.h"

namespace zkcluster::zkctl {
namespace {

Result<void> CheckSource(const std::string& file, const SpecEdits& edits, const Change& change) {
  if (auto rc = CheckEdits(edits); !rc) return rc;
  if (auto rc = CheckChange(change); !rc) return rc;
  if (file.empty() || edits == SpecEdits{}) return {};
  return Fail(ErrorCode::kInvalid, "give either -f FILE or options that change the spec, not both");
}

// --- create ---

void DeclareCreate(OptionSet& set, CreateOptions& into) {
  set.TakeOperand("NAME", into.cluster);
  DeclareDryRun(set, into.change.dry_run);
  DeclareWait(set, into.change.wait);
  DeclareFile(set, into.file);
  DeclareEdits(set, into.edits, /*of_new=*/true);
}

Result<void> CheckCreate(const Globals&, const CreateOptions& options) {
  if (auto rc = CheckSource(options.file, options.edits, options.change); !rc) return rc;
  if (!options.file.empty() || !options.edits.add_shards.empty()) return {};
  return Fail(ErrorCode::kInvalid, "create needs -f FILE or at least one --shard NAME=ADDR");
}

int RunCreate(const Globals& globals, const CreateOptions& options) {
  std::optional<ValidSpec> spec;
  if (!options.file.empty()) {
    auto read = ReadSpec(options.file, options.cluster);
    if (!read) return ComplainAboutFile(read.error());
    spec = *std::move(read);
  } else {
    ClusterSpec empty;
    empty.name = options.cluster;
    auto made = Checked(ApplyEdits(std::move(empty), options.edits));
    if (!made) return Complain(made.error());
    spec = *std::move(made);
  }
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  return Changing(globals, options.change, **connection).Create(*spec);
}

// --- update ---

void DeclareUpdate(OptionSet& set, UpdateOptions& into) {
  set.TakeOperand("NAME", into.cluster);
  DeclareYes(set, into.change.yes);
  DeclareDryRun(set, into.change.dry_run);
  DeclareWait(set, into.change.wait);
  DeclareReason(set, into.change.reason);
  DeclareFile(set, into.file);
  DeclareEdits(set, into.edits, /*of_new=*/false);
}

Result<void> CheckUpdate(const Globals&, const UpdateOptions& options) {
  if (auto rc = CheckSource(options.file, options.edits, options.change); !rc) return rc;
  if (!options.file.empty() || options.edits != SpecEdits{}) return {};
  return Fail(ErrorCode::kInvalid, "update needs -f FILE or options that say what to change");
}

int RunUpdate(const Globals& globals, const UpdateOptions& options) {
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
  Changing changing(globals, options.change, **connection);
  if (from_file) return changing.To(*current, *std::move(from_file));
  auto edited = Checked(ApplyEdits(*current, options.edits));
  if (!edited) return Complain(edited.error());
  return changing.To(*current, *std::move(edited));
}

// --- apply ---

void DeclareApply(OptionSet& set, ApplyOptions& into) {
  DeclareYes(set, into.change.yes);
  DeclareDryRun(set, into.change.dry_run);
  DeclareWait(set, into.change.wait);
  DeclareReason(set, into.change.reason);
  DeclareFile(set, into.file);
}

Result<void> CheckApply(const Globals&, const ApplyOptions& options) {
  if (auto rc = CheckChange(options.change); !rc) return rc;
  if (!options.file.empty()) return {};
  return Fail(ErrorCode::kInvalid, "apply needs -f FILE");
}

int RunApply(const Globals& globals, const ApplyOptions& options) {
  auto spec = ReadSpec(options.file, {});
  if (!spec) return ComplainAboutFile(spec.error());
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto current = (*connection)->Ask<StoredSpec>([&](ClusterAdmin& admin, auto done) {
    admin.Get(spec->spec().name, std::move(done));
  });
  Changing changing(globals, options.change, **connection);
  if (current) return changing.To(current->spec, *std::move(spec));
  if (current.error().code != ErrorCode::kNotFound) return Complain(current.error());
  return changing.Create(*spec);
}

// --- delete ---

void DeclareDelete(OptionSet& set, DeleteOptions& into) {
  set.TakeOperand("NAME", into.cluster);
  DeclareYes(set, into.change.yes);
  DeclareDryRun(set, into.change.dry_run);
}

int RunDelete(const Globals& globals, const DeleteOptions& options) {
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  return Changing(globals, options.change, **connection).Delete(options.cluster);
}

}  // namespace

Verb CreateVerb() {
  return MakeVerb<CreateOptions>({
      .name = "create",
      .summary = "create a cluster from a file or from options",
      .help = "  zkctl create NAME -f FILE\n"
              "  zkctl create NAME --shard s1=10.0.0.1:6379 [--shard ...] [--ring consistent] "
              "[--points "
              "160]\n"
              "  zkctl create NAME --shard ... --ring ketama [--hash fnv1a_64|md5] [--weight s1=2 "
              "...]\n"
              "                    [--no-failover] [--checkers 3] [--quorum 2] [--min-racks 2]\n"
              "                    [--max-dead-fraction 0.5] [--probe interval=1s ...]\n",
      .declare = DeclareCreate,
      .check = CheckCreate,
      .run = RunCreate,
  });
}

Verb UpdateVerb() {
  return MakeVerb<UpdateOptions>({
      .name = "update",
      .summary = "change a cluster by a file or by options",
      .help =
          "  zkctl update NAME -f FILE [--reason TEXT] [--yes] [--dry-run] [--wait]\n"
          "  zkctl update NAME [--add-shard s5=10.0.0.5:6379] [--remove-shard s1] [--set-addr "
          "s2=10.0.0.9:6379]\n"
          "                    [--ring TYPE] [--points N] [--hash HASH] [--weight s2=3]\n"
          "                    [--failover|--no-failover] [--checkers N|none] [--quorum "
          "N|none]\n"
          "                    [--min-racks N|none] [--max-dead-fraction F|none]\n"
          "                    [--outlier-votes count|ignore|none] [--probe interval=1s|none ...]\n"
          "                    [--reason TEXT] [--yes]\n"
          "Shows what changes and asks; --yes does not ask. Without a terminal only what removes "
          "shards needs\n"
          "it. --wait shows how the checkers take the change over.\n"
          "A file with `version:` (as `zkctl get` prints it) is refused when the cluster changed "
          "since.\n",
      .declare = DeclareUpdate,
      .check = CheckUpdate,
      .run = RunUpdate,
  });
}

Verb ApplyVerb() {
  return MakeVerb<ApplyOptions>({
      .name = "apply",
      .summary = "create or update the cluster that a file describes",
      .help =
          "  zkctl apply -f FILE [--reason TEXT] [--yes] [--dry-run] [--wait]\n"
          "Shows what changes and asks; --yes does not ask. Without a terminal only what removes "
          "shards needs\n"
          "it. --wait shows how the checkers take the change over.\n"
          "A file with `version:` (as `zkctl get` prints it) is refused when the cluster changed "
          "since.\n",
      .declare = DeclareApply,
      .check = CheckApply,
      .run = RunApply,
  });
}

Verb DeleteVerb() {
  return MakeVerb<DeleteOptions>({
      .name = "delete",
      .summary = "delete a cluster with everything below it",
      .help = "Shows what goes and asks; --yes does not ask, and is needed without a terminal.\n",
      .declare = DeclareDelete,
      .run = RunDelete,
  });
}

}  // namespace zkcluster::zkctl
