#include "tests/history/ledger_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace zkcluster::history {
namespace {

using Ids = std::set<std::string>;

Ids Without(const Ids& from, const Ids& what) {
  Ids rest;
  std::set_difference(from.begin(), from.end(), what.begin(), what.end(),
                      std::inserter(rest, rest.end()));
  return rest;
}

std::string Text(const Ids& ids) {
  return fmt::format("{}", fmt::join(ids, " "));
}

class LedgerJudge {
 public:
  LedgerJudge(const CommitFacts& facts, const RowChanges& changes, const Ledger& now,
              const ReportFunction& report)
      : facts_(facts), changes_(changes), now_(now), report_(report) {}

  void Judge() {
    JudgeElectorate();
    JudgeSize();
    JudgePause();
    JudgeMaintenance();
    JudgeFreeze();
    JudgeSafeguards();
    if (facts_.LedgerBefore()) JudgePenalties(*facts_.LedgerBefore());
  }

 private:
  void JudgeElectorate() {
    const auto& was = facts_.LedgerBefore();
    const Ids before = was ? was->electorate : Ids{};
    const Ids lost = Without(before, now_.electorate);
    const Ids learned = Without(now_.electorate, before);
    if (!lost.empty()) report_("ledger", "the electorate lost " + Text(lost));
    for (const auto& id : learned) {
      if (!facts_.seen.contains(id)) {
        report_("ledger", "learned " + id + ", which never had a candidate or a ballot");
      }
    }
    if (const auto& strangers = facts_.box.strangers(); !strangers.empty()) {
      report_("ledger", fmt::format("counted {}, not of the electorate", strangers.front()));
    }
    const auto* const event = facts_.Find<Event::Electorate>();
    const Ids reported = event != nullptr ? Ids(event->ids.begin(), event->ids.end()) : Ids{};
    // The leader may still know ids of a lost ledger; the journal recorded those before.
    const bool lost_reported = !was && Without(reported, learned).empty();
    if (reported != learned && lost_reported) ++facts_.excuses[Excuse::kLedgerLost];
    if (reported != learned && !lost_reported) {
      report_("journal", fmt::format("records as learned [{}], the ledger [{}]", Text(reported),
                                     Text(learned)));
    }
  }

  // After a lost list the checkers that are present must not become the electorate.
  void JudgeSize() {
    const auto& was = facts_.LedgerBefore();
    const auto& head = facts_.HeadBefore();
    const int wanted = was ? was->at_least : head ? head->electorate : 0;
    const int known = static_cast<int>(now_.electorate.size());
    if (wanted > 0 && known < wanted && now_.at_least < wanted) {
      report_("ledger", fmt::format("an electorate of at least {} became {} ids and AtLeast {}",
                                    wanted, known, now_.at_least));
    }
  }

  // Those in force: what a writer of single znodes has dropped is remembered.
  void JudgeSafeguards() {
    const auto& was = facts_.LedgerBefore();
    if (!now_.safeguards && (!was || !was->safeguards)) return;
    const Safeguards is = now_.safeguards.value_or(Safeguards{});
    const ClusterSpec& spec = *facts_.spec.spec;
    if (!SafeguardsFit(is, spec)) {
      report_("ledger", "the safeguards in the ledger are not those in force");
    }
    const Ids lost_before = was && was->safeguards ? was->safeguards->lost : Ids{};
    const bool reports = facts_.Find<Event::KeysLost>() != nullptr;
    const bool loses = !Without(is.lost, lost_before).empty();
    if (was && loses != reports)
      report_("journal", "reports lost safeguards, or not, and is wrong");
  }

  // A leader ends at its next decision what has ended by itself. Its view of the ensemble's clock is
  // late by no more than the answer to its take-over was.
  template <class Order>
  void JudgeLength(const Order& order, const char* invariant, const std::string& what) {
    constexpr Micros kLate = std::chrono::seconds(30);
    const bool decides = facts_.go_voter.empty();
    if (!decides || !IsOver(order, facts_.stamp - kLate)) return;
    report_(invariant,
            fmt::format("a commit at {} leaves the order for {} there, which ended at {}",
                        facts_.stamp.count(), what, order.until.count()));
  }

  void JudgePause() {
    const auto& was = facts_.LedgerBefore();
    if (now_.pause) JudgeLength(*now_.pause, "pause", "it");
    if (!was || was->pause == now_.pause) return;
    if (!was->pause) return report_("pause", "a leader paused its cluster");
    if (now_.pause) return report_("pause", "a leader changed an operator's pause");
    const Event* const event = facts_.FindEvent<Event::Resume>();
    if (event == nullptr) return report_("pause", "ended, and the journal does not record it");
    if (!facts_.WasOver(*was->pause)) {
      report_("pause", fmt::format("ended at {}, ordered until {}", facts_.stamp.count(),
                                   was->pause->until.count()));
    }
  }

