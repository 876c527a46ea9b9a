#include <zkcluster/manager.h>
#include <zkcluster/ring.h>

#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/spec_input.h"
#include "tools/zkctl/report/ring.h"
#include "tools/zkctl/report/ring_spread.h"
#include "tools/zkctl/verbs/verbs.h"

namespace zkcluster::zkctl {
namespace {

Result<ClusterSpec> ReadCluster(const CommandLine& line) {
  const auto manager =
      Manager::Open({line.zookeeper, line.root, line.timeout, line.access, line.restricted});
  if (!manager) return Fail(manager.error());
  return (*manager)->Get(line.operands[0]);
}

int ShowRing(const CommandLine& line, const ClusterSpec& spec) {
  const auto ring = Ring::Build(spec.shards, spec.ring);
  if (!ring) return Complain(ring.error());
  const RingSpread spread = MeasureSpread(spec, *ring);
  return Emit(line.output, RingJson(spec, spread),
              [&](bool color) { return RingText(spec, spread, color); });
}

int ShowChange(const CommandLine& line, const ClusterSpec& from, const ClusterSpec& to) {
  const auto before = Ring::Build(from.shards, from.ring);
  if (!before) return Complain(before.error());
  const auto after = Ring::Build(to.shards, to.ring);
  if (!after) return Complain(after.error());
  const RingChange change = CompareRings(from, *before, to, *after);
  return Emit(line.output, RingChangeJson(from, to, change),
              [&](bool color) { return RingChangeText(from, to, change, color); });
}

}  // namespace

int RunRing(const CommandLine& line) {
  if (line.file.empty()) {
    const auto spec = ReadCluster(line);
    return spec ? ShowRing(line, *spec) : Complain(spec.error());
  }
  const auto from_file = ReadSpec(line, line.operands.empty() ? "" : line.operands[0]);
  if (!from_file) return ComplainAboutFile(from_file.error());
  if (line.operands.empty()) return ShowRing(line, *from_file);
  const auto current = ReadCluster(line);
  return current ? ShowChange(line, *current, *from_file) : Complain(current.error());
}

}  // namespace zkcluster::zkctl
