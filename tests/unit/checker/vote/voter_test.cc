#include "checker/vote/voter.h"

#include <doctest/doctest.h>

#include <random>

#include "codec/codec.h"
#include "tests/fakes/fake_ensemble.h"

namespace voter_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;

namespace {

const ClusterPaths kPaths("/r", "c");
const std::string kCandidate = kPaths.candidate("me-1");
constexpr Vote kAliveVote{Opinion::kAlive, Reason::kNone};
constexpr Vote kDeadVote{Opinion::kDead, Reason::kTimeout};
const SpecId kSpecId{7, 70};

struct Booth {
  Booth()
      : ensemble(world),
        loop(world),
        logger(NewSinkLogger(LogLevel::kDebug,
                             [this](LogLevel, const std::string& line) { OnLine(line); })),
        client(ensemble.NewClient(loop, 4s)),
        voter(ClusterScope{loop, *logger, *client, kPaths}, "me", "r1") {
    ensemble.Put(kPaths.votes(), "");
    ensemble.Put(kPaths.election(), "");
    ensemble.Put(kCandidate, "");
    REQUIRE(world.RunUntil([&] { return client->state() == SessionState::kConnected; }, 5s));
  }
  [[nodiscard]] std::optional<Ballot> ballot() const {
    const auto node = ensemble.Get(kPaths.vote("me"));
    if (!node) return std::nullopt;
    const auto decoded = DecodeBallot(node->data);
    return decoded ? std::optional(*decoded) : std::nullopt;
  }
  bool Shows(const std::vector<Vote>& votes, Duration limit = 10s) {
    return world.RunUntil([&] { return ballot() && ballot()->votes == votes; }, limit);
  }
  void Publish(std::vector<Vote> votes) {
    voter.SetSpec(kSpecId, votes, 1s);
    voter.Enable(kCandidate);
    REQUIRE(Shows(votes));
    world.RunFor(1s);
  }
  [[nodiscard]] std::size_t writes_since(std::int64_t zxid) const {
    std::size_t count = 0;
    for (const auto& transaction : ensemble.history()) count += transaction.zxid > zxid ? 1 : 0;
    return count;
  }

  void OnLine(const std::string& line) {
    const auto to = line.find(" to=");
    if (line.find("event=ballot.state ") == std::string::npos) return;
    path += (path.empty() ? "" : " ") + line.substr(to + 4);
  }

  std::string path;  // the states it entered, as logged
  SimWorld world;
  FakeEnsemble ensemble;
  SimLoop loop;
  std::shared_ptr<Logger> logger;
  std::unique_ptr<zk::Client> client;
  Voter voter;
};

}  // namespace

TEST_CASE("ballot: nothing is published before every shard was probed") {
  Booth booth;
  booth.voter.SetSpec(kSpecId, std::vector<Vote>(3), 60s);
  booth.voter.Enable(kCandidate);
  booth.voter.SetVote(0, kAliveVote);
  booth.voter.SetVote(1, kDeadVote);
  booth.world.RunFor(5s);
  CHECK(!booth.ballot());
  booth.voter.SetVote(2, kAliveVote);
  REQUIRE(booth.Shows({kAliveVote, kDeadVote, kAliveVote}, 1s));
  CHECK(booth.ballot()->writes == 1);
  CHECK(booth.ballot()->spec == kSpecId);
  CHECK(booth.ballot()->rack == "r1");
}

TEST_CASE("ballot: after its patience it goes out with silence for the rest") {
  Booth booth;
  booth.voter.SetSpec(kSpecId, std::vector<Vote>(2), 2s);
  booth.voter.Enable(kCandidate);
  booth.voter.SetVote(0, kAliveVote);
  CHECK(booth.Shows({kAliveVote, Vote{}}, 3s));
}

TEST_CASE("ballot: all changes of one moment are one write") {
  Booth booth;
  booth.Publish(std::vector<Vote>(100, kAliveVote));
  const auto zxid = booth.ensemble.zxid();
  for (std::size_t i = 0; i < 100; ++i) booth.voter.SetVote(i, kDeadVote);
  REQUIRE(booth.Shows(std::vector<Vote>(100, kDeadVote)));
  CHECK(booth.writes_since(zxid) == 1);
}

TEST_CASE("ballot: a change while a write is under way goes out after it") {
  Booth booth;
  booth.Publish({kAliveVote, kAliveVote});
  booth.voter.SetVote(0, kDeadVote);
  booth.world.RunFor(100us);
  booth.voter.SetVote(1, kDeadVote);
  CHECK(booth.Shows({kDeadVote, kDeadVote}, 1s));
}

TEST_CASE("ballot: a vote that is set back before it was written costs at most a write") {
  Booth booth;
  booth.Publish({kAliveVote});
  const auto zxid = booth.ensemble.zxid();
  booth.voter.SetVote(0, kAliveVote);  // no change at all
  booth.world.RunFor(1s);
  CHECK(booth.ensemble.zxid() == zxid);
}

