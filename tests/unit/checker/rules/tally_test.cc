#include "checker/rules/tally.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <sstream>

namespace tally_test {

using namespace zkcluster;

namespace {

constexpr SpecId kSpec{1000, 77};

Vote VoteOf(char c) {
  switch (c) {
    case 'a':
      return {Opinion::kAlive, Reason::kNone};
    case 't':
      return {Opinion::kDead, Reason::kTimeout};
    case 'r':
      return {Opinion::kDead, Reason::kRefused};
    case 'u':
      return {Opinion::kUnknown, Reason::kUnresolved};
    case 'f':
      return {Opinion::kUnknown, Reason::kTimeout, true};
    default:
      return {};
  }
}

// "att a-u": one ballot a word, one vote a letter.
Ballots BallotsOf(const std::string& text) {
  Ballots ballots;
  std::istringstream words(text);
  int n = 0;
  for (std::string word; words >> word;) {
    Ballot ballot{kSpec, 1, {}};
    for (char c : word) ballot.votes.push_back(VoteOf(c));
    ballots.emplace("c" + std::to_string(++n), ballot);
  }
  return ballots;
}

Electorate ElectorateOf(int size, std::optional<int> quorum = {}) {
  ClusterSpec spec;
  spec.checkers = size;
  spec.quorum = quorum;
  std::set<std::string> ids;
  for (int i = 1; i <= size; ++i) ids.insert("c" + std::to_string(i));
  return MakeElectorate(spec, ids);
}

char Letter(Outcome outcome) {
  return outcome == Outcome::kAlive ? 'A' : outcome == Outcome::kDead ? 'D' : '-';
}

}  // namespace

TEST_CASE("tally: outcomes against the electorate") {
  struct Case {
    const char* ballots;
    int electorate;
    std::optional<int> quorum;
    const char* outcome;
  };
  // One case per line.
  // clang-format off
  const std::vector<Case> cases = {
      {"a a a", 3, {}, "A"},
      {"t t a", 3, {}, "D"},
      {"t a", 3, {}, "-"},      // two present, they differ
      {"t", 3, {}, "-"},        // one of three: those present are not the quorum
      {"t t", 4, {}, "-"},      // half is no majority
      {"t t t", 4, {}, "D"},
      {"t t a a", 4, {}, "-"},  // a tie stays
      {"t t a a", 4, 2, "-"},   // both reach a low quorum: still a tie
      {"t t a", 4, 2, "D"},
      {"t", 1, {}, "D"},
      {"u u u", 3, {}, "-"},    // all unknown
      {"t t u", 3, {}, "D"},
      {"t t -", 3, {}, "D"},    // silence of one
      {"t - -", 3, {}, "-"},
      {"a a a", 3, 4, "-"},     // a quorum nobody can reach
      {"", 3, {}, "-"},
  };
  // clang-format on
  for (const auto& test : cases) {
    CAPTURE(test.ballots);
    CAPTURE(test.electorate);
    const auto tallies =
        CountVotes(BallotsOf(test.ballots), ElectorateOf(test.electorate, test.quorum), kSpec, 1);
    REQUIRE(tallies.size() == 1);
    CHECK(Letter(tallies[0].outcome) == test.outcome[0]);
  }
}

TEST_CASE("tally: a first failure is a death where there is no status, and unknown elsewhere") {
  struct Case {
    const char* ballots;
    bool undecided;
    char outcome;
    VoteCounts counts;
  };
  for (const auto& test :
       {Case{"f f f", false, '-', {0, 0, 3}}, Case{"f f f", true, 'D', {0, 3, 0}},
        Case{"t f a", false, '-', {1, 1, 1}}, Case{"t f a", true, 'D', {1, 2, 0}},
        Case{"a a f", true, 'A', {2, 1, 0}}, Case{"u f f", true, 'D', {0, 2, 1}},
        Case{"u u u", true, '-', {0, 0, 3}}}) {
    CAPTURE(test.ballots);
    CAPTURE(test.undecided);
    const auto tally = CountVotes(BallotsOf(test.ballots), ElectorateOf(3), kSpec, 1,
                                  CountOptions{.undecided = {test.undecided}})[0];
    CHECK(Letter(tally.outcome) == test.outcome);
    CHECK(tally.counts == test.counts);
    CHECK(tally.reason == (test.counts.dead > 0 ? Reason::kTimeout : Reason::kNone));
    CHECK(tally.first == (test.undecided ? 0 : test.counts.unknown));
    CHECK(tally.too_few == (test.counts.alive + test.counts.dead < 2 && tally.first > 0));
  }
}

TEST_CASE("tally: the reason is the voters' own when they agree, else mixed") {
  CHECK(CountVotes(BallotsOf("t t a"), ElectorateOf(3), kSpec, 1)[0].reason == Reason::kTimeout);
  CHECK(CountVotes(BallotsOf("t r a"), ElectorateOf(3), kSpec, 1)[0].reason == Reason::kMixed);
  CHECK(CountVotes(BallotsOf("t r t"), ElectorateOf(3), kSpec, 1)[0].reason == Reason::kMixed);
  CHECK(CountVotes(BallotsOf("a u a"), ElectorateOf(3), kSpec, 1)[0].reason == Reason::kNone);
}

TEST_CASE("tally: a ballot on another list, of another length, or of an unknown voter is silence") {
  auto ballots = BallotsOf("t t t");
  ballots.at("c1").spec.shards_zxid = 76;
  CHECK(CountVotes(ballots, ElectorateOf(3), kSpec, 1)[0].counts == VoteCounts{0, 2, 0});
  ballots.at("c2").spec.version = 999;
  CHECK(CountVotes(ballots, ElectorateOf(3), kSpec, 1)[0].counts == VoteCounts{0, 1, 0});
  ballots.at("c3").votes.push_back({});
  CHECK(CountVotes(ballots, ElectorateOf(3), kSpec, 1)[0].counts == VoteCounts{});
  auto stranger = BallotsOf("t t");
  stranger.emplace("stranger", stranger.at("c1"));
  CHECK(CountVotes(stranger, ElectorateOf(5), kSpec, 1)[0].counts == VoteCounts{0, 2, 0});
}

TEST_CASE("tally: the electorate is what was learned, unless the spec says a number") {
  ClusterSpec spec;
  const auto learned = MakeElectorate(spec, {"a", "b", "c", "d"});
  CHECK(learned.size == 4);
  CHECK(learned.quorum == 3);
  spec.checkers = 5;
  CHECK(MakeElectorate(spec, {"a"}).quorum == 3);
  spec.quorum = 2;
  CHECK(MakeElectorate(spec, {"a"}).quorum == 2);
}

TEST_CASE("tally: the electorate is no smaller than a lost ledger's, nor than those present") {
  ClusterSpec spec;
  CHECK(MakeElectorate(spec, {"a"}, 3).quorum == 2);
  CHECK(MakeElectorate(spec, {"a", "b", "c", "d"}, 3).size == 4);
  spec.checkers = 3;
  CHECK(MakeElectorate(spec, {"a", "b", "c", "d", "e"}, 0, 5).quorum == 3);
  CHECK(MakeElectorate(spec, {"a", "b", "c", "d", "e"}, 0, 2).quorum == 2);
}

TEST_CASE("tally: agrees with a dumb count on random ballots") {
  std::mt19937 random(20261121);
  const std::string letters = "atru-";
  for (int round = 0; round < 500; ++round) {
    const int voters = 1 + static_cast<int>(random() % 7);
    const int size = voters + static_cast<int>(random() % 3);
    const int quorum = 1 + static_cast<int>(random() % static_cast<unsigned>(size));
    const std::size_t shards = 1 + random() % 20;
    std::string text;
    std::vector<std::string> words;
    for (int v = 0; v < voters; ++v) {
      std::string word;
      for (std::size_t s = 0; s < shards; ++s) word += letters[random() % letters.size()];
      words.push_back(word);
      text += word + " ";
    }
    const auto tallies = CountVotes(BallotsOf(text), ElectorateOf(size, quorum), kSpec, shards);
    for (std::size_t s = 0; s < shards; ++s) {
      const auto count = [&](const std::string& of) {
        return static_cast<int>(std::count_if(
            words.begin(), words.end(),
            [&](const std::string& word) { return of.find(word[s]) != std::string::npos; }));
      };
      const int alive = count("a");
      const int dead = count("tr");
      const char expected = alive >= quorum && dead < quorum   ? 'A'
                            : dead >= quorum && alive < quorum ? 'D'
                                                               : '-';
      CHECK(Letter(tallies[s].outcome) == expected);
      CHECK(tallies[s].counts == VoteCounts{alive, dead, count("u")});
    }
  }
}

TEST_CASE("tally: a death needs its racks, a return does not") {
  struct Case {
    const char* ballots;
    std::vector<std::string> racks;  // of c1, c2, ...
    int min_racks;
    const char* outcome;
    int dead_racks;
  };
  // One case per line.
  // clang-format off
  const std::vector<Case> cases = {
      {"t t t", {"r1", "r2", "r3"}, 2, "D", 3},
      {"t t a", {"r1", "r1", "r2"}, 2, "-", 1},
      {"t t a", {"r1", "r2", "r2"}, 2, "D", 2},
      {"t t t", {"", "", ""}, 2, "-", 1},
      {"t t a", {"", "r1", "r2"}, 2, "D", 2},    // no rack is a rack of its own
      {"a a a", {"r1", "r1", "r1"}, 3, "A", 0},
      {"t t a", {"r1", "r1", "r1"}, 1, "D", 1},
      {"t t u", {"r1", "r1", "r2"}, 2, "-", 1},  // a vote for unknown counts for no rack
  };
  // clang-format on
  for (const auto& test : cases) {
    CAPTURE(test.ballots);
    CAPTURE(test.min_racks);
    Ballots ballots = BallotsOf(test.ballots);
    for (std::size_t i = 0; i < test.racks.size(); ++i)
      ballots.at("c" + std::to_string(i + 1)).rack = test.racks[i];
    Electorate electorate = ElectorateOf(3);
    electorate.min_racks = test.min_racks;
    const auto tallies = CountVotes(ballots, electorate, kSpec, 1);
    CHECK(Letter(tallies[0].outcome) == test.outcome[0]);
    CHECK(tallies[0].dead_racks == test.dead_racks);
  }
  ClusterSpec spec;
  CHECK(MakeElectorate(spec, {"a"}).min_racks == 1);
  spec.min_racks = 3;
  CHECK(MakeElectorate(spec, {"a"}).min_racks == 3);
}

TEST_CASE("tally: a shard is decided by the tally of its server") {
  const std::vector<ShardSpec> shards = {{"s1", "a:1"}, {"s2", "b:1"}, {"s3", "c:1"}};
  const auto servers = CountVotes(BallotsOf("tau tra"), ElectorateOf(2), kSpec, shards.size());
  REQUIRE(servers.size() == 3);
  CHECK(ServingTallies(shards, servers) == servers);
  CHECK(Letter(servers[0].outcome) == 'D');
  CHECK(Letter(servers[1].outcome) == '-');
  CHECK(ServingTallies({}, {}).empty());
}

}  // namespace tally_test