  void JudgeMaintenance() {
    const auto& was = facts_.LedgerBefore();
    if (!was) return;
    Ids reported;
    const Event* const event = facts_.FindEvent<Event::MaintenanceOver>();
    if (const auto* const over = facts_.Find<Event::MaintenanceOver>()) {
      reported.insert(over->shards.begin(), over->shards.end());
    }
    Ids ended;
    for (const auto& [shard, order] : was->maintenance) {
      const auto current = now_.maintenance.find(shard);
      if (current == now_.maintenance.end()) {
        ended.insert(shard);
        JudgeEnd(shard, order, event);
      } else if (current->second != order) {
        report_("maintenance", "a leader changed an operator's order for " + shard);
      }
    }
    for (const auto& [shard, order] : now_.maintenance) {
      // A pause holds back the ends of maintenance, too.
      if (!now_.pause) JudgeLength(order, "maintenance", shard);
      if (!was->maintenance.contains(shard)) {
        report_("maintenance", "a leader put " + shard + " under maintenance");
      }
    }
    if (ended != reported) {
      report_("journal", fmt::format("records the end of maintenance of [{}], the ledger of [{}]",
                                     Text(reported), Text(ended)));
    }
  }

  // An order ends at its time, or when its shard leaves the spec.
  void JudgeEnd(const std::string& shard, const Maintenance& order, const Event* event) {
    const auto& shards = facts_.spec.spec->shards;
    const bool exists = std::any_of(shards.begin(), shards.end(),
                                    [&](const auto& each) { return each.name == shard; });
    // (A missing event is a violation of the journal, reported elsewhere.)
    if (event == nullptr || facts_.WasOver(order)) return;
    if (!exists) {
      ++facts_.excuses[Excuse::kMaintainedShardLeft];
      return;
    }
    report_("maintenance", fmt::format("of {} ended at {}, ordered until {}", shard,
                                       facts_.stamp.count(), order.until.count()));
  }

  // Without a fraction, or with 1, there is no freeze.
  [[nodiscard]] double Fraction() const { return facts_.spec.spec->max_dead_fraction.value_or(1); }
  [[nodiscard]] std::size_t Dead() const {
    std::size_t dead = 0;
    for (std::size_t i = 0; i < facts_.spec.spec->shards.size(); ++i) {
      dead += facts_.after.RowOf(i).status == ShardStatus::kDead ? 1 : 0;
    }
    return dead;
  }

  // How many shards might be dead with the current ballots, held back or not.
  [[nodiscard]] std::size_t MostDead() const {
    std::size_t dead = 0;
    for (std::size_t i = 0; i < facts_.spec.spec->shards.size(); ++i) {
      const bool undecided = facts_.after.RowOf(i) == ShardState{};
      const bool dies = facts_.box.Covers(facts_.box.CountOf(i, undecided), ShardStatus::kDead);
      dead += dies || facts_.after.RowOf(i).status == ShardStatus::kDead ? 1 : 0;
    }
    return dead;
  }
  // How many shards that are not dead have fewer votes than a quorum.
  [[nodiscard]] std::size_t TooFewVotes() const {
    std::size_t undecided = 0;
    for (std::size_t i = 0; i < facts_.spec.spec->shards.size(); ++i) {
      if (facts_.after.RowOf(i).status == ShardStatus::kDead) continue;
      const bool never = facts_.after.RowOf(i) == ShardState{};
      const auto count = facts_.box.CountOf(i, never);
      const int most = count.alive.most + count.dead.most + count.unknown.most - count.first;
      undecided += most < facts_.box.quorum().least ? 1 : 0;
    }
    return undecided;
  }

  // The journal records what a leader did; an operator's order has an event of its own.
  void JudgeFreezeReport(const Freeze& was) {
    const Freeze& is = now_.freeze;
    const bool began = !was.frozen && is.frozen;
    const bool ended = was.frozen && !is.frozen;
    if (began != (facts_.FindEvent<Event::Freeze>() != nullptr)) {
      report_("journal", began ? "does not record a freeze" : "records a freeze that is none");
    }
    // The operator's event records an accepted freeze; but a change of the spec may end it first.
    const bool reported = facts_.FindEvent<Event::Unfreeze>() != nullptr;
    const bool accepted = ended && was.accept;
    if (ended != reported && accepted) ++facts_.excuses[Excuse::kAcceptedFreeze];
    if (ended != reported && !accepted) {
      report_("journal", ended ? "does not record the end of a freeze"
                               : "records the end of a freeze that is none");
    }
    const bool taken = was.accept && !is.accept;
    if (is.accepted > was.accepted && !taken) {
      report_("freeze", fmt::format("a leader accepted {} deaths by itself", is.accepted));
    } else if (taken && is.accepted > 0 && static_cast<std::size_t>(is.accepted) > MostDead()) {
      report_("freeze",
              fmt::format("accepted {} deaths, and {} would be dead", is.accepted, MostDead()));
    }
  }

