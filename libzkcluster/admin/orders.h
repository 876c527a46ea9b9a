// The orders an operator gives to a cluster's checkers, beside its spec: pause, resume, unfreeze,
// forget, maintenance. An order is a change of the ledger and a line in the journal. These rules
// say how an order changes the current ledger, or why it is refused; OrderCall carries it out. If
// nothing would change, nothing is written: an order may be repeated, and after a lost answer it is
// judged again by the current ledger. Pure.
#pragma once

#include <zkcluster/manager.h>
#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/journal.h"
#include "model/ledger.h"

namespace zkcluster {

// Enough for a person's sentence, and not much: the ledger is rewritten with flips.
inline constexpr std::size_t kMaxOrderText = 500;  // bytes

// The facts that decide about an order, as read.
struct OrderFacts {
  Ledger ledger;
  bool registered = false;            // of the id to forget: it has a candidate now
  bool votes = false;                 // likewise: it has a ballot that can be read
  const ClusterSpec* spec = nullptr;  // of orders about shards
  // The ledger that our own write with the lost answer was based on. Null: no answer was lost.
  const Ledger* before = nullptr;
  std::int32_t next_version = 0;  // of the ledger, once the order is written
};

// What has to be read besides the ledger to judge an order.
struct OrderAbout {
  std::string checker;  // its candidate and ballot; empty: none
  bool shards = false;  // the spec
};

// What an order answers: the ledger as it found it, and as it left it.
struct Ordered {
  Ledger found;
  Ledger left;
};

// The shards whose maintenance the order changed, sorted.
[[nodiscard]] std::vector<std::string> MaintenanceChanges(const Ordered& ordered);

struct OrderPlan {
  Ledger ledger;
  Event event;
};

// Nothing: it is so already. Errors: kNotFound, kExists (see each), with a sentence for people.
using OrderRule = std::function<Result<std::optional<OrderPlan>>(const OrderFacts&)>;

// Replaces the present pause, if there is one. `length`: 0: until an operator ends it.
[[nodiscard]] OrderRule PauseRule(Pause pause, Micros length);
// kNotFound when it is not paused.
[[nodiscard]] OrderRule ResumeRule(std::string by);
// kNotFound when it is not frozen. With `accept` the leader lets the deaths pass; else the freeze
// is lifted, and begins again at the leader's next decision if still too many would be dead.
[[nodiscard]] OrderRule UnfreezeRule(bool accept, std::string by);
// kNotFound when `id` is not in the electorate; kExists when a leader would learn it again at once.
[[nodiscard]] OrderRule ForgetRule(std::string id, std::string by);

// kNotFound when the spec lacks a shard it names, or has none on its host; kTooLarge when more
// shards than kMaxMaintained would be under maintenance. Replaces earlier orders for these shards.
[[nodiscard]] OrderRule MaintainRule(ShardChoice which, Maintenance maintenance, Micros length);
// kNotFound when a shard it names, or every shard on its host, or every shard at all,
// is not under maintenance.
[[nodiscard]] OrderRule EndMaintenanceRule(ShardChoice which, std::string by);

// Has the leader date again every status whose date is ahead of ZooKeeper's clock.
[[nodiscard]] OrderRule RedateRule(std::string by);

// Who gives the order: "user@host", not empty, one line of UTF-8. Errors: kInvalid.
[[nodiscard]] Result<void> ValidateBy(const std::string& by);
// `by`, a reason (the same), and a length of 0 or kMinPause .. kMaxPause. Errors: kInvalid.
[[nodiscard]] Result<void> ValidatePause(const PauseOrder& order);
// The same for maintenance, and ValidateChoice: all shards cannot be chosen (that is a pause).
[[nodiscard]] Result<void> ValidateMaintenance(const MaintenanceOrder& order);
// Shards by name, or by host, or all: exactly one of these. Errors: kInvalid.
[[nodiscard]] Result<void> ValidateChoice(const ShardChoice& which);

}  // namespace zkcluster
