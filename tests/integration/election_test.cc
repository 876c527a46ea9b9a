// Leaders and sessions under disturbance: which checker decides after one has left, was killed,
// frozen, cut off or doubled, and that none decides twice.
#include <algorithm>

#include "admin/snapshot.h"
#include "tests/support/proxy.h"
#include "tests/support/site.h"

namespace zkcluster::integration {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Epochs in the journal's order never fall: nothing was written by a leader after its successor.
void CheckEpochsNeverFall(Site& site, const std::string& cluster) {
  std::int64_t last = 0;
  for (const Event& event : site.Journal(cluster)) {
    CHECK(event.epoch >= last);
    last = event.epoch;
  }
  CHECK(site.Read(cluster).leader->epoch == last);
}

TEST_CASE("election: the leader is stopped, and leaves nothing behind") {
  Site site;
  site.AddRedis(2);
  // Longer than any wait here: only an orderly leave lets the next one lead in time.
  for (const char* id : {"c1", "c2", "c3"}) {
    auto options = site.CheckerDefaults(id);
    options.session_timeout = "50s";
    site.AddChecker(options);
  }
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
  auto& leader = site.AwaitLeader("sessions");
  const auto epoch = site.Read("sessions").leader->epoch;
  const std::string id = leader.id();

  CHECK(leader.Stop() == sandbox::ExitStatus{0, 0});
  const Snapshot after = site.Read("sessions");
  for (const auto& candidate : after.candidates) CHECK(candidate.name.id != id);
  for (const auto& voter : after.voters) CHECK(voter.id != id);

  auto& next = site.AwaitLeader("sessions");
  CHECK(next.id() != id);
  CHECK(site.Read("sessions").leader->epoch == epoch + 1);
  // Two of three are a quorum, and decide.
  site.redis[0]->Kill();
  CHECK(site.AwaitStatus("sessions", "DA") == "DA");
  CheckEpochsNeverFall(site, "sessions");
}

TEST_CASE("election: all checkers are stopped, one after the other, and start again") {
  Site site;
  site.AddRedis(2);
  site.AddCheckers(3);
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
  for (auto& checker : site.checkers) CHECK(checker->Stop().code == 0);
  CHECK(site.direct.Children(site.Paths("sessions").election()).empty());
  CHECK(site.direct.Children(site.Paths("sessions").votes()).empty());
  CHECK(site.Statuses("sessions") == "AA");
  site.redis[1]->Kill();
  for (auto& checker : site.checkers) checker->Start();
  CHECK(site.AwaitStatus("sessions", "AD") == "AD");
  CheckEpochsNeverFall(site, "sessions");
}

TEST_CASE("election: the leader is killed while a shard dies, and returns under its id") {
  Site site;
  site.AddRedis(2);
  site.AddCheckers(3);
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
  auto& leader = site.AwaitLeader("sessions");
  const auto epoch = site.Read("sessions").leader->epoch;
  leader.Kill();
  site.redis[0]->Kill();
  REQUIRE(site.AwaitStatus("sessions", "DA") == "DA");
  CHECK(site.Read("sessions").leader->epoch > epoch);
  // Perhaps its former session still holds the id: it waits for that, and is not refused.
  leader.Start();
  CHECK(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  CHECK(site.direct.Await([&] { return site.Read("sessions").candidates.size() == 3; }));
  CheckEpochsNeverFall(site, "sessions");
}

TEST_CASE("election: a follower is killed and starts again at once, its ghost still registered") {
  Site site;
  site.AddRedis(1);
  site.AddCheckers(2);
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "A") == "A");
  auto& leader = site.AwaitLeader("sessions");
  auto& follower = leader.id() == "c1" ? *site.checkers[1] : *site.checkers[0];
  const auto epoch = site.Read("sessions").leader->epoch;
  follower.Kill();
  follower.Start();  // ready: its ballot is there
  CHECK(site.Voters("sessions") == "c1,c2");
  CHECK(site.direct.Children(site.Paths("sessions").election()).size() == 2);
  CHECK(site.Read("sessions").leader->epoch == epoch);
}

// Three checkers, the first of them behind a proxy that knows its session.
struct Tapped {
  Site site;
  contract::Proxy proxy{site.direct.loop(), site.zookeeper.port()};

