// Whole checkers and an operator under restricted lists: everything that they do is allowed to them
// and to nobody else.
#include <doctest/doctest.h>

#include "tests/support/settled_site.h"

namespace restricted_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using Server = FakeFleet::Server;

namespace {

constexpr const char* kName = kSettledCluster;

struct Restricted : Settled {
  Restricted() : Settled({.lists = Lists::kRestricted}) {}

  // Log lines about a denial, of all running checkers.
  [[nodiscard]] std::size_t Denials() const {
    std::size_t count = 0;
    for (const auto& checker : checkers) {
      for (const std::string& line : checker->log()) {
        if (line.find("not among those who may") != std::string::npos) ++count;
      }
    }
    return count;
  }
  std::unique_ptr<zk::Client> Join(const zk::Identity& identity) {
    auto client = ensemble.NewClient(other_loop, 10s, identity);
    REQUIRE(world.RunUntil([&] { return client->state() == SessionState::kConnected; }, 10s));
    return client;
  }
  // The result of a transaction of one operation.
  std::optional<ErrorCode> Try(zk::Client& by, zk::Op op) {
    std::optional<Result<std::vector<zk::OpResult>>> answer;
    by.Multi({std::move(op)}, [&](auto result) { answer = std::move(result); });
    REQUIRE(world.RunUntil([&] { return answer.has_value(); }, 10s));
    return *answer ? std::nullopt : std::optional(answer->error().code);
  }

  SimLoop other_loop{world, "other"};
};

TEST_CASE("restricted lists: a shard dies and returns, the leader crashes, a session expires") {
  Restricted site;
  site.fleet.Set("10.0.0.1:2", Server::kRefused);
  REQUIRE(site.Reaches(kName, "ADAA", 10s));
  site.fleet.Set("10.0.0.1:2", Server::kUp);
  REQUIRE(site.Reaches(kName, "AAAA", 10s));

  const std::string crashed = site.Leader().id();
  site.Kill(crashed);
  site.fleet.Set("10.0.0.1:3", Server::kRefused);
  REQUIRE(site.Reaches(kName, "AADA", 30s));
  site.Start(crashed);
  REQUIRE(site.world.RunUntil([&] { return site.BallotOf(kName, crashed).has_value(); }, 30s));
  site.ensemble.Expire(site.Follower().client());
  site.world.RunFor(10s);
  for (const char* id : {"c1", "c2", "c3"}) CHECK(site.BallotOf(kName, id).has_value());
  CHECK(site.Denials() == 0);
}

TEST_CASE("restricted lists: a session is cut off, and its ballot and candidate replaced") {
  Restricted site;
  SimChecker& cut = site.Follower();
  site.ensemble.Mute(cut.client());
  site.world.RunFor(3900ms);  // its lease is over, its session is not
  site.ensemble.Reconnect(cut.client());
  site.world.RunFor(20s);
  CHECK(site.BallotOf(kName, cut.id()).has_value());
  CHECK(site.Denials() == 0);
}

TEST_CASE("restricted lists: an operator changes, and deletes what the checkers made") {
  Restricted site;
  auto spec = site.MakeSpec(kName, 600);  // a chunk more: the head is deleted and made again
  spec.checkers = 3;
  site.Update(spec);
  REQUIRE(site.Reaches(kName, std::string(600, 'A'), 30s));
  site.Delete(kName);
  CHECK_FALSE(site.ensemble.Exists(site.paths.base()));
  CHECK(site.Denials() == 0);
}

TEST_CASE("restricted lists: a checker leaves the cluster, not its session") {
  Restricted site;
  SimChecker& leaving = site.Follower();
  leaving.Reload({"another"}, {});
  REQUIRE(site.world.RunUntil(
      [&] {
        return !site.BallotOf(kName, leaving.id()) &&
               site.ensemble.Children(site.paths.election()).size() == 2;
      },
      10s));
  CHECK(leaving.client().state() == SessionState::kConnected);
}

TEST_CASE("restricted lists: a checker leaves, its ballot and candidate with it") {
  Restricted site;
  SimChecker& leaving = site.Follower();
  leaving.Leave();
  REQUIRE(site.world.RunUntil([&] { return leaving.left(); }, 10s));
  CHECK_FALSE(site.BallotOf(kName, leaving.id()).has_value());
  CHECK(site.ensemble.Children(site.paths.election()).size() == 2);
  CHECK(site.Denials() == 0);
}

TEST_CASE("restricted lists: what each may do with another's ballot, the status, the spec") {
  Restricted site;
  const auto stranger = site.Join({});
  const auto other = site.Join(site.CheckerIdentity("c2"));
  const auto self = site.Join(site.CheckerIdentity("c1"));
  const auto op = site.Join(site.OperatorIdentity());
  const std::string ballot = site.paths.vote("c1");
  const auto no = std::optional(ErrorCode::kDenied);
  const auto yes = std::optional<ErrorCode>();
  const zk::Op kVote = zk::SetOp{ballot, "x", zk::kAnyVersion};
  CHECK(site.Try(*stranger, kVote) == no);
  CHECK(site.Try(*other, kVote) == no);
  CHECK(site.Try(*op, kVote) == no);
  CHECK(site.Try(*self, kVote) == yes);

  const zk::Op kFlip = zk::SetOp{site.paths.head(), "x", -2};  // a version that never is
  CHECK(site.Try(*stranger, kFlip) == no);
  CHECK(site.Try(*other, kFlip) == ErrorCode::kConflict);

  const zk::Op kRespec = zk::SetOp{site.paths.shards(), "x", -2};
  CHECK(site.Try(*stranger, kRespec) == no);
  CHECK(site.Try(*other, kRespec) == no);
  CHECK(site.Try(*op, kRespec) == ErrorCode::kConflict);

  CHECK(site.Try(*stranger, zk::CreateOp{site.paths.vote("ghost"), "x"}) == no);
  CHECK(site.Try(*stranger, zk::DeleteOp{ballot, zk::kAnyVersion}) == no);
  CHECK(site.Try(*stranger, zk::CheckOp{ballot, zk::kAnyVersion}) == yes);  // it may read
  // A checker corrects its ballot after an outsider has written to it.
  REQUIRE(site.world.RunUntil([&] { return site.BallotOf(kName, "c1").has_value(); }, 10s));
}

}  // namespace

}  // namespace restricted_test
