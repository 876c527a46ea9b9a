// Which ballots contradict all others, and what a count without them says.
#include "checker/rules/outlier.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "checker/rules/dispute.h"
#include "checker/rules/round.h"
#include "checker/rules/tally.h"

namespace outlier_test {

using namespace zkcluster;

namespace {

constexpr SpecId kSpec{7, 70};

// "AADU.": alive, alive, dead, unknown, not probed.
Ballot MakeBallot(const std::string& votes, Reason reason = Reason::kTimeout) {
  Ballot ballot;
  ballot.spec = kSpec;
  ballot.writes = 1;
  for (const char c : votes) {
    const Opinion opinion = c == 'A'   ? Opinion::kAlive
                            : c == 'D' ? Opinion::kDead
                            : c == 'U' ? Opinion::kUnknown
                                       : Opinion::kNotProbed;
    const bool why = opinion == Opinion::kDead || opinion == Opinion::kUnknown;
    ballot.votes.push_back({opinion, why ? reason : Reason::kNone});
  }
  return ballot;
}

Ballots MakeBallots(const std::vector<std::string>& votes) {
  Ballots ballots;
  for (const std::string& each : votes) {
    ballots.emplace("c" + std::to_string(ballots.size() + 1), MakeBallot(each));
  }
  return ballots;
}

Electorate MakeVoters(const Ballots& ballots) {
  Electorate electorate;
  for (const auto& [id, ballot] : ballots) electorate.ids.insert(id);
  electorate.size = static_cast<int>(ballots.size());
  electorate.quorum = electorate.size / 2 + 1;
  return electorate;
}

std::string Outliers(const std::vector<std::string>& votes) {
  const Ballots ballots = MakeBallots(votes);
  std::string found;
  for (const std::string& id :
       FindOutliers(ballots, MakeVoters(ballots), kSpec, votes.front().size())) {
    found += (found.empty() ? "" : " ") + id;
  }
  return found;
}

}  // namespace

TEST_CASE("outlier: one that alone calls many living servers dead, or cannot tell") {
  struct Case {
    const char* what;
    std::vector<std::string> votes;
    const char* outliers;
  };
  const std::vector<Case> cases = {
      {"nobody contradicts", {"AAD", "AAD", "AAD"}, ""},
      {"dead alone on two of three", {"AAA", "AAA", "ADD"}, "c3"},
      {"unknown alone", {"AAAA", "UUAA", "AAAA"}, "c2"},
      {"dead on one, unknown on another", {"AAA", "AAA", "UDA"}, "c3"},
      {"one server alone may be out of its reach", {"AAA", "AAA", "AAD"}, ""},
      {"a cluster of one server says nothing", {"A", "A", "D"}, ""},
      {"two others have to agree", {"AAA", "DDD"}, ""},
      {"silence does not agree", {"AAA", "...", "DDD"}, ""},
      {"two that are blind at once contradict each other's others", {"AAA", "DDD", "DDD"}, ""},
      {"of five, two say dead", {"AAA", "AAA", "AAA", "DDD", "DDD"}, ""},
      {"of five, one says dead, one cannot tell", {"AAA", "AAA", "AAA", "DDD", "UUU"}, "c4"},
      {"a real death that all see does not hide it", {"DAAA", "DAAA", "DDDD"}, "c3"},
      {"others that disagree elsewhere do not hide it", {"DAAA", "AAAA", "ADDA"}, "c3"},
      {"late to see deaths: harmless, so it counts", {"DDD", "DDD", "AAA"}, ""},
      {"fewer than a tenth",
       {std::string(30, 'A'), std::string(30, 'A'), "DD" + std::string(28, 'A')},
       ""},
      {"a tenth", {std::string(30, 'A'), std::string(30, 'A'), "DDD" + std::string(27, 'A')}, "c3"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.what);
    CHECK(Outliers(each.votes) == each.outliers);
  }
}

TEST_CASE("outlier: a profile has the numbers and the reason") {
  Ballots ballots = MakeBallots({"AAAD", "AAAD", "DDUD"});
  BallotProfile profile = CompareBallots(ballots, MakeVoters(ballots), kSpec, 4).at("c3");
  CHECK(profile.votes[Opinion::kDead] == 3);
  CHECK(profile.alone[Opinion::kDead] == 2);
  CHECK(profile.alone[Opinion::kUnknown] == 1);
  CHECK(profile.alone_against_life() == 3);
  CHECK(profile.called_alive == 3);
  CHECK(profile.called_dead == 1);
  CHECK(profile.reason == Reason::kTimeout);
  CHECK(profile.blind());
  CHECK_FALSE(profile.stale());
  ballots.at("c3").votes[1].reason = Reason::kRefused;
  CHECK(CompareBallots(ballots, MakeVoters(ballots), kSpec, 4).at("c3").reason == Reason::kMixed);
  // Late or stopped: alone alive.
  profile =
      CompareBallots(MakeBallots({"DDA", "DDA", "AAA"}), MakeVoters(ballots), kSpec, 3).at("c3");
  CHECK(profile.stale());
  CHECK_FALSE(profile.blind());
  // A ballot for another list, or of a stranger, is not compared.
  ballots.at("c1").spec = {7, 71};
  CHECK(CompareBallots(ballots, MakeVoters(ballots), kSpec, 4).size() == 2);
  CHECK(FindOutliers(ballots, MakeVoters(ballots), kSpec, 4).empty());
}

TEST_CASE("outlier: without its ballot the quorum stays, so no count gains a flip") {
  std::mt19937 random(4711);
  const auto pick = [&](std::size_t n) { return random() % n; };
  int left_out = 0;
  for (int round = 0; round < 4000; ++round) {
    const std::size_t servers = 1 + pick(12);
    std::vector<std::string> votes(2 + pick(5), std::string(servers, 'A'));
    for (std::string& ballot : votes) {
      const std::size_t faults = pick(4) == 0 ? servers : pick(3);
      for (std::size_t i = 0; i < faults; ++i) ballot[pick(servers)] = "ADU."[pick(4)];
    }
    const Ballots ballots = MakeBallots(votes);
    const Electorate electorate = MakeVoters(ballots);
    const auto outliers = FindOutliers(ballots, electorate, kSpec, servers);
    left_out += static_cast<int>(outliers.size());
    const auto whole = CountVotes(ballots, electorate, kSpec, servers);
    const auto part = CountVotes(ballots, electorate, kSpec, servers, {.left_out = outliers});
    for (std::size_t i = 0; i < servers; ++i) {
      CHECK(part[i].counts.alive <= whole[i].counts.alive);
      CHECK(part[i].counts.dead <= whole[i].counts.dead);
      // The quorum is a majority here: without ties, fewer votes never decide more.
      if (part[i].outcome != Outcome::kNoQuorum) CHECK(part[i].outcome == whole[i].outcome);
    }
  }
  CHECK(left_out > 100);
}

TEST_CASE("outlier: a round counts without it only where the spec says so") {
  ClusterSpec spec;
  spec.name = "sessions";
  spec.shards = {{"s1", "h:1"}, {"s2", "h:2"}, {"s3", "h:3"}};
  spec.checkers = 3;
  const std::optional<Head> head = Head{};
  CarriedBoard board;
  board.board.shards.assign(3, {ShardStatus::kAlive, Micros(5), Reason::kNone, {3, 0, 0}});
  const Ledger ledger{{"c1", "c2", "c3"}, {}};
  // c3 is blind, and c1 takes s1 for dead, as it may.
  const Ballots ballots = MakeBallots({"DAA", "AAA", "DDD"});
  const std::set<std::string> candidates = {"c1", "c2", "c3"};
  const auto conclude = [&] {
    const RoundInput input{.spec = spec,
                           .spec_id = kSpec,
                           .head = head,
                           .board = board,
                           .ledger = ledger,
                           .ballots = ballots,
                           .candidates = candidates,
                           .go_voters = {},
                           .wall = Micros(1'000'000)};
    return Conclude(input);
  };
  Round round = conclude();
  CHECK(round.left_out.empty());
  CHECK(round.tallies[0].outcome == Outcome::kDead);
  spec.outlier_votes = OutlierVotes::kCount;
  CHECK(conclude().tallies[0].outcome == Outcome::kDead);

  spec.outlier_votes = OutlierVotes::kIgnore;
  round = conclude();
  CHECK(round.left_out == std::set<std::string>{"c3"});
  CHECK(round.voters == candidates);  // the commit checks its ballot too
  CHECK(round.electorate.quorum == 2);
  CHECK(round.tallies[0].outcome == Outcome::kNoQuorum);
  CHECK(round.tallies[0].counts == VoteCounts{1, 1, 0});
  CHECK(round.decision.changes.empty());
}

TEST_CASE("dispute: votes that say otherwise than the status, and what keeps it") {
  ClusterSpec spec;
  spec.name = "sessions";
  spec.shards = {{"s1", "h:1"}, {"s2", "h:2"}, {"s3", "h:3"}, {"s4", "h:4"}};
  spec.checkers = 3;
  const std::optional<Head> head = Head{};
  CarriedBoard board;
  board.board.shards.assign(4, {ShardStatus::kAlive, Micros(5), Reason::kNone, {3, 0, 0}});
  board.board.shards[3].status = ShardStatus::kDead;
  Ledger ledger{{"c1", "c2", "c3"}, {}};
  Ballots ballots = MakeBallots({"DDAA", "DAAA", "DAAD"});
  const std::set<std::string> candidates = {"c1", "c2", "c3"};
  std::vector<std::string> go_voters;
  const auto disputes = [&] {
    const RoundInput input{.spec = spec,
                           .spec_id = kSpec,
                           .head = head,
                           .board = board,
                           .ledger = ledger,
                           .ballots = ballots,
                           .candidates = candidates,
                           .go_voters = go_voters,
                           .wall = Micros(1'000'000)};
    return FindDisputes(spec.shards, board.board, Conclude(input));
  };
  using enum Obstacle;
  const Dispute s1{0, ShardStatus::kDead, Reason::kTimeout, kNone};
  const Dispute s4{3, ShardStatus::kAlive, Reason::kNone, kNone};
  // One vote for dead against two is none.
  CHECK(disputes() == std::vector<Dispute>{s1, s4});
  const auto obstacles = [&] {
    std::vector<Obstacle> found;
    for (const Dispute& dispute : disputes()) found.push_back(dispute.obstacle);
    return found;
  };
  SUBCASE("maintenance") {
    ledger.maintenance["s4"] = {Micros(1), Micros(0), "ann", "memory"};
    CHECK(obstacles() == std::vector{kNone, kMaintenance});
  }
  SUBCASE("a pause") {
    ledger.pause = Pause{Micros(1), Micros(0), "ann", "move"};
    CHECK(obstacles() == std::vector{kHold, kHold});
  }
  SUBCASE("Go checkers") {
    go_voters = {"n_0000000001"};
    CHECK(obstacles() == std::vector{kHold, kHold});
  }
  SUBCASE("a freeze holds no return") {
    spec.max_dead_fraction = 0.01;
    ballots = MakeBallots({"DDDA", "DDDA", "DDDA"});
    CHECK(obstacles() == std::vector{kFreeze, kFreeze, kFreeze, kNone});
  }
  SUBCASE("too few votes, and votes that contradict each other") {
    ballots.erase("c3");
    spec.checkers = 5;
    CHECK(obstacles() == std::vector{kVotes, kVotes});
    ballots.erase("c2");
    CHECK(obstacles() == std::vector{kVotes, kVotes, kVotes});
  }
  SUBCASE("too few racks") {
    spec.min_racks = 2;
    CHECK(obstacles() == std::vector{kRacks, kNone});
  }
  SUBCASE("a tie") {
    spec.quorum = 1;
    ballots = MakeBallots({"DAAA", "DAAA", "AAAD"});
    CHECK(obstacles() == std::vector{kTie, kTie});
  }
}

}  // namespace outlier_test