  Tapped() {
    site.AddRedis(2);
    auto options = site.CheckerDefaults("c1");
    options.zookeeper = proxy.address();
    options.ready_line.clear();  // the proxy turns with this thread's loop
    site.AddChecker(options);
    ClusterSpec spec = site.SpecOf("sessions");
    spec.checkers = 3;
    site.Create(spec);
    REQUIRE(site.direct.Await([&] { return site.Voters("sessions") == "c1"; }));
  }
  void AddOthers() {
    for (const char* id : {"c2", "c3"}) {
      auto options = site.CheckerDefaults(id);
      options.ready_line.clear();
      site.AddChecker(options);
    }
    REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
    REQUIRE(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  }
  // Of the candidate of `id`; 0: it has none.
  std::int64_t OwnerOf(const std::string& id) {
    for (const auto& candidate : site.Read("sessions").candidates) {
      if (candidate.name.id != id) continue;
      const auto node = site.direct.Get(site.Paths("sessions").candidate(candidate.node));
      return node ? node->stat.ephemeral_owner : 0;
    }
    return 0;
  }
};

TEST_CASE("session: the leader's session expires, and it registers again behind the others") {
  Tapped tapped;
  Site& site = tapped.site;
  tapped.AddOthers();
  REQUIRE(site.AwaitLeader("sessions").id() == "c1");
  const auto epoch = site.Read("sessions").leader->epoch;
  const auto credentials = tapped.proxy.credentials();
  REQUIRE(tapped.OwnerOf("c1") == credentials.session_id);

  contract::EndSession(site.zookeeper.port(), credentials);
  REQUIRE(site.direct.Await([&] {
    const auto owner = tapped.OwnerOf("c1");
    return owner != 0 && owner != credentials.session_id;
  }));
  CHECK(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  CHECK(site.AwaitLeader("sessions").id() != "c1");
  CHECK(site.Read("sessions").leader->epoch == epoch + 1);
  CHECK(site.checkers[0]->CountLog({"event=zk.lost"}) == 1);
  CHECK(site.direct.Children(site.Paths("sessions").election()).size() == 3);
  // Its vote counts as before.
  site.redis[0]->Kill();
  REQUIRE(site.AwaitStatus("sessions", "DA") == "DA");
  CHECK(site.Statuses("sessions") == "DA");
  CheckEpochsNeverFall(site, "sessions");
}

TEST_CASE("session: the leader's connection breaks for a moment, its session lives on") {
  Tapped tapped;
  Site& site = tapped.site;
  tapped.AddOthers();
  const auto session = tapped.proxy.credentials().session_id;
  const auto before = site.direct.Children(site.Paths("sessions").election());
  tapped.proxy.Break();
  REQUIRE(site.direct.Await(
      [&] { return site.checkers[0]->CountLog({"event=election.deposed"}) > 0; }));
  tapped.proxy.Mend();
  // It leads again with the same candidate, or a successor leads.
  site.redis[1]->Kill();
  REQUIRE(site.AwaitStatus("sessions", "AD") == "AD");
  if (tapped.proxy.credentials().session_id == session) {
    CHECK(site.direct.Children(site.Paths("sessions").election()) == before);
  }
  CHECK(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  CheckEpochsNeverFall(site, "sessions");
}

TEST_CASE("session: the leader is cut off without a word") {
  Tapped tapped;
  Site& site = tapped.site;
  tapped.AddOthers();
  const auto epoch = site.Read("sessions").leader->epoch;
  tapped.proxy.Mute();
  site.redis[0]->Kill();
  REQUIRE(site.AwaitStatus("sessions", "DA") == "DA");
  CHECK(site.Read("sessions").leader->epoch > epoch);
  CHECK(site.direct.Await(
      [&] { return site.checkers[0]->CountLog({"event=election.deposed"}) == 1; }));
  tapped.proxy.Mend();
  CHECK(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  CheckEpochsNeverFall(site, "sessions");
}

TEST_CASE("candidate: the answer to its create is lost") {
  Site site;
  site.AddRedis(1);
  contract::Proxy proxy(site.direct.loop(), site.zookeeper.port());
  auto options = site.CheckerDefaults("c1");
  options.zookeeper = proxy.address();
  options.session_timeout = "20s";  // the session outlives the broken connection
  options.ready_line.clear();
  site.AddChecker(options);
  const ClusterSpec spec = site.SpecOf("sessions");
  proxy.LoseAnswerToCreate(site.Paths("sessions").election() + "/c1-");
  site.Create(spec);
  REQUIRE(site.AwaitStatus("sessions", "A") == "A");
  CHECK(proxy.lost() == 1);
  // The one that was made first leads, and there is no other.
  const auto nodes = site.direct.Children(site.Paths("sessions").election());
  REQUIRE(nodes.size() == 1);
  CHECK(ParseCandidateName(nodes[0])->sequence == 0);
  CHECK(site.Voters("sessions") == "c1");
}

TEST_CASE("leader: frozen beyond its session, it wakes and writes nothing as the old leader") {
  Site site;
  site.AddRedis(3);
  for (const char* id : {"c1", "c2", "c3"}) {
    auto options = site.CheckerDefaults(id);
    options.session_timeout = "1500ms";
    site.AddChecker(options);
  }
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "AAA") == "AAA");
  auto& frozen = site.AwaitLeader("sessions");
  const auto epoch = site.Read("sessions").leader->epoch;
  const std::size_t ballots = frozen.CountLog({"event=ballot.published"});
  frozen.Pause();
  // While it is stopped another leads, and two shards change, one of them back and forth.
  REQUIRE(site.direct.Await([&] { return site.Read("sessions").leader->epoch > epoch; }));
  site.redis[0]->Kill();
  site.redis[1]->Kill();
  REQUIRE(site.AwaitStatus("sessions", "DDA") == "DDA");
  site.redis[1]->Start();
  REQUIRE(site.AwaitStatus("sessions", "DAA") == "DAA");
  REQUIRE(site.direct.Await([&] { return site.Candidates("sessions").size() == 5; }));  // "c1,c2"
  const auto head = site.Read("sessions").head;

  frozen.Resume();
  REQUIRE(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  CHECK(frozen.CountLog({"event=ballot.published"}) == ballots + 1);
  CHECK(site.Statuses("sessions") == "DAA");
  CHECK(site.AwaitLeader("sessions").id() != frozen.id());
  CHECK(site.Read("sessions").head->epoch == head->epoch);
  CheckEpochsNeverFall(site, "sessions");
  // And its vote is counted: with one other gone the two of them are the quorum.
  for (auto& checker : site.checkers) {
    if (checker->id() == frozen.id() || checker.get() == &site.AwaitLeader("sessions")) continue;
    checker->Stop();
    break;
  }
  site.redis[2]->Kill();
  CHECK(site.AwaitStatus("sessions", "DAD") == "DAD");
}

TEST_CASE("follower: frozen while every shard lives, it wakes without a wrong vote") {
  Site site;
  site.AddRedis(3);
  site.AddCheckers(2);
  ClusterSpec spec = site.SpecOf("sessions");
  spec.quorum = 1;  // a single wrong vote would show
  spec.checkers = 2;
  site.Create(spec);
  REQUIRE(site.AwaitStatus("sessions", "AAA") == "AAA");
  auto& leader = site.AwaitLeader("sessions");
  auto& follower = leader.id() == "c1" ? *site.checkers[1] : *site.checkers[0];
  for (int i = 0; i < 3; ++i) {
    follower.Pause();
    site.direct.Pump(seconds(1));  // beyond every threshold, within the session or not
    follower.Resume();
  }
  REQUIRE(site.AwaitVoters("sessions", "c1,c2") == "c1,c2");
  CHECK(follower.CountLog({"event=opinion.dead"}) == 0);
  for (const Event& event : site.Journal("sessions")) {
    const auto* const flips = event.As<Event::Flips>();
    if (flips == nullptr) continue;
    for (const auto& flip : flips->flips) CHECK(flip.to == ShardStatus::kAlive);
  }
}

TEST_CASE("quorum: one checker of three flips nothing") {
  Site site;
  site.AddRedis(2);
  site.AddCheckers(3);
  site.Create(site.SpecOf("sessions"));
  REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
  site.checkers[0]->Stop();
  site.checkers[1]->Kill();
  REQUIRE(site.AwaitLeader("sessions").id() == "c3");
  REQUIRE(site.direct.Await([&] { return site.Voters("sessions") == "c3"; }));
  site.redis[0]->Kill();
  // It votes dead and leads, and logs why one vote is not enough.
  REQUIRE(site.direct.Await([&] {
    const auto voters = site.Read("sessions").voters;
    return voters.size() == 1 && voters[0].ballot &&
           voters[0].ballot->votes.at(0).opinion == Opinion::kDead;
  }));
  REQUIRE(site.checkers[2]->AwaitLog({"event=quorum.missing", "quorum=2", "c1,c2"}, kLimit));
  // A change of the spec makes it decide once more: still without a flip.
  auto spec = site.manager->Get("sessions");
  REQUIRE(spec.has_value());
  spec->probe.interval = milliseconds(90);
  REQUIRE(site.manager->Update(*spec).has_value());
  REQUIRE(site.direct.Await([&] {
    const auto snapshot = site.Read("sessions");
    return snapshot.head && snapshot.head->spec.version == snapshot.spec.spec.version;
  }));
  CHECK(site.Statuses("sessions") == "AA");
  site.checkers[0]->Start();
  CHECK(site.AwaitStatus("sessions", "DA") == "DA");
}

TEST_CASE("checker id: a second daemon with the same id is refused") {
  Site site;
  site.AddRedis(1);
  auto& first = site.AddChecker("c1");
  site.Create(site.SpecOf("sessions"));
  for (const char* more : {"a", "b", "c", "d", "e", "f"}) {  // logged once, not by each
    site.Create(site.SpecOf(more));
    REQUIRE(site.AwaitStatus(more, "A") == "A");
  }
  REQUIRE(site.AwaitStatus("sessions", "A") == "A");
  const auto nodes = site.direct.Children(site.Paths("sessions").election());
  auto options = site.CheckerDefaults("c1");
  options.ready_line.clear();
  auto& second = site.AddChecker(options);
  const auto status = second.AwaitExit(kLimit);
  REQUIRE(status.has_value());
  CHECK(*status == sandbox::ExitStatus{69, 0});
  CHECK(second.CountLog({"level=error", "event=checker.id_in_use", "id=c1",
                         "held_by_pid=" + std::to_string(first.pid())}) == 1);
  CHECK(site.direct.Await(
      [&] { return site.direct.Children(site.Paths("sessions").election()) == nodes; }));
  CHECK(site.Voters("sessions") == "c1");
  site.redis[0]->Kill();
  CHECK(site.AwaitStatus("sessions", "D") == "D");
}

}  // namespace
}  // namespace zkcluster::integration
