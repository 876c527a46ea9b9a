#include "ring/routing_table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace routing_table_test {

using namespace zkcluster;

namespace {

ClusterSpec Spec(std::size_t shards, int points, bool failover = true) {
  ClusterSpec spec;
  spec.name = "c";
  spec.ring = ConsistentRing{points};
  spec.failover = failover;
  for (std::size_t i = 0; i < shards; ++i) {
    spec.shards.push_back({"s" + std::to_string(i), "h:" + std::to_string(i + 1)});
  }
  return spec;
}

ShardState State(ShardStatus status, std::int64_t since) {
  return {status, Micros(since), Reason::kNone, {}};
}

std::shared_ptr<const RoutingTable> MustBuild(ClusterSpec spec, StatusBoard board,
                                              bool refuse = false,
                                              const RoutingTable* previous = nullptr) {
  auto table = RoutingTable::Build(std::move(spec), std::move(board), refuse, previous);
  REQUIRE(table.has_value());
  return *std::move(table);
}

// The second implementation: walks from the key's point, point by point, until a shard serves.
Location DumbLocate(const RoutingTable& table, bool refuse_unknown, std::string_view key) {
  const auto& points = table.ring().points();
  const auto& shards = table.spec().shards;
  const auto& states = table.board().shards;
  std::size_t at = 0;
  while (at < points.size() && points[at].hash < Ring::Hash(key)) ++at;
  const std::size_t owner = points[at % points.size()].shard;
  Location location;
  location.owner = shards[owner].name;
  location.since = states[owner].since;
  Micros newest_death{0};
  for (std::size_t n = 0; n < points.size(); ++n) {
    const std::size_t shard = points[(at + n) % points.size()].shard;
    const ShardState& state = states[shard];
    const bool serves = state.status == ShardStatus::kAlive ||
                        (state.status == ShardStatus::kUnknown && !refuse_unknown);
    if (serves) {
      location.serving = shards[shard].name;
      location.addr = shards[shard].addr;
      location.stand_in = shard != owner;
      location.since = std::max(state.since, newest_death);
      return location;
    }
    newest_death = std::max(newest_death, state.since);
    if (!table.spec().failover) return location;
  }
  return location;
}

constexpr auto kAlive = ShardStatus::kAlive;
constexpr auto kDead = ShardStatus::kDead;
constexpr auto kUnknown = ShardStatus::kUnknown;

// A key whose walk round the ring meets the shards in this order.
std::string KeyWithOrder(const Ring& ring, const std::vector<std::size_t>& order) {
  for (int i = 0;; ++i) {
    REQUIRE(i < 100'000);
    const std::string key = "k" + std::to_string(i);
    if (ring.Order(key, order.size()) == order) return key;
  }
}

}  // namespace

TEST_CASE("routing: against a dumb second implementation, on random boards") {
  std::mt19937_64 random(3);
  std::shared_ptr<const RoutingTable> previous;
  for (int round = 0; round < 400; ++round) {
    const std::size_t shards = 1 + random() % 12;
    const bool failover = random() % 5 != 0;
    const bool refuse = random() % 2 == 0;
    const std::uint64_t dead_percent = random() % 120;  // often all of them
    StatusBoard board;
    for (std::size_t i = 0; i < shards; ++i) {
      const auto status = random() % 100 < dead_percent ? kDead
                          : random() % 4 == 0           ? kUnknown
                                                        : kAlive;
      board.shards.push_back(State(status, static_cast<std::int64_t>(random() % 1000)));
    }
    const auto table = MustBuild(Spec(shards, static_cast<int>(1 + random() % 9), failover), board,
                                 refuse, previous.get());
    for (int i = 0; i < 60; ++i) {
      const std::string key = std::to_string(random());
      CAPTURE(key);
      REQUIRE(table->Locate(key) == DumbLocate(*table, refuse, key));
    }
    previous = table;
  }
}

TEST_CASE("routing: a living owner serves with its own since") {
  const auto table =
      MustBuild(Spec(3, 40), {{State(kAlive, 5), State(kAlive, 6), State(kAlive, 7)}});
  const std::string key = KeyWithOrder(table->ring(), {1, 2});
  const Location location = table->Locate(key);
  CHECK(location == Location{"s1", "s1", "h:2", false, Micros(6)});
  CHECK(table->Find(key).owner == 1);
  CHECK(table->Find(key).serving == 1);
}

TEST_CASE("routing: a stand-in's since is the newest of its own and every death on the way") {
  struct Case {
    const char* what;
    std::int64_t first_death, second_death, stand_in, since;
  };
  for (const Case& c : {Case{"the stand-in came back last", 10, 20, 30, 30},
                        Case{"the owner died last (its second death)", 30, 20, 10, 30},
                        Case{"the one skipped on the way died last", 10, 30, 20, 30}}) {
    CAPTURE(c.what);
    const auto table = MustBuild(
        Spec(3, 40),
        {{State(kDead, c.first_death), State(kDead, c.second_death), State(kAlive, c.stand_in)}});
    const std::string key = KeyWithOrder(table->ring(), {0, 1, 2});
    CHECK(table->Locate(key) == Location{"s0", "s2", "h:3", true, Micros(c.since)});
  }
}

TEST_CASE("routing: a death that was not skipped on the way does not count") {
  const auto table =
      MustBuild(Spec(3, 1), {{State(kDead, 10), State(kAlive, 5), State(kDead, 99)}});
  // With one point each the circle is fixed: the shard after s0 decides.
  const auto& points = table->ring().points();
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].shard != 0) continue;
    const bool meets_s2 = points[(i + 1) % 3].shard == 2;
    const std::string key = KeyWithOrder(table->ring(), {0});
    CHECK(table->Find(key).since == Micros(meets_s2 ? 99 : 10));
  }
}

