#include "client/orders.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "model/duration.h"
#include "model/utf8.h"

namespace zkcluster {
namespace {

using Ruling = Result<std::optional<OrderPlan>>;

// An electorate of a thousand is no sentence.
constexpr std::size_t kNamedIds = 20;

Ruling AlreadySo() {
  return std::optional<OrderPlan>();
}

OrderPlan Change(Ledger ledger, Event::Kind kind, std::string by) {
  OrderPlan plan{std::move(ledger), {}};
  plan.event.kind = kind;
  plan.event.by = std::move(by);
  return plan;
}

std::string Listed(const std::set<std::string>& ids) {
  if (ids.empty()) return "nobody";
  std::string text;
  std::size_t named = 0;
  for (const std::string& id : ids) {
    if (++named > kNamedIds)
      return text + " and " + std::to_string(ids.size() - kNamedIds) + " more";
    text += (text.empty() ? "" : ", ") + id;
  }
  return text;
}

Error UnknownId(const std::string& id, const Ledger& ledger) {
  std::string message =
      "no checker \"" + id + "\" in the electorate, which is " + Listed(ledger.electorate);
  if (ledger.at_least > static_cast<int>(ledger.electorate.size())) {
    // Its list was lost, and whoever has not come back since has no name to forget it by.
    message += "; its list was lost when it had " + std::to_string(ledger.at_least) +
               ": `checkers` in the spec says how many there are";
  }
  return {ErrorCode::kNotFound, std::move(message)};
}

Result<void> ValidateLine(std::string_view what, const std::string& text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  const std::string start(what);
  if (text.empty()) return Fail(ErrorCode::kInvalid, start + " is empty");
  if (text.size() > kMaxOrderText) {
    return Fail(ErrorCode::kInvalid,
                start + " is longer than " + std::to_string(kMaxOrderText) + " bytes");
  }
  if (!IsUtf8(text)) return Fail(ErrorCode::kInvalid, start + " is not UTF-8");
  if (std::any_of(text.begin(), text.end(), is_control)) {
    return Fail(ErrorCode::kInvalid, start + " contains a control character");
  }
  return {};
}

}  // namespace

OrderRule PauseRule(Pause pause) {
  return [pause = std::move(pause)](const OrderFacts& facts) -> Ruling {
    if (facts.ledger.pause == pause) return AlreadySo();
    OrderPlan plan = Change(facts.ledger, Event::Kind::kPause, pause.by);
    plan.ledger.pause = pause;
    plan.event.note = pause.reason;
    plan.event.until = pause.until;
    return plan;
  };
}

OrderRule ResumeRule(std::string by) {
  return [by = std::move(by)](const OrderFacts& facts) -> Ruling {
    // Not the pause that we were to end: that has ended, and this one is another's.
    if (facts.before != nullptr && facts.before->pause != facts.ledger.pause) return AlreadySo();
    if (!facts.ledger.pause) return Fail(ErrorCode::kNotFound, "it is not paused");
    OrderPlan plan = Change(facts.ledger, Event::Kind::kResume, by);
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
    OrderPlan plan = Change(facts.ledger, Event::Kind::kUnfreeze, by);
    if (accept) {
      // Only a leader knows how many deaths there are to accept.
      plan.ledger.freeze.accept = true;
      plan.event.note = "accepted";
    } else {
      plan.ledger.freeze = Freeze{};
    }
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
    OrderPlan plan = Change(facts.ledger, Event::Kind::kForget, by);
    plan.ledger.electorate.erase(id);
    // It was one of as many.
    plan.ledger.at_least = std::max(0, plan.ledger.at_least - 1);
    plan.event.ids = {id};
    return plan;
  };
}

Result<void> ValidateBy(const std::string& by) {
  return ValidateLine("who gives the order", by);
}

Result<void> ValidatePause(const PauseOrder& order) {
  if (auto valid = ValidateBy(order.by); !valid) return valid;
  if (auto valid = ValidateLine("the reason", order.reason); !valid) return valid;
  if (order.length == Duration::zero()) return {};
  if (order.length >= kMinPause && order.length <= kMaxPause) return {};
  return Fail(ErrorCode::kInvalid, "a pause lasts " + FormatDuration(kMinPause) + " .. " +
                                       FormatDuration(kMaxPause) + ", or until it is ended");
}

}  // namespace zkcluster
