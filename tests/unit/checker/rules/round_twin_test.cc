// A deliberately simple second leader: one shard and one ballot at a time, everything counted again
// for each question, nothing shared with the rules but their types. It and Conclude must agree on
// random rounds, word for word.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "model/settings.h"
#include "tests/unit/checker/rules/round_case.h"

namespace round_twin_test {

using namespace zkcluster;
using namespace zkcluster::rules_test;

namespace {

class DumbLeader {
 public:
  explicit DumbLeader(const RoundCase& from) : in_(from) { KeepSafeguards(); }

  Round Conclude() {
    Round round;
    round.hold = FindHold();
    Vote(round);
    round.decision.board = in_.board.board;
    round.decision.ledger = in_.ledger;
    round.decision.ledger.electorate = round.electorate.ids;
    if (in_.ledger.at_least <= static_cast<int>(round.electorate.ids.size())) {
      round.decision.ledger.at_least = 0;
    }
    for (std::size_t i = 0; i < Shards(); ++i) round.tallies.push_back(Count(i, round));
    Decide(round);
    Remember(round.decision);
    bool few = static_cast<int>(round.voters.size()) < round.electorate.quorum;
    for (std::size_t i = 0; i < Shards(); ++i) {
      const bool decided = round.tallies[i].outcome != Outcome::kNoQuorum;
      few = few || (in_.board.board.shards[i].lost() && !decided && round.tallies[i].first != 0);
    }
    const bool sighted = round.hold == Hold::kNone || round.hold == Hold::kPaused;
    const bool yields =
        round.hold == Hold::kGoCheckers && in_.head.has_value() && in_.board.unmirrored == 0;
    round.step = yields                               ? Round::Step::kYield
                 : !sighted                           ? Round::Step::kWait
                 : in_.last_hold == Hold::kGoCheckers ? Round::Step::kReload
                 : in_.board.unmirrored == 0          ? Round::Step::kCommit
                 : few                                ? Round::Step::kRefuse
                 : round.hold == Hold::kPaused        ? Round::Step::kKeep
                                                      : Round::Step::kCommit;
    round.checks_votes = in_.vote_refusals == 0 || in_.vote_refusals == 1;
    return round;
  }

 private:
  // As if the spec still had what the ledger remembers.
  void KeepSafeguards() {
    if (in_.spec_from_one_write || !in_.ledger.safeguards) return;
    const Safeguards& kept = *in_.ledger.safeguards;
    if (!in_.spec.checkers && kept.checkers) lost_.insert("checkers");
    if (!in_.spec.checkers) in_.spec.checkers = kept.checkers;
    if (!in_.spec.quorum && kept.quorum) lost_.insert("quorum");
    if (!in_.spec.quorum) in_.spec.quorum = kept.quorum;
    if (!in_.spec.min_racks && kept.min_racks) lost_.insert("min_racks");
    if (!in_.spec.min_racks) in_.spec.min_racks = kept.min_racks;
    if (!in_.spec.max_dead_fraction && kept.max_dead_fraction) lost_.insert("max_dead_fraction");
    if (!in_.spec.max_dead_fraction) in_.spec.max_dead_fraction = kept.max_dead_fraction;
  }
  void Remember(Decision& decision) const {
    const ClusterSpec& spec = in_.spec;
    Safeguards now{spec.checkers, spec.quorum, spec.min_racks, spec.max_dead_fraction, lost_, ""};
    decision.ledger.safeguards = std::nullopt;
    if (now.any()) decision.ledger.safeguards = now;
    std::vector<std::string> reported;
    for (const std::string& key : lost_) {
      if (in_.ledger.safeguards->lost.count(key) > 0) continue;
      const SettingValue value = GetSetting(spec, *FindSetting(key));
      reported.push_back(key + "=" + FormatSetting(value));
    }
    if (!reported.empty()) decision.changes.insert(decision.changes.begin(), KeysLost{reported});
  }
  [[nodiscard]] std::size_t Shards() const { return in_.spec.shards.size(); }
  [[nodiscard]] static bool Over(Micros until, Micros now) {
    return until.count() != 0 && until <= now;
  }