TEST_CASE("ballot: removed by an outsider, it is written again") {
  Booth booth;
  booth.Publish({kAliveVote});
  booth.ensemble.Remove(kPaths.vote("me"));
  CHECK(booth.Shows({kAliveVote}, 5s));
}

TEST_CASE("ballot: removed by an outsider before its voter has read it, it is written again") {
  Booth booth;
  booth.voter.SetSpec(kSpecId, {kAliveVote}, 1s);
  booth.voter.Enable(kCandidate);
  REQUIRE(booth.world.RunUntil([&] { return booth.ballot().has_value(); }, 1s));
  booth.ensemble.Remove(kPaths.vote("me"));
  CHECK(booth.Shows({kAliveVote}, 5s));
}

TEST_CASE(
    "ballot: what was asked before it was created is answered before that, and does not count") {
  Booth booth;
  booth.voter.SetSpec(kSpecId, {kAliveVote, Vote{}}, 60s);
  booth.voter.Enable(kCandidate);
  REQUIRE(booth.world.RunUntil([&] { return booth.path == "watching absent"; }, 5s));
  booth.ensemble.SetFate(*booth.client, [&](const Request& request) {
    if (request.verb == Verb::kExists) booth.voter.SetVote(1, kAliveVote);
    return Fate::kServe;
  });
  booth.ensemble.Put(kPaths.vote("me"), "x");
  booth.ensemble.Remove(kPaths.vote("me"));
  CHECK(booth.Shows({kAliveVote, kAliveVote}, 5s));
  booth.world.RunFor(1s);
  CHECK(booth.path == "watching absent creating written");
}

TEST_CASE("ballot: overwritten by an outsider, it is written again") {
  Booth booth;
  booth.Publish({kAliveVote});
  booth.ensemble.Put(kPaths.vote("me"), "garbage");
  CHECK(booth.Shows({kAliveVote}, 5s));
}

TEST_CASE("ballot: the answer to its create is lost, there is one, and it is kept up") {
  Booth booth;
  booth.ensemble.LoseAnswer(*booth.client,
                            [](const Request& r) { return r.verb == Verb::kCreate; });
  booth.voter.SetSpec(kSpecId, {kAliveVote}, 1s);
  booth.voter.Enable(kCandidate);
  booth.world.RunFor(3s);
  // As the Contender does around a suspended session.
  booth.voter.Disable();
  REQUIRE(
      booth.world.RunUntil([&] { return booth.client->state() == SessionState::kConnected; }, 10s));
  booth.voter.Enable(kCandidate);
  booth.voter.SetVote(0, kDeadVote);
  CHECK(booth.Shows({kDeadVote}));
}

TEST_CASE("ballot: a vote cast while the session is away is written after it is back") {
  Booth booth;
  booth.Publish({kAliveVote});
  booth.ensemble.Disconnect(*booth.client);
  booth.world.RunFor(500ms);
  booth.voter.Disable();
  booth.voter.SetVote(0, kDeadVote);
  booth.world.RunFor(1s);
  booth.ensemble.Reconnect(*booth.client);
  REQUIRE(
      booth.world.RunUntil([&] { return booth.client->state() == SessionState::kConnected; }, 10s));
  booth.voter.Enable(kCandidate);
  CHECK(booth.Shows({kDeadVote}, 5s));
}

TEST_CASE("ballot: a reconnect without news writes nothing") {
  Booth booth;
  booth.Publish({kAliveVote});
  const auto zxid = booth.ensemble.zxid();
  booth.voter.Disable();
  booth.world.RunFor(10ms);
  booth.voter.Enable(kCandidate);
  booth.world.RunFor(2s);
  CHECK(booth.ensemble.zxid() == zxid);
}

TEST_CASE("ballot: a ghost of a former session is replaced by one of this session") {
  Booth booth;
  booth.Publish({kAliveVote});
  booth.ensemble.Put(kPaths.vote("me2"), "");
  booth.ensemble.Expire(*booth.client);
  booth.voter.Disable();
  // The ghost has the same path and belongs to another session.
  booth.ensemble.Put(kPaths.vote("me"), EncodeBallot({kSpecId, 9, {kDeadVote}}));
  REQUIRE(booth.world.RunUntil(
      [&] {
        return booth.client->state() == SessionState::kConnected && booth.client->generation() == 2;
      },
      10s));
  booth.voter.Enable(kCandidate);
  REQUIRE(booth.Shows({kAliveVote}));
  CHECK(booth.ensemble.Get(kPaths.vote("me"))->stat.ephemeral_owner == booth.client->session_id());
}

TEST_CASE("ballot: a new list is voted on at once, with silence on what is new in it") {
  Booth booth;
  booth.Publish({kAliveVote});
  booth.voter.SetSpec({8, 80}, {kAliveVote, Vote{}}, 60s);
  REQUIRE(booth.Shows({kAliveVote, Vote{}}, 1s));
  CHECK(booth.ballot()->spec == SpecId{8, 80});
  booth.voter.SetVote(1, kDeadVote);
  CHECK(booth.Shows({kAliveVote, kDeadVote}, 1s));
}

