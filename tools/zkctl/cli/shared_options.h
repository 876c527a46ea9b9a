// Options that several verbs have, each worded once. Pure.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/time.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tools/zkctl/cli/option_set.h"

namespace zkcluster::zkctl {

// For a verb about one cluster that has no options.
struct ClusterOperand {
  std::string cluster;
};
void DeclareCluster(OptionSet& set, ClusterOperand& into);

// For a verb that takes nothing of its own.
struct NoOptions {};
void DeclareNothing(OptionSet& set, NoOptions& into);

// A version of a spec.
[[nodiscard]] Result<std::uint64_t> ParseVersion(std::string_view text);

// -f; "-" is standard input.
void DeclareFile(OptionSet& set, std::string& file);

// How a change is made.
struct Change {
  bool yes = false;
  bool dry_run = false;
  bool wait = false;
  std::optional<std::string> reason;  // for the journal
};
// --shard, of `create` and of `events`: an option of one name has one text.
[[nodiscard]] Option ShardOption(Completion completion);
void DeclareReason(OptionSet& set, std::optional<std::string>& reason);
void DeclareYes(OptionSet& set, bool& yes);
void DeclareDryRun(OptionSet& set, bool& dry_run);
void DeclareWait(OptionSet& set, bool& wait);
[[nodiscard]] Result<void> CheckChange(const Change& change);

// An order that may end by itself, with its reason. The operator's name does not come from
// the command line.
struct TimedOrder {
  Duration length{0};                 // 0: until it is ended
  std::optional<std::string> reason;  // given, once CheckTimedOrder has passed
};
void DeclareTimedOrder(OptionSet& set, TimedOrder& order);
[[nodiscard]] Result<void> CheckTimedOrder(std::string_view verb, const TimedOrder& order);

}  // namespace zkcluster::zkctl