  [[nodiscard]] Hold FindHold() const {
    for (const auto& name : in_.go_voters) {
      if (name.substr(0, 2) == "n_") return Hold::kGoCheckers;
    }
    const bool newer = in_.head && in_.head->spec.shards_zxid > in_.spec_id.shards_zxid;
    if (newer && !in_.spec_is_current) return Hold::kBehindStatus;
    if (in_.ledger.pause && !Over(in_.ledger.pause->until, in_.wall)) return Hold::kPaused;
    return Hold::kNone;
  }

  void Vote(Round& round) const {
    auto& electorate = round.electorate;
    electorate.ids = in_.ledger.electorate;
    std::vector<std::string> seen(in_.candidates.begin(), in_.candidates.end());
    for (const auto& [id, ballot] : in_.ballots) seen.push_back(id);
    for (const auto& id : seen) {
      if (electorate.ids.count(id) == 0) round.learned.push_back(id);
      electorate.ids.insert(id);
    }
    for (const auto& [id, ballot] : in_.ballots) {
      if (ballot.spec == in_.spec_id) round.voters.insert(id);
    }
    electorate.size = static_cast<int>(electorate.ids.size());
    if (electorate.size < in_.ledger.at_least) electorate.size = in_.ledger.at_least;
    if (in_.spec.checkers) electorate.size = *in_.spec.checkers;
    if (electorate.size < static_cast<int>(round.voters.size())) {
      electorate.size = static_cast<int>(round.voters.size());
    }
    electorate.quorum = 1;
    while (2 * electorate.quorum <= electorate.size) ++electorate.quorum;
    if (in_.spec.quorum) electorate.quorum = *in_.spec.quorum;
    electorate.min_racks = in_.spec.min_racks ? *in_.spec.min_racks : 1;
  }

  [[nodiscard]] bool NeverDecided(std::size_t shard) const {
    const ShardState& row = in_.board.board.shards[shard];
    return row.status == ShardStatus::kUnknown && row.reason != Reason::kLost;
  }
  [[nodiscard]] ServerTally Count(std::size_t shard, const Round& round) const {
    ServerTally tally;
    std::set<std::string> racks;
    std::set<Reason> reasons;
    for (const auto& [id, ballot] : in_.ballots) {
      if (ballot.spec != in_.spec_id || ballot.votes.size() != Shards()) continue;
      const auto& vote = ballot.votes[shard];
      const bool dies = vote.opinion == Opinion::kDead || (vote.first && NeverDecided(shard));
      if (vote.opinion == Opinion::kAlive) ++tally.counts.alive;
      if (vote.opinion == Opinion::kUnknown && !dies) ++tally.counts.unknown;
      if (vote.first && !dies) ++tally.first;
      if (!dies) continue;
      ++tally.counts.dead;
      racks.insert(ballot.rack);
      reasons.insert(vote.reason);
    }
    if (reasons.size() == 1) tally.reason = *reasons.begin();
    if (reasons.size() > 1) tally.reason = Reason::kMixed;
    tally.dead_racks = static_cast<int>(racks.size());
    const int quorum = round.electorate.quorum;
    const int unknown = tally.counts.unknown - tally.first;
    tally.too_few = tally.counts.alive + tally.counts.dead + unknown < quorum;
    const bool alive = tally.counts.alive >= quorum;
    const bool dead = tally.counts.dead >= quorum && tally.dead_racks >= round.electorate.min_racks;
    if (alive && !dead) tally.outcome = Outcome::kAlive;
    if (dead && !alive) tally.outcome = Outcome::kDead;
    return tally;
  }

  [[nodiscard]] bool Maintained(std::size_t shard) const {
    for (const auto& [name, order] : in_.ledger.maintenance) {
      if (name == in_.spec.shards[shard].name && !Over(order.until, in_.wall)) return true;
    }
    return false;
  }
  [[nodiscard]] static ShardStatus Wanted(const ServerTally& tally, ShardStatus now) {
    if (tally.outcome == Outcome::kAlive) return ShardStatus::kAlive;
    return tally.outcome == Outcome::kDead ? ShardStatus::kDead : now;
  }