TEST_CASE("ballot: withdrawn, nothing is written any more") {
  Booth booth;
  booth.Publish({kAliveVote});
  const auto ops = booth.voter.Withdraw();
  REQUIRE(ops.size() == 1);
  CHECK(std::get<zk::DeleteOp>(ops[0]).path == kPaths.vote("me"));
  const auto zxid = booth.ensemble.zxid();
  booth.voter.SetVote(0, kDeadVote);
  booth.world.RunFor(2s);
  CHECK(booth.ensemble.zxid() == zxid);
}

TEST_CASE("ballot: each beginning changes the parent, a change does not") {
  Booth booth;
  const auto parent = [&] { return booth.ensemble.Get(kPaths.votes())->stat.version; };
  const auto before = parent();
  booth.Publish({kAliveVote});
  CHECK(parent() == before + 1);
  booth.voter.SetVote(0, kDeadVote);
  REQUIRE(booth.Shows({kDeadVote}));
  CHECK(parent() == before + 1);
  booth.ensemble.Remove(kPaths.vote("me"));
  REQUIRE(booth.Shows({kDeadVote}));
  CHECK(parent() == before + 2);
}

TEST_CASE("ballot: nothing is written once the own candidate is gone") {
  Booth booth;
  booth.Publish({kAliveVote});
  booth.ensemble.Remove(kCandidate);
  booth.voter.SetVote(0, kDeadVote);
  booth.world.RunFor(10s);
  CHECK(booth.ballot()->votes == std::vector<Vote>{kAliveVote});
  booth.voter.Disable();
  booth.ensemble.Put(kPaths.candidate("me-2"), "");
  booth.voter.Enable(kPaths.candidate("me-2"));
  CHECK(booth.Shows({kDeadVote}));
}

TEST_CASE("states: a ballot is created, set, removed by an outsider, and withdrawn") {
  Booth booth;
  booth.Publish({kAliveVote});
  CHECK(booth.path == "watching absent creating written");
  booth.path.clear();
  booth.voter.SetVote(0, kDeadVote);
  CHECK(booth.voter.votes() == std::vector<Vote>{kDeadVote});
  CHECK_FALSE(booth.voter.published());
  REQUIRE(booth.Shows({kDeadVote}));
  booth.world.RunFor(1s);
  CHECK(booth.path == "setting written");
  CHECK(booth.voter.published());
  booth.path.clear();
  booth.ensemble.Remove(kPaths.vote("me"));
  REQUIRE(booth.Shows({kDeadVote}));
  booth.world.RunFor(1s);
  CHECK(booth.path == "absent creating written");
  booth.path.clear();
  CHECK(booth.voter.Withdraw().size() == 1);
  booth.voter.Disable();
  booth.voter.Enable(kCandidate);
  booth.world.RunFor(1s);
  CHECK(booth.path == "withdrawn");
  CHECK(booth.voter.age() == Duration::zero());
}

TEST_CASE("states: a ghost is deleted first, and a lost answer is a pause") {
  Booth booth;
  booth.ensemble.Put(kPaths.vote("me"), EncodeBallot({kSpecId, 9, {kDeadVote}}));
  booth.ensemble.LoseAnswer(*booth.client, [](const Request& r) {
    return r.verb == Verb::kMulti && std::holds_alternative<zk::CreateOp>(r.ops.at(1));
  });
  booth.voter.SetSpec(kSpecId, {kAliveVote}, 1s);
  booth.voter.Enable(kCandidate);
  booth.world.RunFor(5s);
  CHECK(booth.path == "watching deleting absent creating pausing watching written");
  CHECK(booth.ballot()->votes == std::vector<Vote>{kAliveVote});
  CHECK(booth.voter.published());
}

TEST_CASE("ballot: withdrawn before anything is known, it is never made") {
  Booth booth;
  booth.voter.SetSpec(kSpecId, {kAliveVote}, 1s);
  booth.voter.Enable(kCandidate);
  CHECK(booth.voter.Withdraw().empty());
  booth.world.RunFor(5s);
  CHECK_FALSE(booth.ballot());
}

TEST_CASE("ballot: opinions are counted as they change, as a recount finds them") {
  Booth booth;
  std::mt19937 random(20261130);
  for (int round = 0; round < 20; ++round) {
    std::vector<Vote> votes(random() % 30);
    for (Vote& vote : votes) vote.opinion = static_cast<Opinion>(random() % 4);
    booth.voter.SetSpec(kSpecId, votes, 1s);
    REQUIRE(booth.voter.opinions() == CountOpinions(votes));
    for (std::size_t n = 0; !votes.empty() && n < 100; ++n) {
      const std::size_t server = random() % votes.size();
      votes[server] = {static_cast<Opinion>(random() % 4), Reason::kTimeout};
      booth.voter.SetVote(server, votes[server]);
      REQUIRE(booth.voter.votes() == votes);
      REQUIRE(booth.voter.opinions() == CountOpinions(votes));
    }
  }
}

}  // namespace voter_test
