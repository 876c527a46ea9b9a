// Side by side with the Go library of 2015: its specs, its live checkers and its clients, played by
// a session that writes the same bytes (tests/testdata/znodes.json shows it byte for byte).
#include <fstream>
#include <nlohmann/json.hpp>

#include "admin/snapshot.h"
#include "tests/support/site.h"

namespace zkcluster::integration::go_test {
namespace {

using std::chrono::seconds;

struct GoZnode {
  std::string name;  // below the cluster; "": itself
  std::string data;
  bool ephemeral = false;
};

std::vector<GoZnode> Recorded() {
  std::vector<GoZnode> znodes;
  std::ifstream file(ZKC_TESTDATA "/znodes.json");
  const std::string prefix = "/goreclusters/sessions";
  const auto recorded = nlohmann::json::parse(file);
  for (const auto& row : recorded["znodes"]) {
    const std::string path = row["path"];
    if (path.rfind(prefix, 0) != 0) continue;
    znodes.push_back({path.substr(prefix.size()), row["data"], row["ephemeral"]});
  }
  return znodes;
}

// The recorded cluster over living servers: ports 17901 .. 17904 become those of the site's Redis.
class GoCluster {
 public:
  explicit GoCluster(Site& site) : site_(site), paths_(site.Paths("sessions")) {
    static_cast<void>(site.direct.Create(site.root, "goreclusters"));
    for (const GoZnode& znode : Recorded()) {
      if (znode.ephemeral) continue;
      const auto made = site.direct.Create(paths_.base() + znode.name, Moved(znode.data));
      REQUIRE_MESSAGE(made.has_value(), made.error().message);
    }
  }

  // A Go checker registers and votes, as it does at its start and after each change.
  std::unique_ptr<DirectSession> AddChecker() {
    auto checker = std::make_unique<DirectSession>(site_.zookeeper.address());
    std::string votes;
    for (const GoZnode& znode : Recorded()) {
      if (znode.ephemeral) votes = Moved(znode.data);
    }
    REQUIRE(checker->Create(paths_.go_voters() + "/n_", votes, zk::CreateMode::kEphemeralSequential)
                .has_value());
    REQUIRE(checker->Put(paths_.go_voters(), "sessions").has_value());
    return checker;
  }

  // What a Go leader would write: one letter a shard.
  void SetStatus(const std::string& letters, std::int64_t since) {
    StatusBoard board;
    for (const char letter : letters) {
      ShardState row;
      row.status = letter == 'A' ? ShardStatus::kAlive : ShardStatus::kDead;
      row.since = Micros(since);
      board.shards.push_back(row);
    }
    REQUIRE(site_.direct.Put(paths_.mirror(), EncodeMirror(Shards(), board)).has_value());
  }

  [[nodiscard]] std::vector<ShardSpec> Shards() {
    const auto spec = site_.manager->Get("sessions");
    REQUIRE_MESSAGE(spec.has_value(), spec.error().message);
    return spec->shards;
  }

 private:
  [[nodiscard]] std::string Moved(std::string text) const {
    for (std::size_t i = 0; i < site_.redis.size(); ++i) {
      const std::string from = std::to_string(17901 + i);
      for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;) {
        text.replace(at, from.size(), std::to_string(site_.redis[i]->port()));
      }
    }
    return text;
  }