  void JudgeFreeze() {
    if (facts_.LedgerBefore()) JudgeFreezeReport(facts_.LedgerBefore()->freeze);
    const auto deaths = std::count_if(changes_.begin(), changes_.end(), [](const auto& change) {
      return change.flips() && change.to.status == ShardStatus::kDead;
    });
    if (deaths > 0 && now_.freeze.frozen) {
      return report_("freeze", fmt::format("{} flips to dead while frozen", deaths));
    }
    if (Fraction() >= 1) return;
    const auto& was = facts_.LedgerBefore();
    const bool was_frozen = was && was->freeze.frozen;
    const bool accepts = was && was->freeze.accept;
    const auto all = static_cast<double>(facts_.spec.spec->shards.size());
    if (was_frozen && !now_.freeze.frozen && !accepts) {
      // One dead shard is always allowed.
      const double bound = std::max(1.0, 0.75 * Fraction() * all);
      const auto dead = static_cast<double>(Dead() + TooFewVotes());
      if (dead >= bound + 1e-6) {
        report_("freeze", fmt::format("ended with {} of {} shards dead or without a quorum of "
                                      "votes: its lower bound is {}",
                                      dead, all, bound));
      }
    }
    if (deaths == 0 || now_.freeze.frozen) return;
    const double allowed =
        std::max({1.0, Fraction() * all + 1e-6, static_cast<double>(now_.freeze.accepted)});
    if (static_cast<double>(Dead()) > allowed) {
      report_("freeze", fmt::format("{} flips to dead make {} of {} shards dead: allowed are {}",
                                    deaths, Dead(), all, std::floor(allowed)));
    }
  }

  void JudgePenalties(const Ledger& was) {
    std::set<std::string_view> flipped;
    for (const auto& change : changes_) {
      if (change.flips()) flipped.insert(facts_.spec.spec->shards[change.shard].name);
    }
    if (flipped.empty()) {
      if (was.penalties != now_.penalties) {
        report_("ledger", "penalties moved, and nothing flipped");
      }
      return;
    }
    // From 500 penalties on, some are forgiven early.
    const bool many = was.penalties.size() >= 500 || now_.penalties.size() >= 500;
    const auto wrong = [&](std::string text) {
      if (!many) return report_("ledger", std::move(text));
      ++facts_.excuses[Excuse::kManyPenalties];
    };
    for (const auto& change : changes_) JudgeReturn(change, wrong);
    for (std::size_t i = 0; i < facts_.spec.spec->shards.size(); ++i) {
      const std::string& name = facts_.spec.spec->shards[i].name;
      const auto owed = was.penalties.find(name);
      if (owed == was.penalties.end() || owed->second.required <= 1 || flipped.contains(name))
        continue;
      if (facts_.after.RowOf(i).status != ShardStatus::kDead) continue;  // paid back while alive
      const auto owes = now_.penalties.find(name);
      if (owes == now_.penalties.end() || !(owes->second == owed->second)) {
        wrong(fmt::format("dead shard {} owed {} good probes, and no longer does", name,
                          owed->second.required));
      }
    }
  }

  // A shard that returns from dead has a penalty for the next time.
  template <class Wrong>
  void JudgeReturn(const RowChange& change, const Wrong& wrong) {
    const auto& [shard, from, to] = change;
    const std::string& name = facts_.spec.spec->shards[shard].name;
    const bool returns = from.status == ShardStatus::kDead && to.status == ShardStatus::kAlive;
    if (!returns || now_.penalties.contains(name)) return;
    // A leader that does not know the list knows no death in it.
    const bool known = facts_.HeadBefore() &&
                       facts_.HeadBefore()->spec.shards_zxid == facts_.head.spec.shards_zxid;
    if (known) return wrong(name + " returned from dead without a penalty");
    ++facts_.excuses[Excuse::kReturnOnNewList];
  }

  const CommitFacts& facts_;
  const RowChanges& changes_;
  const Ledger& now_;
  const ReportFunction& report_;
};

}  // namespace

bool SafeguardsFit(const Safeguards& safeguards, const ClusterSpec& spec) {
  return safeguards.checkers == spec.checkers && safeguards.quorum == spec.quorum &&
         safeguards.min_racks == spec.min_racks &&
         safeguards.max_dead_fraction == spec.max_dead_fraction;
}

void JudgeLedger(const CommitFacts& facts, const RowChanges& changes,
                 const ReportFunction& report) {
  const auto& now = facts.after.ledger.value;
  if (!now) {
    return report("ledger", facts.after.ledger.exists ? "a commit leaves it undecodable"
                                                      : "a commit leaves none");
  }
  LedgerJudge(facts, changes, *now, report).Judge();
}

void JudgeOperator(const std::optional<Ledger>& was, const std::optional<Ledger>& now,
                   const std::vector<Event>& events, const ReportFunction& report) {
  if (!was || !now) return;
  Ids forgotten;
  for (const Event& event : events) {
    if (const auto* const forget = event.As<Event::Forget>()) {
      forgotten.insert(forget->ids.begin(), forget->ids.end());
    }
  }
  if (const Ids lost = Without(Without(was->electorate, now->electorate), forgotten);
      !lost.empty()) {
    report("ledger", fmt::format("an operator's transaction lost {}, its order forgets [{}]",
                                 Text(lost), Text(forgotten)));
  }
  if (was->penalties != now->penalties) {
    report("ledger", "an operator's transaction changed penalties");
  }
}

}  // namespace zkcluster::history
