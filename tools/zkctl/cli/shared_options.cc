#include "tools/zkctl/cli/shared_options.h"

#include <zkcluster/manager.h>

#include "admin/orders.h"
#include "text/duration.h"

namespace zkcluster::zkctl {
namespace {

Result<std::string> ParseFile(std::string_view text) {
  if (text.empty()) return Fail(ErrorCode::kInvalid, "expected a file");
  return std::string(text);
}

Result<Duration> ParseLength(std::string_view text) {
  auto length = ParseDuration(text);
  if (!length || (*length >= kMinPause && *length <= kMaxPause)) return length;
  return Fail(ErrorCode::kInvalid, "must be from 1s to 720h (30 days), not " + std::string(text));
}

}  // namespace

void DeclareCluster(OptionSet& set, ClusterOperand& into) {
  set.TakeOperand("NAME", into.cluster);
}

void DeclareNothing(OptionSet&, NoOptions&) {}

void DeclareFile(OptionSet& set, std::string& file) {
  set.Value({"file,f", "FILE", "a spec file; - is standard input", Completion::Kind::kFiles}, file,
            ParseFile);
}

void DeclareYes(OptionSet& set, bool& yes) {
  set.Flag({"yes,y", "", "do not ask"}, yes);
}

void DeclareDryRun(OptionSet& set, bool& dry_run) {
  set.Flag({"dry-run", "", "show what would change, and change nothing"}, dry_run);
}

void DeclareWait(OptionSet& set, bool& wait) {
  set.Flag({"wait", "", "wait until every checker uses the change (60s, or --timeout)"}, wait);
}

Result<void> CheckChange(const Change& change) {
  if (!change.dry_run || !change.wait) return {};
  return Fail(ErrorCode::kInvalid, "--dry-run changes nothing, so there is nothing to --wait for");
}

void DeclareTimedOrder(OptionSet& set, TimedOrder& order) {
  set.Value(
      {"for", "DURATION", "how long, such as 30m; 1s to 720h", {"30s", "10m", "30m", "2h", "24h"}},
      order.length, ParseLength);
  set.Text({"reason", "TEXT", "why, for other operators"}, order.reason);
}

Result<void> CheckTimedOrder(std::string_view verb, const TimedOrder& order) {
  if (!order.reason) {
    return Fail(ErrorCode::kInvalid, std::string(verb) + " needs --reason TEXT");
  }
  const auto valid = ValidatePause({order.length, "somebody", *order.reason});
  if (!valid) return Fail(valid.error().Within("--reason"));
  return {};
}

}  // namespace zkcluster::zkctl