  Site& site_;
  const ClusterPaths paths_;
};

sandbox::CheckerOptions Fast(const Site& site, const std::string& id) {
  auto options = site.CheckerDefaults(id);
  options.probe = "interval: 100ms, timeout: 250ms, threshold: 600ms, refused_threshold: 200ms";
  return options;
}

TEST_CASE("go: our checkers hold while a Go checker lives, and take over when the last has gone") {
  Site site;
  site.AddRedis(4);
  GoCluster go(site);
  auto first = go.AddChecker();
  auto second = go.AddChecker();
  for (const char* id : {"c1", "c2", "c3"}) site.AddChecker(Fast(site, id));
  const auto cluster = site.OpenClient("sessions");
  CHECK(Letters(cluster->view()) == "AAAD");  // as the Go leader wrote it
  CHECK(cluster->view().epoch == 0);

  auto& leader = site.AwaitLeader("sessions");
  REQUIRE(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  CHECK(leader.AwaitLog({"event=leader.hold", "hold=go_checkers"}, kLimit));
  Snapshot held = site.Read("sessions");
  CHECK_FALSE(held.head.has_value());
  CHECK(held.from_go_status);
  CHECK(held.go_voters.size() == 2);
  CHECK(site.Statuses("sessions") == "AAAD");

  // Our voters see a death and a return; only Go decides, and our client obeys it.
  const auto s2_dead = [&] {
    for (const auto& voter : site.Read("sessions").voters) {
      if (!voter.ballot || voter.ballot->votes.at(1).opinion != Opinion::kDead) return false;
    }
    return true;
  };
  site.redis[1]->Kill();
  REQUIRE(site.direct.Await(s2_dead));
  CHECK(Letters(cluster->view()) == "AAAD");
  go.SetStatus("ADAD", 1795228044999999);
  CHECK(site.AwaitView(*cluster, "ADAD") == "ADAD");
  CHECK(cluster->view().shards[1].since.count() == 1795228044999999);

  first.reset();
  REQUIRE(site.direct.Await([&] { return site.Read("sessions").go_voters.size() == 1; }));
  CHECK_FALSE(site.Read("sessions").head.has_value());
  second.reset();
  // Now s4, which was dead for Go, is alive, as all our checkers voted.
  CHECK(site.AwaitStatus("sessions", "ADAA") == "ADAA");
  CHECK(site.AwaitView(*cluster, "ADAA") == "ADAA");
  const Snapshot taken = site.Read("sessions");
  CHECK_FALSE(taken.from_go_status);
  REQUIRE(taken.head.has_value());
  CHECK(cluster->view().epoch == taken.head->epoch);
  CHECK(leader.AwaitLog({"event=leader.resumed"}, kLimit));
  // A shard that did not flip keeps the time of the Go flip.
  CHECK(taken.board.shards[1].since.count() == 1795228044999999);

  // The mirror that Go clients read has the bytes Go would write.
  const auto mirror = site.direct.Data(site.Paths("sessions").mirror());
  CHECK(mirror == EncodeMirror(taken.spec.spec.shards, taken.board));
  nlohmann::json expected;
  for (std::size_t i = 0; i < taken.board.shards.size(); ++i) {
    const std::string& addr = taken.spec.spec.shards[i].addr;
    const ShardState& row = taken.board.shards[i];
    expected[addr] = {
        {"Addr", addr}, {"Alive", row.status == ShardStatus::kAlive}, {"Since", row.since.count()}};
  }
  CHECK(mirror == expected.dump());

  // A Go checker started by mistake stops us at once; its end lets us go on.
  auto third = go.AddChecker();
  REQUIRE(site.direct.Await([&] { return leader.CountLog({"event=leader.hold"}) >= 2; }));
  site.redis[2]->Kill();
  REQUIRE(site.direct.Await([&] {
    for (const auto& voter : site.Read("sessions").voters) {
      if (!voter.ballot || voter.ballot->votes.at(2).opinion != Opinion::kDead) return false;
    }
    return true;
  }));
  CHECK(site.Statuses("sessions") == "ADAA");
  third.reset();
  CHECK(site.AwaitStatus("sessions", "ADDA") == "ADDA");
}

TEST_CASE("go: the way back to Go checkers, and out of it again with one of three votes") {
  Site site;
  site.AddRedis(4);
  GoCluster go(site);
  std::vector<sandbox::CheckerProcess*> checkers;
  for (const char* id : {"c1", "c2", "c3"}) checkers.push_back(&site.AddChecker(Fast(site, id)));
  const auto cluster = site.OpenClient("sessions");
  REQUIRE(site.AwaitStatus("sessions", "AAAA") == "AAAA");
  REQUIRE(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  auto& leader = site.AwaitLeader("sessions");
  const ClusterPaths paths = site.Paths("sessions");

  auto checker = go.AddChecker();
  CHECK(leader.AwaitLog({"event=leader.yielded"}, kLimit));
  CHECK(site.direct.Await([&] { return !site.direct.Exists(paths.head()); }));
  CHECK(Letters(cluster->view()) == "AAAA");
  site.redis[0]->Kill();
  go.SetStatus("DAAA", 1895228044999999);
  CHECK(site.AwaitView(*cluster, "DAAA") == "DAAA");
  CHECK(cluster->view().epoch == 0);
  CHECK(site.Read("sessions").from_go_status);
  CHECK(site.Statuses("sessions") == "DAAA");

  for (sandbox::CheckerProcess* one : checkers) {
    if (one != &leader) one->Kill();
  }
  REQUIRE(site.direct.Await([&] { return site.direct.Children(paths.votes()).size() == 1; }));
  const std::string status = site.direct.Data(paths.mirror());
  checker.reset();
  CHECK(leader.AwaitLog({"event=leader.resumed"}, kLimit));
  REQUIRE(site.direct.Await([&] { return site.direct.Exists(paths.head()); }));
  CHECK(site.direct.Data(paths.mirror()) == status);
  CHECK(site.Statuses("sessions") == "DAAA");
  CHECK(Letters(cluster->view()) == "DAAA");
}

TEST_CASE("go: its manager's options under a freeze let no held death out") {
  Site site;
  site.AddRedis(4);
  GoCluster go(site);
  for (const char* id : {"c1", "c2", "c3"}) site.AddChecker(Fast(site, id));
  auto spec = site.manager->Get("sessions");
  REQUIRE(spec.has_value());
  spec->max_dead_fraction = 0.25;
  REQUIRE(site.manager->Update(*spec).has_value());
  REQUIRE(site.AwaitStatus("sessions", "AAAA") == "AAAA");
  for (std::size_t i : {0U, 1U, 2U}) site.redis[i]->Kill();
  const auto frozen = [&] {
    const Snapshot read = site.Read("sessions");
    return read.ledger && read.ledger->freeze.frozen;
  };
  REQUIRE(site.direct.Await(frozen));
  REQUIRE(site.direct.Await([&] {
    for (const auto& voter : site.Read("sessions").voters) {
      if (!voter.ballot || voter.ballot->votes.at(2).opinion != Opinion::kDead) return false;
    }
    return true;
  }));
  const std::string held = site.Statuses("sessions");
  const ClusterPaths paths = site.Paths("sessions");
  REQUIRE(site.direct
              .Put(paths.options(),
                   R"({"FailoverEnabled":true,"RingType":"consistent","RingParams":"160"})")
              .has_value());
  CHECK(site.AwaitLeader("sessions")
            .AwaitLog({"event=spec.keys_lost", "kept=\"max_dead_fraction=0.25\""}, kLimit));
  CHECK(site.Statuses("sessions") == held);
  CHECK(frozen());
  REQUIRE(site.manager->Update(*site.manager->Get("sessions")).has_value());
  CHECK(site.AwaitStatus("sessions", "DDDA") == "DDDA");
}

TEST_CASE("go: a program of ours follows a cluster with only Go checkers") {
  Site site;
  site.AddRedis(4);
  GoCluster go(site);
  auto checker = go.AddChecker();
  const auto cluster = site.OpenClient("sessions");
  const auto spec = site.manager->Get("sessions");
  REQUIRE(spec.has_value());
  CHECK(spec->shards[0].name == "s<1>&a");
  CHECK(spec->shards[1].addr == ":" + std::to_string(site.redis[1]->port()));
  CHECK(spec->ring == RingSpec(ConsistentRing{160}));
  CHECK(spec->failover);
  std::int64_t since = 1795228045000000;
  for (const char* letters : {"AAAA", "DAAA", "DDDA", "AADD", "DDDD", "AAAA"}) {
    go.SetStatus(letters, ++since);
    CHECK(site.AwaitView(*cluster, letters) == letters);
  }
  // `:port` is this host, for the pool too.
  auto lease = cluster->Connect(KeyOwnedBy(*cluster, "s2"));
  REQUIRE_MESSAGE(lease.has_value(), lease.error().message);
  CHECK(lease->location().serving == "s2");
}

TEST_CASE("go: its manager changes the spec in three writes, under our checkers") {
  Site site;
  site.AddRedis(4);
  GoCluster go(site);
  for (const char* id : {"c1", "c2", "c3"}) site.AddChecker(Fast(site, id));
  const auto cluster = site.OpenClient("sessions");
  REQUIRE(site.AwaitStatus("sessions", "AAAA") == "AAAA");
  const ClusterPaths paths = site.Paths("sessions");
  // Without s1, in Go's order: the list, the options, then the version.
  auto shards = go.Shards();
  std::string list;
  for (std::size_t i = 1; i < shards.size(); ++i) {
    list += std::string(list.empty() ? "[" : ",") + "{\"Name\":\"" + shards[i].name +
            "\",\"Addr\":\"" + shards[i].addr + "\"}";
  }
  REQUIRE(site.direct.Put(paths.shards(), list + "]").has_value());
  REQUIRE(site.direct
              .Put(paths.options(),
                   R"({"FailoverEnabled":false,"RingType":"CONSISTENT","RingParams":"80"})")
              .has_value());
  REQUIRE(site.direct.Put(paths.base(), "1795228099000000").has_value());
  CHECK(site.AwaitStatus("sessions", "AAA") == "AAA");
  REQUIRE(site.direct.Await([&] { return cluster->view().spec_version == 1795228099000000U; }));
  CHECK(Letters(cluster->view()) == "AAA");
  const std::string key = KeyOwnedBy(*cluster, "s3");
  site.redis[2]->Kill();
  CHECK(site.AwaitView(*cluster, "ADA") == "ADA");
  CHECK(CodeName(cluster->Connect(key)) == "shard_dead");
}

TEST_CASE("go: its DeleteCluster stops half-way, and our checkers keep the last spec") {
  Site site;
  site.AddRedis(4);
  GoCluster go(site);
  auto& checker = site.AddChecker(Fast(site, "c1"));
  const auto cluster = site.OpenClient("sessions");
  REQUIRE(site.AwaitView(*cluster, "AAAA") == "AAAA");
  const ClusterPaths paths = site.Paths("sessions");
  for (const auto& path : {paths.shards(), paths.options(), paths.mirror()}) {
    REQUIRE(site.direct.Delete(path).has_value());
  }
  CHECK(checker.AwaitLog({"level=error", "event=spec.incomplete"}, kLimit));
  CHECK(checker.running());
  CHECK(site.Voters("sessions") != "");
  CHECK(Letters(cluster->view()) == "AAAA");
  CHECK(site.direct.Children(paths.votes()) == std::vector<std::string>{"c1"});
  // Our manager finishes what Go began.
  const auto deleted = site.manager->Delete("sessions");
  CHECK_MESSAGE(deleted.has_value(), deleted.error().message);
  CHECK_FALSE(site.direct.Exists(paths.base()));
  CHECK(checker.AwaitLog({"event=cluster.gone"}, kLimit));
}

}  // namespace
}  // namespace zkcluster::integration::go_test
