#include "admin/orders.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "base/join.h"
#include "text/address.h"
#include "text/duration.h"
#include "text/utf8.h"

namespace zkcluster {
namespace {

using Ruling = Result<std::optional<OrderPlan>>;

// A sentence cannot list an electorate of a thousand.
constexpr std::size_t kNamedIds = 20;

Ruling AlreadySo() {
  return std::optional<OrderPlan>();
}

OrderPlan Change(Ledger ledger, Event::What what, std::string by) {
  OrderPlan plan{std::move(ledger), {}};
  plan.event.what = std::move(what);
  plan.event.by = std::move(by);
  return plan;
}

std::string Listed(const std::set<std::string>& ids) {
  return ids.empty() ? "nobody" : JoinSome(ids, kNamedIds);
}

bool IsOn(const ShardSpec& shard, const std::string& host) {
  const auto address = ParseAddress(shard.addr);
  return address && address->host == host;
}

// The names chosen among `shards`. Errors: kNotFound.
Result<std::vector<std::string>> Choose(const ShardChoice& which, const ClusterSpec& spec) {
  std::vector<std::string> names;
  for (const ShardSpec& shard : spec.shards) {
    const bool named =
        std::find(which.names.begin(), which.names.end(), shard.name) != which.names.end();
    if (named || (!which.host.empty() && IsOn(shard, which.host))) names.push_back(shard.name);
  }
  if (!which.host.empty() && names.empty()) {
    return Fail(ErrorCode::kNotFound, "it has no shard on host \"" + which.host + "\"");
  }
  for (const std::string& name : which.names) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return Fail(ErrorCode::kNotFound, "it has no shard \"" + name + "\"");
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The chosen ones of the shards under maintenance. A shard that has left the spec can be named.
Result<std::vector<std::string>> ChooseMaintained(const ShardChoice& which,
                                                  const OrderFacts& facts) {
  std::vector<std::string> names;
  if (!which.host.empty()) {
    auto chosen = Choose(which, *facts.spec);
    if (!chosen) return chosen;
    names = *std::move(chosen);
    std::erase_if(names,
                  [&](const auto& name) { return !facts.ledger.maintenance.contains(name); });
    if (names.empty()) {
      return Fail(ErrorCode::kNotFound,
                  "no shard on host \"" + which.host + "\" is under maintenance");
    }
    return names;
  }
  for (const auto& [name, order] : facts.ledger.maintenance) {
    const bool named = std::find(which.names.begin(), which.names.end(), name) != which.names.end();
    if (which.all || named) names.push_back(name);
  }
  if (which.all && names.empty()) {
    return Fail(ErrorCode::kNotFound, "no shard is under maintenance");
  }
  for (const std::string& name : which.names) {
    if (!facts.ledger.maintenance.contains(name)) {
      return Fail(ErrorCode::kNotFound, "shard \"" + name + "\" is not under maintenance");
    }
  }
  return names;
}

Error UnknownId(const std::string& id, const Ledger& ledger) {
  std::string message =
      "no checker \"" + id + "\" in the electorate, which is " + Listed(ledger.electorate);
  if (ledger.at_least > static_cast<int>(ledger.electorate.size())) {
    // The list was lost: a checker that has not come back since has no id that could be forgotten.
    message += "; its list was lost when it had " + std::to_string(ledger.at_least) +
               ": `checkers` in the spec says how many there are";
  }
  return {ErrorCode::kNotFound, std::move(message)};
}

// Whether `order` is the one that we wrote, or another one like it. A reader may have dated it since.
template <class Order>
bool IsSame(const Order& order, const Order& ours, Micros length) {
  const Micros lasts = order.undated              ? order.undated->length
                       : order.until == Micros(0) ? Micros(0)
                                                  : order.until - order.since;
  return order.by == ours.by && order.reason == ours.reason && lasts == length;
}

// Nothing: the shard is not under maintenance.
std::optional<Maintenance> OrderFor(const Ledger& ledger, const std::string& shard) {
  const auto found = ledger.maintenance.find(shard);
  return found == ledger.maintenance.end() ? std::nullopt : std::optional(found->second);
}

Result<void> ValidateLine(std::string_view what, const std::string& text) {
  const std::string start(what);
  if (text.empty()) return Fail(ErrorCode::kInvalid, start + " is empty");
  if (text.size() > kMaxOrderText) {
    return Fail(ErrorCode::kInvalid,
                start + " is longer than " + std::to_string(kMaxOrderText) + " bytes");
  }
  if (!IsUtf8(text)) return Fail(ErrorCode::kInvalid, start + " is not UTF-8");
  if (HasControl(text)) return Fail(ErrorCode::kInvalid, start + " contains a control character");
  return {};
}

}  // namespace

std::vector<std::string> MaintenanceChanges(const Ordered& ordered) {
  std::set<std::string> names;
  const auto note = [&names](const Ledger& one, const Ledger& other) {
    for (const auto& [name, order] : one.maintenance) {
      const auto same = other.maintenance.find(name);
      if (same == other.maintenance.end() || same->second != order) names.insert(name);
    }
  };
  note(ordered.found, ordered.left);
  note(ordered.left, ordered.found);
  return {names.begin(), names.end()};
}

OrderRule PauseRule(Pause pause, Micros length) {
  return [pause = std::move(pause), length](const OrderFacts& facts) -> Ruling {
    const auto& there = facts.ledger.pause;
    // The answer was lost, not the order.
    const bool ours = facts.before != nullptr && there && there != facts.before->pause;
    if (ours && IsSame(*there, pause, length)) return AlreadySo();
    OrderPlan plan =
        Change(facts.ledger, Event::Pause{pause.reason, pause.until, length}, pause.by);
    plan.ledger.pause = pause;
    plan.ledger.pause->undated = Undated{length, facts.next_version};
    return plan;
  };
}

OrderRule ResumeRule(std::string by) {
  return [by = std::move(by)](const OrderFacts& facts) -> Ruling {
    // The pause that we were to end has ended; this one is another operator's.
    if (facts.before != nullptr && facts.before->pause != facts.ledger.pause) return AlreadySo();
    if (!facts.ledger.pause) return Fail(ErrorCode::kNotFound, "it is not paused");
    OrderPlan plan = Change(facts.ledger, Event::Resume{}, by);
    plan.ledger.pause.reset();
    return plan;
  };
}

OrderRule UnfreezeRule(bool accept, std::string by) {
  return [accept, by = std::move(by)](const OrderFacts& facts) -> Ruling {
    const Freeze& freeze = facts.ledger.freeze;
    const bool another =
        facts.before != nullptr && (!freeze.frozen || freeze.since != facts.before->freeze.since);
    if (another || (freeze.frozen && freeze.accept && accept)) return AlreadySo();
    if (!freeze.frozen) return Fail(ErrorCode::kNotFound, "it is not frozen");
    OrderPlan plan = Change(facts.ledger, Event::Unfreeze{0, accept}, by);
    if (accept) {
      // Only a leader knows how many deaths there are to accept.
      plan.ledger.freeze.accept = true;
    } else {
      plan.ledger.freeze = Freeze{};
    }
    return plan;
  };
}

OrderRule RedateRule(std::string by) {
  return [by = std::move(by)](const OrderFacts& facts) -> Ruling {
    if (facts.ledger.redate) return AlreadySo();
    OrderPlan plan = Change(facts.ledger, Event::Redate{}, by);
    plan.ledger.redate = true;
    return plan;
  };
}

OrderRule ForgetRule(std::string id, std::string by) {
  return [id = std::move(id), by = std::move(by)](const OrderFacts& facts) -> Ruling {
    if (!facts.ledger.electorate.contains(id)) {
      if (facts.before != nullptr && facts.before->electorate.contains(id)) return AlreadySo();
      return Fail(UnknownId(id, facts.ledger));
    }
    if (facts.registered || facts.votes) {
      return Fail(ErrorCode::kExists,
                  "checker \"" + id + "\" " +
                      (facts.registered ? "is registered" : "has a ballot") +
                      " and would be learned again at once: stop that checker first");
    }
    OrderPlan plan = Change(facts.ledger, Event::Forget{{id}}, by);
    plan.ledger.electorate.erase(id);
    // `id` was one of the `at_least` checkers.
    plan.ledger.at_least = std::max(0, plan.ledger.at_least - 1);
    return plan;
  };
}

OrderRule MaintainRule(ShardChoice which, Maintenance maintenance, Micros length) {
  return [which = std::move(which), maintenance = std::move(maintenance),
          length](const OrderFacts& facts) -> Ruling {
    auto names = Choose(which, *facts.spec);
    if (!names) return Fail(names.error());
    const auto ours = [&](const std::string& name) {
      const auto there = OrderFor(facts.ledger, name);
      return there && there != OrderFor(*facts.before, name) && IsSame(*there, maintenance, length);
    };
    // The answer was lost, not the order.
    if (facts.before != nullptr && std::all_of(names->begin(), names->end(), ours)) {
      return AlreadySo();
    }
    Maintenance order = maintenance;
    order.undated = Undated{length, facts.next_version};
    Ledger ledger = facts.ledger;
    for (const std::string& name : *names) ledger.maintenance[name] = order;
    if (ledger.maintenance.size() > kMaxMaintained) {
      return Fail(ErrorCode::kTooLarge, std::to_string(ledger.maintenance.size()) +
                                            " shards would be under maintenance at once, at most " +
                                            std::to_string(kMaxMaintained) +
                                            " can be; a pause holds the flips of all shards");
    }
    return Change(
        std::move(ledger),
        Event::Maintenance{*std::move(names), maintenance.reason, maintenance.until, length},
        maintenance.by);
  };
}

OrderRule EndMaintenanceRule(ShardChoice which, std::string by) {
  return [which = std::move(which), by = std::move(by)](const OrderFacts& facts) -> Ruling {
    OrderFacts meant = facts;
    if (facts.before != nullptr) meant.ledger = *facts.before;
    auto names = ChooseMaintained(which, meant);
    if (!names) return Fail(names.error());
    // The order that we were to end has ended; the one there now is another operator's.
    std::erase_if(*names, [&](const std::string& name) {
      const auto now = facts.ledger.maintenance.find(name);
      return now == facts.ledger.maintenance.end() ||
             now->second != meant.ledger.maintenance.at(name);
    });
    if (names->empty()) return AlreadySo();
    Ledger ledger = facts.ledger;
    for (const std::string& name : *names) ledger.maintenance.erase(name);
    return Change(std::move(ledger), Event::MaintenanceOver{*std::move(names)}, by);
  };
}

Result<void> ValidateBy(const std::string& by) {
  return ValidateLine("who gives the order", by);
}

namespace {

Result<void> ValidateTimed(std::string_view what, Duration length, const std::string& by,
                           const std::string& reason) {
  if (auto valid = ValidateBy(by); !valid) return valid;
  if (auto valid = ValidateLine("the reason", reason); !valid) return valid;
  if (length == Duration::zero()) return {};
  if (length >= kMinPause && length <= kMaxPause) return {};
  return Fail(ErrorCode::kInvalid, std::string(what) + " lasts " + FormatDuration(kMinPause) +
                                       " .. " + FormatDuration(kMaxPause) +
                                       ", or until it is ended");
}

}  // namespace

Result<void> ValidatePause(const PauseOrder& order) {
  return ValidateTimed("a pause", order.length, order.by, order.reason);
}

Result<void> ValidateMaintenance(const MaintenanceOrder& order) {
  if (order.shards.all) {
    return Fail(ErrorCode::kInvalid,
                "maintenance is for some shards; a pause holds the flips of all of them");
  }
  if (auto valid = ValidateChoice(order.shards); !valid) return valid;
  return ValidateTimed("maintenance", order.length, order.by, order.reason);
}

Result<void> ValidateChoice(const ShardChoice& which) {
  const int ways =
      (which.names.empty() ? 0 : 1) + (which.host.empty() ? 0 : 1) + (which.all ? 1 : 0);
  if (ways == 1) return {};
  return Fail(ErrorCode::kInvalid, ways == 0 ? "no shard and no host is named"
                                             : "give names of shards, or a host, or all");
}

}  // namespace zkcluster
