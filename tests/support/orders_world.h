// Operators who give orders to a cluster without checkers, and shorthands. Each belongs
// to its world.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "admin/orders.h"
#include "tests/support/client_world.h"

namespace zkcluster::sim {

inline constexpr const char* kBy = "ann@ops1";

struct Ordering : ClientWorld {
  explicit Ordering(std::uint64_t seed = 1, bool created = true) : ClientWorld(seed) {
    if (created) REQUIRE(Create(one, TestSpec()));
  }

  Result<Ordered> Pause(Operator& who, PauseOrder order) {
    return Wait<Ordered>([&](auto done) { who.editor.Pause("sessions", order, done); });
  }
  Result<Ordered> Pause(Operator& who, const std::string& reason = "switch replaced") {
    return Pause(who, {std::chrono::minutes(30), kBy, reason});
  }
  Result<Ordered> Resume(Operator& who) {
    return Wait<Ordered>([&](auto done) { who.editor.Resume("sessions", kBy, done); });
  }
  Result<Ordered> Unfreeze(Operator& who, bool accept) {
    return Wait<Ordered>([&](auto done) { who.editor.Unfreeze("sessions", accept, kBy, done); });
  }
  Result<Ordered> Forget(Operator& who, const std::string& id) {
    return Wait<Ordered>([&](auto done) { who.editor.Forget("sessions", id, kBy, done); });
  }

  Result<Ordered> Maintain(Operator& who, ShardChoice which, const std::string& reason = "memory",
                           Duration length = std::chrono::minutes(30)) {
    const MaintenanceOrder order{std::move(which), length, kBy, reason};
    return Wait<Ordered>([&](auto done) { who.editor.Maintain("sessions", order, done); });
  }
  Result<Ordered> EndMaintenance(Operator& who, const ShardChoice& which) {
    return Wait<Ordered>(
        [&](auto done) { who.editor.EndMaintenance("sessions", which, kBy, done); });
  }

  void PutLedger(const Ledger& ledger) { ensemble.Put(paths.ledger(), EncodeLedger(ledger)); }
  [[nodiscard]] Ledger LedgerNow() const {
    const auto node = ensemble.Get(paths.ledger());
    REQUIRE(node);
    auto ledger = DecodeLedger(node->data);
    REQUIRE(ledger);
    DateOrders(*ledger, node->stat.version, node->stat.modified);
    return *ledger;
  }
  [[nodiscard]] std::vector<Event> Journal() const {
    std::vector<Event> events;
    for (const auto& name : ensemble.Children(paths.events())) {
      auto event = DecodeEvent(ensemble.Get(paths.events() + "/" + name)->data);
      REQUIRE(event);
      events.push_back(*event);
    }
    return events;
  }

  Operator one{world, ensemble};
  Operator two{world, ensemble};
};

inline Ledger Known() {
  Ledger ledger;
  ledger.electorate = {"c1", "c2", "c3"};
  ledger.penalties = {{"s1", {4, Micros(7)}}};
  return ledger;
}

inline Ledger Frozen() {
  Ledger ledger = Known();
  ledger.freeze = {true, Micros(5), 2, false, 0};
  return ledger;
}

inline Ledger Paused() {
  Ledger ledger = Known();
  ledger.pause = Pause{Micros(1), Micros(0), "bob@ops2", "move"};
  return ledger;
}

inline Ledger Maintained() {
  Ledger ledger = Known();
  ledger.maintenance = {{"s2", {Micros(1), Micros(0), "bob@ops2", "disk"}}};
  return ledger;
}

inline ErrorCode CodeOf(const Result<Ordered>& ordered) {
  REQUIRE_FALSE(ordered);
  return ordered.error().code;
}

inline std::string CandidateNode(const std::string& id) {
  return CandidatePrefix(id, std::string(32, 'a')) + "0000000001";
}

// Every order, on a ledger that allows each.
struct OrderCase {
  std::string name;
  Ledger ledger;
  std::function<Result<Ordered>(Ordering&, Operator&)> give;
  std::string_view kind;
};
inline std::vector<OrderCase> OrderCases() {
  return {
      {"pause", Known(), [](auto& w, auto& who) { return w.Pause(who); }, Event::Pause::kKind},
      {"resume", Paused(), [](auto& w, auto& who) { return w.Resume(who); }, Event::Resume::kKind},
      {"unfreeze", Frozen(), [](auto& w, auto& who) { return w.Unfreeze(who, false); },
       Event::Unfreeze::kKind},
      {"accept", Frozen(), [](auto& w, auto& who) { return w.Unfreeze(who, true); },
       Event::Unfreeze::kKind},
      {"forget", Known(), [](auto& w, auto& who) { return w.Forget(who, "c2"); },
       Event::Forget::kKind},
      {"maintain", Known(),
       [](auto& w, auto& who) {
         return w.Maintain(who, {{"s1", "s3"}});
       },
       Event::Maintenance::kKind},
      {"end maintenance", Maintained(),
       [](auto& w, auto& who) { return w.EndMaintenance(who, {{"s2"}}); },
       Event::MaintenanceOver::kKind},
  };
}

}  // namespace zkcluster::sim