  void Decide(Round& round) {
    Decision& decision = round.decision;
    date_ = in_.wall;
    if (in_.board.from_elsewhere && date_ <= in_.board.newest_since) {
      date_ = in_.board.newest_since + Micros(1);
    }
    const bool held = round.hold != Hold::kNone;
    std::size_t new_deaths = 0;
    std::size_t unheard = 0;
    for (std::size_t i = 0; i < Shards(); ++i) {
      const ShardStatus now = in_.board.board.shards[i].status;
      ShardStatus next = Wanted(round.tallies[i], now);
      if (round.tallies[i].outcome == Outcome::kNoQuorum) ++decision.without_quorum;
      if (next != now && Maintained(i)) {
        decision.maintained.push_back(in_.spec.shards[i].name);
        next = now;
      }
      if (next == ShardStatus::kDead) ++decision.would_be_dead;
      if (next == ShardStatus::kDead && now != ShardStatus::kDead) ++new_deaths;
      if (next != ShardStatus::kDead && round.tallies[i].too_few) ++unheard;
    }
    if (!held) EndOrders(decision);
    if (!held || in_.ledger.freeze.accept) MoveFreeze(decision, new_deaths, unheard);
    for (auto& row : decision.board.shards) {
      if (row.lost() && row.since.count() == 0) row.since = date_;
      if (!in_.ledger.redate || row.since <= in_.wall) continue;
      row.since = in_.wall;
      ++decision.redated;
    }
    decision.ledger.redate = false;
    if (!held) Flip(round);
  }

  void EndOrders(Decision& decision) const {
    if (decision.ledger.pause) decision.changes.emplace_back(PauseOver());
    decision.ledger.pause = std::nullopt;
    MaintenanceOver over;
    for (const auto& [name, order] : in_.ledger.maintenance) {
      bool exists = false;
      for (const auto& shard : in_.spec.shards) exists = exists || shard.name == name;
      if (exists && !Over(order.until, in_.wall)) continue;
      over.shards.push_back(name);
      decision.ledger.maintenance.erase(name);
    }
    if (!over.shards.empty()) decision.changes.emplace_back(over);
  }

  void MoveFreeze(Decision& decision, std::size_t new_deaths, std::size_t unheard) const {
    Freeze& freeze = decision.ledger.freeze;
    const bool was_frozen = freeze.frozen;
    if (!in_.spec.max_dead_fraction || *in_.spec.max_dead_fraction >= 1) {
      freeze = Freeze();
      if (was_frozen) decision.changes.emplace_back(FreezeEnded{decision.would_be_dead});
      return;
    }
    const std::size_t dead = decision.would_be_dead;
    std::size_t allowed = 1;  // the most that are not above the fraction
    while (static_cast<double>(allowed + 1) <=
           *in_.spec.max_dead_fraction * static_cast<double>(Shards()) + 1e-9) {
      ++allowed;
    }
    std::size_t thaw = 1;  // the least that is not below three quarters of it
    while (static_cast<double>(thaw) <
           0.75 * *in_.spec.max_dead_fraction * static_cast<double>(Shards()) - 1e-9) {
      ++thaw;
    }
    if (freeze.accept && (unheard == 0 || dead > allowed)) {
      freeze.accept = false;
      freeze.frozen = false;
      freeze.accepted = static_cast<int>(dead);
    }
    if (dead + unheard < std::min(thaw, allowed)) {
      if (freeze.frozen) decision.changes.emplace_back(FreezeEnded{dead});
      freeze = Freeze();
      return;
    }
    const bool too_many = dead > allowed && static_cast<int>(dead) > freeze.accepted;
    if (freeze.frozen || new_deaths == 0 || !too_many) return;
    freeze = {true, date_, static_cast<int>(dead), freeze.accept, 0};
    decision.changes.emplace_back(FreezeBegan{dead});
  }

