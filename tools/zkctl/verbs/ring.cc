// ring: where keys are, and where a spec file would put them.
#include "tools/zkctl/verbs/ring.h"

#include <zkcluster/ring.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/shared_options.h"
#include "tools/zkctl/cli/spec_input.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/report/ring.h"
#include "tools/zkctl/report/ring_spread.h"

namespace zkcluster::zkctl {
namespace {

Result<ClusterSpec> ReadCluster(const Globals& globals, const std::string& name) {
  const auto connection = Connection::Open(globals);
  if (!connection) return Fail(connection.error());
  return (*connection)
      ->Ask<StoredSpec>([&](ClusterAdmin& admin, auto done) { admin.Get(name, std::move(done)); })
      .map([](StoredSpec stored) { return std::move(stored.spec); });
}

int ShowRing(const Globals& globals, const ClusterSpec& spec) {
  const auto ring = Ring::Build(spec.shards, spec.ring);
  if (!ring) return Complain(ring.error());
  const RingSpread spread = MeasureSpread(spec, *ring);
  return Emit(globals.output, RingJson(spec, spread),
              [&](const Terminal& to) { return RingText(spec, spread, to); });
}

int ShowChange(const Globals& globals, const ClusterSpec& from, const ClusterSpec& to) {
  const auto before = Ring::Build(from.shards, from.ring);
  if (!before) return Complain(before.error());
  const auto after = Ring::Build(to.shards, to.ring);
  if (!after) return Complain(after.error());
  const RingChange change = CompareRings(from, *before, to, *after);
  return Emit(globals.output, RingChangeJson(from, to, change),
              [&](const Terminal& terminal) { return RingChangeText(from, to, change, terminal); });
}

void DeclareRing(OptionSet& set, RingOptions& into) {
  set.TakeOperand("[NAME]", into.cluster);
  set.Flag({"after", "", "what the file would move"}, into.after);
  DeclareFile(set, into.file);
}

// NAME, -f FILE without ZooKeeper, or both for what the file would move.
Result<void> CheckRing(const Globals&, const RingOptions& options) {
  const auto refuse = [](const char* why) { return Fail(ErrorCode::kInvalid, why); };
  const bool named = !options.cluster.empty();
  const bool has_file = !options.file.empty();
  if (options.after && !(named && has_file)) return refuse("--after needs NAME and -f FILE");
  if (!named && !has_file) return refuse("ring needs NAME or -f FILE");
  if (named && has_file && !options.after) {
    return refuse("give either NAME or -f FILE; NAME --after -f FILE compares them");
  }
  return {};
}

int RunRing(const Globals& globals, const RingOptions& options) {
  if (options.file.empty()) {
    const auto spec = ReadCluster(globals, options.cluster);
    return spec ? ShowRing(globals, *spec) : Complain(spec.error());
  }
  const auto from_file = ReadSpec(options.file, options.cluster);
  if (!from_file) return ComplainAboutFile(from_file.error());
  if (options.cluster.empty()) return ShowRing(globals, from_file->spec());
  const auto current = ReadCluster(globals, options.cluster);
  return current ? ShowChange(globals, *current, from_file->spec()) : Complain(current.error());
}

}  // namespace

Verb RingVerb() {
  return MakeVerb<RingOptions>({
      .name = "ring",
      .summary = "show how keys spread over the shards, and what a change would move",
      .help = "  zkctl ring NAME\n"
              "  zkctl ring -f FILE             without ZooKeeper\n"
              "  zkctl ring NAME --after -f FILE\n"
              "SHARE is exact: the part of all hashes that falls to a shard. LOAD is that over "
              "FAIR, its "
              "weight's\n"
              "part. KEYS counts 100,000 sample keys. --after says how many keys the file would "
              "move, and "
              "from\n"
              "where to where; shards are identified by name.\n",
      .declare = DeclareRing,
      .check = CheckRing,
      .asks_zookeeper = [](const RingOptions& options) { return !options.cluster.empty(); },
      .run = RunRing,
  });
}

}  // namespace zkcluster::zkctl