TEST_CASE("routing: without failover a dead owner's keys have nobody, at once") {
  const auto table = MustBuild(Spec(2, 40, false), {{State(kDead, 9), State(kAlive, 1)}});
  const std::string key = KeyWithOrder(table->ring(), {0, 1});
  CHECK(table->Locate(key) == Location{"s0", std::nullopt, "", false, Micros(9)});
  CHECK(table->Find(key).serving == RoutingTable::kNobody);
  CHECK(table->Locate(KeyWithOrder(table->ring(), {1, 0})).serving == "s1");
}

TEST_CASE("routing: a location that is used again holds nothing of before") {
  ClusterSpec spec = Spec(3, 40);
  const std::vector<StatusBoard> boards = {{{State(kAlive, 1), State(kAlive, 2), State(kAlive, 3)}},
                                           {{State(kDead, 9), State(kAlive, 2), State(kDead, 4)}},
                                           {{State(kDead, 9), State(kDead, 8), State(kDead, 7)}}};
  Location location;
  for (int i = 0; i < 60; ++i) {
    const auto table = MustBuild(spec, boards[static_cast<std::size_t>(i) % boards.size()]);
    const std::string key = std::to_string(i);
    table->Locate(key, location);
    CHECK(location == table->Locate(key));
  }
}

TEST_CASE("routing: every shard dead") {
  const auto table = MustBuild(Spec(2, 3), {{State(kDead, 1), State(kDead, 2)}});
  for (int i = 0; i < 50; ++i) {
    const Location location = table->Locate(std::to_string(i));
    CHECK_FALSE(location.serving.has_value());
    CHECK(location.addr.empty());
  }
}

TEST_CASE("routing: a shard without a status is served unless refused") {
  const StatusBoard board{{State(kUnknown, 0), State(kAlive, 8)}};
  const auto optimistic = MustBuild(Spec(2, 40), board, false);
  const std::string key = KeyWithOrder(optimistic->ring(), {0, 1});
  CHECK(optimistic->Locate(key) == Location{"s0", "s0", "h:1", false, Micros(0)});
  const auto refusing = MustBuild(Spec(2, 40), board, true);
  CHECK(refusing->Locate(key) == Location{"s0", "s1", "h:2", true, Micros(8)});
}

TEST_CASE("routing: the ring is built again only when names or ring change") {
  const StatusBoard board{{State(kAlive, 1), State(kAlive, 2)}};
  const ClusterSpec spec = Spec(2, 10);
  const auto first = MustBuild(spec, board);
  const auto reuses = [&](const ClusterSpec& changed, StatusBoard changed_board) {
    return &MustBuild(changed, std::move(changed_board), false, first.get())->ring() ==
           &first->ring();
  };
  CHECK(reuses(spec, {{State(kDead, 5), State(kAlive, 2)}}));
  ClusterSpec changed = spec;
  changed.shards[0].addr = "h:9";
  changed.failover = false;
  CHECK(reuses(changed, board));
  changed = spec;
  changed.ring = ConsistentRing{11};
  CHECK_FALSE(reuses(changed, board));
  changed = spec;
  std::swap(changed.shards[0], changed.shards[1]);
  CHECK_FALSE(reuses(changed, board));
  changed = spec;
  changed.shards.pop_back();
  CHECK_FALSE(reuses(changed, {{State(kAlive, 1)}}));
  changed = spec;
  changed.ring = KetamaRing{};
  CHECK_FALSE(reuses(changed, board));
  const auto ketama = MustBuild(changed, board);
  changed.shards[0].weight = 3;
  CHECK(&MustBuild(changed, board, false, ketama.get())->ring() != &ketama->ring());
}

TEST_CASE("routing: keys are hashed as the ring says") {
  ClusterSpec spec = Spec(5, 160);
  const StatusBoard board{std::vector<ShardState>(5, State(kAlive, 1))};
  for (const RingHash hash : {RingHash::kFnv1a64, RingHash::kMd5}) {
    spec.ring = KetamaRing{hash};
    const auto table = MustBuild(spec, board);
    for (int i = 0; i < 100; ++i) {
      const std::string key = "key" + std::to_string(i);
      CHECK(table->Find(key).owner == Ring::Build(spec.shards, spec.ring)->Owner(key));
    }
  }
}

TEST_CASE("routing: a spec that makes no ring") {
  CHECK(RoutingTable::Build(Spec(0, 5), {}, false).error().code == ErrorCode::kInvalid);
  CHECK(RoutingTable::Build(Spec(1, 0), {{ShardState{}}}, false).error().code ==
        ErrorCode::kInvalid);
}

}  // namespace routing_table_test
