#include "admin/snapshot.h"

#include <doctest/doctest.h>

#include "tests/support/status_world.h"

namespace snapshot_test {

using namespace zkcluster;
using namespace zkcluster::sim;

namespace {

struct Reading : StatusWorld {
  explicit Reading(std::uint64_t seed = 1) : StatusWorld(seed) {
    auto spec = TestSpec();
    spec.version = 10;
    PutSpec(spec);
    Run();
  }
  Result<Snapshot> Read() {
    return Wait<Snapshot>([&](auto done) { ReadSnapshot(reader, *client, paths, done); });
  }
  SimLoop reader{world, "zkctl"};
  // As a session does.
  void PutOwned(const std::string& path, const std::string& data) {
    if (!ensemble.Exists(sim::ParentOf(path))) ensemble.Put(sim::ParentOf(path), "");
    ensemble.PutEphemeral(path, data);
  }
  std::unique_ptr<zk::Client> client = ensemble.NewClient(reader, std::chrono::seconds(10));
};

std::string Candidate(const std::string& id, int seq) {
  std::string number = std::to_string(seq);
  number.insert(0, 10 - number.size(), '0');
  return CandidatePrefix(id, std::string(32, 'a')) + number;
}

}  // namespace

TEST_CASE("snapshot: everything there is, in order") {
  Reading w;
  for (const auto& [id, seq] : {std::pair{"c-2", 12}, std::pair{"c1", 9}}) {
    w.PutOwned(w.paths.candidate(Candidate(id, seq)),
               EncodeRegistration({id, "host", "rack", 7, "1", Micros(5)}));
    Ballot ballot;
    ballot.spec = w.IdNow();
    ballot.writes = 1;
    ballot.votes.assign(3, Vote{Opinion::kAlive, Reason::kNone});
    w.PutOwned(w.paths.vote(id), EncodeBallot(ballot));
  }
  w.ensemble.Put(w.paths.leader(), EncodeLeader({"c1", 4, Micros(6)}));
  w.ensemble.Put(w.paths.ledger(), EncodeLedger({{"c1", "c-2"}, {}}));
  w.PutOwned(w.paths.go_voters() + "/n_0000000003", "{}");
  w.ensemble.Put(w.paths.go_voters() + "/other", "{}");
  w.Decide(w.IdNow(), BoardOf({Alive(), Dead(), Alive()}), 4, 2);
  const auto snapshot = w.Read();
  REQUIRE(snapshot);
  CHECK(snapshot->taken == w.reader.WallNow());
  CHECK(snapshot->spec.spec.version == 10);
  REQUIRE(snapshot->candidates.size() == 2);
  CHECK(snapshot->candidates[0].name.id == "c1");
  CHECK(snapshot->candidates[1].registration.host == "host");
  REQUIRE(snapshot->voters.size() == 2);
  CHECK(snapshot->voters[0].id == "c-2");
  CHECK(snapshot->voters[0].ballot->votes.size() == 3);
  CHECK(snapshot->voters[0].written.count() > 0);
  CHECK(snapshot->leader->epoch == 4);
  CHECK(snapshot->leader_stat->version == 0);
  CHECK(snapshot->ledger->electorate.size() == 2);
  CHECK(snapshot->go_voters == std::vector<std::string>{"n_0000000003"});
  CHECK(snapshot->head->sequence == 2);
  CHECK(snapshot->board_is_current);
  CHECK(snapshot->board == BoardOf({Alive(), Dead(), Alive()}));
  CHECK_FALSE(snapshot->from_go_status);
  CHECK(snapshot->problems.empty());
}

TEST_CASE("snapshot: a ballot and a registration that nobody else may read hide no others") {
  Reading w;
  w.PutOwned(w.paths.candidate(Candidate("c1", 1)),
             EncodeRegistration({"c1", "host", "rack", 7, "1", Micros(5)}));
  w.ensemble.Put(w.paths.votes(), "");
  const auto loner = w.ensemble.NewClient(w.reader, std::chrono::seconds(10),
                                          {{"c2:secret"}, [](const std::string&) {
                                             return Acl{{DigestId("c2:secret"), kMayAll}};
                                           }});
  w.Run();
  for (const std::string& path : {w.paths.candidate(Candidate("c2", 2)), w.paths.vote("c2")}) {
    REQUIRE(w.Wait<std::string>(
        [&](auto done) { loner->Create(path, "", zk::CreateMode::kEphemeral, done); }));
  }
  const auto snapshot = w.Read();
  REQUIRE_MESSAGE(snapshot, snapshot.error().message);
  REQUIRE(snapshot->candidates.size() == 2);
  CHECK(snapshot->candidates[0].registration.host == "host");
  CHECK(snapshot->candidates[1].registration.id == "c2");
  REQUIRE(snapshot->voters.size() == 1);
  CHECK_FALSE(snapshot->voters[0].ballot);
  CHECK(snapshot->voters[0].error.find("not among those who may") != std::string::npos);
  CHECK(snapshot->problems.size() == 2);
}

TEST_CASE("snapshot: what no session owns is a ghost, and nothing else") {
  Reading w;
  const std::string registration = EncodeRegistration({"c1", "host", "rack", 7, "1", Micros(5)});
  Ballot ballot;
  ballot.spec = w.IdNow();
  ballot.votes.assign(3, Vote{Opinion::kDead, Reason::kTimeout});
  w.PutOwned(w.paths.candidate(Candidate("c1", 2)), registration);
  w.PutOwned(w.paths.vote("c1"), EncodeBallot(ballot));
  w.PutOwned(w.paths.go_voters() + "/n_0000000003", "{}");
  const std::vector<std::string> ghosts = {
      w.paths.go_voters() + "/n_0000000001", w.paths.candidate(Candidate("c1", 1)),
      w.paths.candidate("stray"), w.paths.vote("c2"), w.paths.vote("junk")};
  w.ensemble.Put(ghosts[0], "{}");
  w.ensemble.Put(ghosts[1], registration);
  w.ensemble.Put(ghosts[2], "x");
  w.ensemble.Put(ghosts[3], EncodeBallot(ballot));
  w.ensemble.Put(ghosts[4], "x");
  const auto snapshot = w.Read();
  REQUIRE(snapshot);
  REQUIRE(snapshot->candidates.size() == 1);
  CHECK(snapshot->candidates[0].name.sequence == 2);
  REQUIRE(snapshot->voters.size() == 1);
  CHECK(snapshot->voters[0].id == "c1");
  CHECK(snapshot->go_voters == std::vector<std::string>{"n_0000000003"});
  CHECK(snapshot->problems.empty());
  using Kind = Snapshot::Ghost::Kind;
  const std::vector<std::pair<Kind, std::string>> expected = {{Kind::kGoChecker, "n_0000000001"},
                                                              {Kind::kCandidate, "c1"},
                                                              {Kind::kStray, "stray"},
                                                              {Kind::kBallot, "c2"},
                                                              {Kind::kBallot, "junk"}};
  REQUIRE(snapshot->ghosts.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(snapshot->ghosts[i].path == ghosts[i]);
    CHECK(snapshot->ghosts[i].kind == expected[i].first);
    CHECK(snapshot->ghosts[i].id == expected[i].second);
    CHECK(snapshot->ghosts[i].czxid == w.ensemble.Get(ghosts[i])->stat.czxid);
  }
}

TEST_CASE("snapshot: undecodable bytes everywhere are named and nothing more") {
  Reading w;
  w.Decide(w.IdNow(), BoardOf({Alive(), Dead(), Alive()}), 4, 2);
  for (const auto& path :
       {w.paths.candidate(Candidate("c1", 1)), w.paths.vote("c1"), w.paths.leader(),
        w.paths.ledger(), w.paths.chunk(0), w.paths.candidate("stranger")}) {
    w.PutOwned(path, "\xff{");
  }
  auto snapshot = w.Read();
  REQUIRE(snapshot);
  CHECK(snapshot->problems.size() == 6);
  REQUIRE(snapshot->candidates.size() == 1);
  CHECK(snapshot->candidates[0].registration.id == "c1");
  REQUIRE(snapshot->voters.size() == 1);
  CHECK_FALSE(snapshot->voters[0].ballot);
  CHECK_FALSE(snapshot->voters[0].error.empty());
  CHECK(snapshot->board == BoardOf({{}, {}, {}}));
  w.ensemble.Put(w.paths.head(), "\xff{");
  snapshot = w.Read();
  REQUIRE(snapshot);
  CHECK_FALSE(snapshot->head);
  CHECK_FALSE(snapshot->board_is_current);
  w.ensemble.Put(w.paths.shards(), "\xff{");
  CHECK(w.Read().error().code == ErrorCode::kBadData);
  w.ensemble.Remove(w.paths.base());
  CHECK(w.Read().error().code == ErrorCode::kNotFound);
}

TEST_CASE("snapshot: a head of another list") {
  Reading w;
  w.Decide(w.IdNow(), BoardOf({Alive(), Dead(), Alive()}), 4, 2);
  auto spec = TestSpec(4);
  spec.version = 11;
  w.PutSpec(spec);
  const auto snapshot = w.Read();
  REQUIRE(snapshot);
  CHECK(snapshot->head);
  CHECK_FALSE(snapshot->board_is_current);
  CHECK(snapshot->board == BoardOf({{}, {}, {}, {}}));
}

TEST_CASE("snapshot: no head, a Go status") {
  Reading w;
  auto mirrored = BoardOf({Alive(3), Dead(4), {}});
  w.ensemble.Put(w.paths.mirror(), EncodeMirror(TestSpec().shards, mirrored));
  const auto snapshot = w.Read();
  REQUIRE(snapshot);
  CHECK(snapshot->from_go_status);
  CHECK(snapshot->board.shards[0].status == ShardStatus::kAlive);
  CHECK(snapshot->board.shards[1].since == Micros(4));
  CHECK(snapshot->board.shards[2].status == ShardStatus::kUnknown);
}

TEST_CASE("snapshot: the head moves while reading") {
  Reading w;
  w.Decide(w.IdNow(), BoardOf({Alive(1), Dead(1), Alive(1)}), 1, 1);
  std::int64_t decisions = 1;
  w.ensemble.SetFate(*w.client, [&](const Request& request) {
    if (request.path == w.paths.chunk(0) && decisions < 3) {
      ++decisions;
      w.Decide(w.IdNow(), BoardOf({Alive(decisions), Dead(decisions), Alive(decisions)}), 1,
               decisions);
    }
    return Fate::kServe;
  });
  const auto snapshot = w.Read();
  REQUIRE(snapshot);
  CHECK(snapshot->head->sequence == 3);
  CHECK(snapshot->board.shards[0].since == Micros(3));
}

TEST_CASE("snapshot: no session, a broken connection, a delete meanwhile") {
  Reading w;
  w.Decide(w.IdNow(), BoardOf({Alive(), Dead(), Alive()}), 4, 2);
  for (int lost = 0; lost < 20; ++lost) {
    int count = 0;
    w.ensemble.SetFate(*w.client, [&](const Request&) {
      return count++ == lost ? Fate::kLoseAnswer : Fate::kServe;
    });
    const auto snapshot = w.Read();
    if (!snapshot)
      CHECK((snapshot.error().code == ErrorCode::kUnknownOutcome ||
             snapshot.error().code == ErrorCode::kUnavailable));
    w.Run(std::chrono::minutes(1));
  }
  w.ensemble.SetFate(*w.client, [&](const Request& request) {
    if (request.path == w.paths.votes()) w.ensemble.Remove(w.paths.base());
    return Fate::kServe;
  });
  CHECK(w.Read().error().code == ErrorCode::kNotFound);
  w.ensemble.Down();
  w.Run(std::chrono::minutes(1));
  CHECK(w.Read().error().code == ErrorCode::kUnavailable);
}

}  // namespace snapshot_test
