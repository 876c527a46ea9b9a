#include "model/servers.h"

#include <doctest/doctest.h>

#include "model/ballot.h"

namespace servers_test {

using namespace zkcluster;

TEST_CASE("servers: shard by shard in the order of the spec, one each") {
  const std::vector<ShardSpec> shards = {
      {"s2", "10.0.0.2:6379"}, {"s1", "10.0.0.1:6379"}, {"s9", "10.0.0.9:6379"}};
  const std::vector<ServerRef> servers = ServersOf(shards);
  CHECK(servers == std::vector<ServerRef>{{0, 0}, {1, 0}, {2, 0}});
  CHECK(ServerCount(shards) == servers.size());
  for (const ServerRef& server : servers) {
    CHECK(AddrOf(shards, server) == shards[server.shard].addr);
  }
  CHECK(ServersOf({}).empty());
  CHECK(ServerCount({}) == 0);
}

TEST_CASE("opinions: counted by what each vote says") {
  const Vote alive{Opinion::kAlive, Reason::kNone};
  const Vote dead{Opinion::kDead, Reason::kTimeout};
  CHECK(CountOpinions({}) == OpinionCounts{});
  CHECK(CountOpinions({alive, dead, {}, alive}) ==
        OpinionCounts{{Opinion::kNotProbed, 1}, {Opinion::kAlive, 2}, {Opinion::kDead, 1}});
}

}  // namespace servers_test