  void Flip(Round& round) const {
    Decision& decision = round.decision;
    bool flips = false;
    for (std::size_t i = 0; i < Shards(); ++i) {
      const ShardState now = decision.board.shards[i];
      const ServerTally& tally = round.tallies[i];
      const ShardStatus next = Maintained(i) ? now.status : Wanted(tally, now.status);
      if (next == now.status) continue;
      if (next == ShardStatus::kDead && decision.ledger.freeze.frozen) {
        ++decision.held_deaths;
        continue;
      }
      flips = true;
      const auto& name = in_.spec.shards[i].name;
      const Reason reason = next == ShardStatus::kDead ? tally.reason : Reason::kNone;
      decision.changes.emplace_back(
          zkcluster::Flip{name, in_.spec.shards[i].addr, now.status, next, reason, tally.counts});
      Micros since = now.since + Micros(1);
      if (since < date_) since = date_;
      decision.board.shards[i] = {next, since, reason, tally.counts};
      Owe(decision.ledger.penalties, name, now, next, reason);
    }
    if (flips) Forgive(decision);
  }

  // A step is half of it, and takes ten thresholds of life.
  [[nodiscard]] int Left(const Penalty& penalty, Duration lived) const {
    int left = penalty.required;
    for (; lived >= 10 * in_.threshold && left > 0; lived -= 10 * in_.threshold) left /= 2;
    return left;
  }
  [[nodiscard]] int Grown(const Penalty& penalty, Reason reason) const {
    Duration lived = date_ - penalty.since;
    lived -= reason == Reason::kRefused ? in_.refused_threshold : in_.threshold;
    const int left = Left(penalty, lived);
    if (left == 0) return 1;
    int asked = 2 * left;
    int whole = 1;  // good probes that take a threshold
    while ((whole - 1) * in_.interval < in_.threshold) ++whole;
    if (lived < in_.threshold && asked < whole) asked = whole;
    const int most = static_cast<int>(10 * in_.threshold / in_.interval);
    return asked > most ? most : asked;
  }
  void Owe(std::map<std::string, Penalty>& penalties, const std::string& name,
           const ShardState& from, ShardStatus to, Reason reason) const {
    const bool known = penalties.count(name) > 0;
    if (to == ShardStatus::kDead && known) {
      Penalty& penalty = penalties[name];
      const int asked =
          from.status == ShardStatus::kAlive ? Grown(penalty, reason) : penalty.required;
      if (asked == 1 && from.status == ShardStatus::kAlive) penalty.deaths = 0;
      if (penalty.deaths == 0) penalty.first = date_;
      penalty.required = asked;
      penalty.deaths += 1;
      penalty.since = date_;
      penalty.died = date_;
    }
    if (to == ShardStatus::kAlive && known) penalties[name].since = date_;
    if (to == ShardStatus::kAlive && !known && from.status == ShardStatus::kDead) {
      penalties[name] = {1, date_, 1, from.since, from.since, ""};
    }
  }
  void Forgive(Decision& decision) const {
    std::map<std::string, Penalty> kept;
    for (std::size_t i = 0; i < Shards(); ++i) {
      const auto& name = in_.spec.shards[i].name;
      if (decision.ledger.penalties.count(name) == 0) continue;
      const Penalty penalty = decision.ledger.penalties[name];
      const bool alive = decision.board.shards[i].status == ShardStatus::kAlive;
      if (alive ? Left(penalty, date_ - penalty.since) > 0 : penalty.required > 1) {
        kept[name] = penalty;
      }
    }
    decision.ledger.penalties = kept;
  }

  RoundCase in_;
  std::set<std::string> lost_;
  Micros date_{0};
};

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  int Below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  bool OneIn(int n) { return Below(n) == 0; }
  std::string Pick(const std::string& letters, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      text += letters[static_cast<std::size_t>(Below(static_cast<int>(letters.size())))];
    }
    return text;
  }

 private:
  std::mt19937 random_;
};

// A round in the words of the files, so that a failure is a line to keep.
std::string RandomRound(Dice& dice) {
  const int shards = 1 + dice.Below(6);
  const int checkers = 1 + dice.Below(5);
  std::string line = "board=" + dice.Pick(dice.OneIn(4) ? "AD-?!" : "AAD", shards);
  const auto number = [](int n) { return std::to_string(n); };
  const auto maybe = [&](int n, const std::string& word) {
    if (dice.OneIn(n)) line += " " + word;
  };
  const auto shard = [&] { return "s" + number(dice.Below(shards + 1)); };
  maybe(2, "checkers=" + number(1 + dice.Below(6)));
  maybe(5, "quorum=" + number(1 + dice.Below(4)));
  maybe(4, "min_racks=" + number(1 + dice.Below(3)));
  maybe(2, "max_dead=0." + number(1 + dice.Below(9)));
  maybe(8, "bad_spec");
  maybe(4, "in_pieces");
  maybe(3, "remembered=quorum:" + number(1 + dice.Below(4)) + ",max_dead:0." +
               number(1 + dice.Below(9)) + (dice.OneIn(2) ? "" : ",checkers:4,min_racks:2") +
               (dice.OneIn(2) ? "" : ",lost:quorum"));
  maybe(3, "head=" + number(76 + dice.Below(3)));
  maybe(2, "known=c1,c2,c" + number(3 + dice.Below(4)));
  maybe(5, "at_least=" + number(dice.Below(7)));
  maybe(2, "registered=c1,c" + number(2 + dice.Below(4)));
  static const std::vector<std::string> freezes = {"frozen@900:3", "accept@900:3", "accepted:3"};
  maybe(3, "freeze=" + freezes[static_cast<std::size_t>(dice.Below(3))]);
  maybe(6, std::string("pause=") + (dice.OneIn(2) ? "" : number(998 + dice.Below(4))));
  maybe(4, "under=" + shard() + "@" + number(998 + dice.Below(4)) + ",s0");
  maybe(3, "owes=" + shard() + ":" + number(1 + dice.Below(20)) + "@" +
               number(dice.OneIn(2) ? 980 + dice.Below(25) : 850 + dice.Below(150)));
  maybe(12, "go=" + std::string(dice.OneIn(2) ? "n_1" : "lock"));
  maybe(12, "after_go");
  maybe(4, "newest=" + number(dice.OneIn(2) ? 500 : 1500));
  maybe(6, "wall=" + number(dice.Below(1100)));
  maybe(6, "refusals=" + number(dice.Below(4)));
  maybe(5, "redate");
  // Votes agree more often than by chance, or little would flip.
  const std::string truth = dice.Pick("at", shards);
  for (int c = 1; c <= checkers; ++c) {
    if (dice.OneIn(6)) continue;
    std::string votes = truth;
    for (char& vote : votes) {
      if (dice.OneIn(5)) vote = dice.Pick("atruf-", 1)[0];
    }
    if (dice.OneIn(15)) votes += "a";
    if (dice.OneIn(15)) votes += "/old";
    line +=
        " c" + number(c) + (dice.OneIn(3) ? "" : "@r" + number(1 + dice.Below(3))) + ":" + votes;
  }
  return line;
}

}  // namespace

TEST_CASE("round: a dumb second leader concludes the same on random rounds") {
  Dice dice(20261130);
  std::map<std::string, int> seen;
  for (int n = 0; n < 30'000; ++n) {
    const std::string line = RandomRound(dice);
    const RoundCase from = ParseRound(line);
    const Round round = Conclude(from.Input());
    const Round dumb = DumbLeader(from).Conclude();
    const std::string text = Describe(from, round);
    INFO(line);
    REQUIRE(text == Describe(from, dumb));
    REQUIRE(round.tallies == dumb.tallies);
    REQUIRE(round.electorate == dumb.electorate);
    REQUIRE(round.voters == dumb.voters);
    REQUIRE(round.decision.board == dumb.decision.board);
    REQUIRE(round.decision.ledger == dumb.decision.ledger);
    REQUIRE(round.decision.changes == dumb.decision.changes);
    for (const auto& [key, value] : SplitWords(text)) ++seen[key.substr(0, key.find('('))];
  }
  // Every step and every change occurred, and often enough.
  for (const char* word : {"wait", "yield", "keys_lost", "reload", "refuse", "keep", "commit",
                           "pause_over", "maintenance_over", "freeze_began", "freeze_ended",
                           "dated", "held", "maintained", "owes", "votes_unchecked", "learned"}) {
    CAPTURE(word);
    CHECK(seen[word] > 100);
  }
}

}  // namespace round_twin_test
