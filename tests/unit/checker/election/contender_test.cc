#include "checker/election/contender.h"

#include <doctest/doctest.h>

#include "tests/fakes/sim_checker.h"

namespace contender_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;

namespace {

const ClusterPaths kPaths("/r", "c");

// One contender in a process of its own.
struct Process {
  Process(SimWorld& world, FakeEnsemble& ensemble, const std::string& id, char guid)
      : loop(world, id),
        logger(NewSinkLogger(LogLevel::kDebug,
                             [this](LogLevel, const std::string& line) { OnLine(line); })),
        client(ensemble.NewClient(loop, 4s)) {
    Contender::Callbacks callbacks;
    callbacks.registered = [this](const std::string&) { registered = true; };
    callbacks.unregistered = [this] { registered = false; };
    callbacks.elected = [this](const Leadership& l) {
      leadership = l;
      ++elections;
    };
    callbacks.deposed = [this] { leadership.reset(); };
    callbacks.refused = [this](const Registration& r) { refused = r; };
    contender = std::make_unique<Contender>(ClusterScope{loop, *logger, *client, kPaths},
                                            Registrant{id, std::string(32, guid), {}}, callbacks);
  }

  void OnLine(const std::string& line) {
    const auto to = line.find(" to=");
    if (line.find("event=election.state ") == std::string::npos) return;
    path += (path.empty() ? "" : " ") + line.substr(to + 4);
  }

  SimLoop loop;
  std::string path;  // the states it entered, as logged
  std::shared_ptr<Logger> logger;
  std::unique_ptr<zk::Client> client;
  std::unique_ptr<Contender> contender;
  bool registered = false;
  int elections = 0;
  std::optional<Leadership> leadership;
  std::optional<Registration> refused;
};

struct Election {
  Election() : ensemble(world) {
    for (const auto& path :
         {kPaths.quorum(), kPaths.election(), kPaths.votes(), kPaths.chunks(), kPaths.events()}) {
      ensemble.Put(path, "");
    }
  }
  Process& Add(const std::string& id, char guid) {
    processes.push_back(std::make_unique<Process>(world, ensemble, id, guid));
    return *processes.back();
  }
  [[nodiscard]] std::size_t candidates() const {
    return ensemble.Children(kPaths.election()).size();
  }
  bool Registers(Process& process) {
    return world.RunUntil([&] { return process.registered; }, 20s);
  }
  bool Leads(Process& process, Duration limit = 20s) {
    return world.RunUntil([&] { return process.leadership.has_value(); }, limit);
  }

  SimWorld world;
  FakeEnsemble ensemble;
  std::vector<std::unique_ptr<Process>> processes;
};

}  // namespace

TEST_CASE("election: the first leads, the others follow and take over in order") {
  Election election;
  Process& a = election.Add("a", 'a');
  REQUIRE(election.Leads(a));
  Process& b = election.Add("b", 'b');
  REQUIRE(election.Registers(b));
  Process& c = election.Add("c", 'c');
  REQUIRE(election.Registers(c));
  CHECK(!b.leadership);
  CHECK(a.leadership->record.epoch == 1);
  bool left = false;
  a.contender->Leave({}, [&] { left = true; });
  REQUIRE(election.Leads(b, 100ms));
  CHECK(left);
  CHECK(b.leadership->record.epoch == 2);
  CHECK(!c.leadership);
  CHECK(election.candidates() == 2);
}

TEST_CASE("election: three before are watched, so one departure wakes three, however many wait") {
  Election election;
  for (char id = '1'; id <= '8'; ++id)
    REQUIRE(election.Registers(election.Add(std::string(1, id), id)));
  election.world.RunFor(1s);
  const auto before = election.ensemble.requests_served();
  election.processes[3]->contender->Leave({}, [] {});
  election.world.RunFor(100ms);
  // The leave itself, and three followers that list and watch again: themselves and three others.
  CHECK(election.ensemble.requests_served() - before <= 1 + 3 * (1 + 1 + 3));
}

TEST_CASE("depose: a follower takes over ahead of its turn, and those before it go to the end") {
  Election election;
  Process& a = election.Add("a", 'a');
  REQUIRE(election.Leads(a));
  Process& b = election.Add("b", 'b');
  REQUIRE(election.Registers(b));
  Process& c = election.Add("c", 'c');
  REQUIRE(election.Registers(c));
  const auto line = SortCandidates(election.ensemble.Children(kPaths.election()));
  c.contender->Depose({{line[0], line[1]}, a.leadership->token, std::nullopt, 600ms});
  REQUIRE(election.Leads(c, 100ms));
  CHECK(c.leadership->record.epoch == 2);
  CHECK(c.leadership->record.deposed == std::vector<std::string>{"a", "b"});
  CHECK(c.leadership->token == election.ensemble.Get(kPaths.leader())->stat.version);
  REQUIRE(election.world.RunUntil([&] { return !a.leadership; }, 1s));
  REQUIRE(election.world.RunUntil([&] { return a.registered && b.registered; }, 5s));
  const auto now = SortCandidates(election.ensemble.Children(kPaths.election()));
  REQUIRE(now.size() == 3);
  CHECK(now[0].name.id == "c");
  // An ordinary take-over later passes on that there was a deposition.
  c.contender->Leave({}, [] {});
  REQUIRE(election.world.RunUntil([&] { return a.leadership || b.leadership; }, 5s));
  const LeaderRecord& next = (a.leadership ? a : b).leadership->record;
  CHECK(next.deposed.empty());
  CHECK(next.depositions.size() == 1);
}

TEST_CASE("depose: refused where another has led since, or a decision came first") {
  Election election;
  Process& a = election.Add("a", 'a');
  REQUIRE(election.Leads(a));
  Process& b = election.Add("b", 'b');
  REQUIRE(election.Registers(b));
  election.ensemble.Put(kPaths.head(), "decided");
  const zk::Version head = election.ensemble.Get(kPaths.head())->stat.version;
  const auto line = SortCandidates(election.ensemble.Children(kPaths.election()));
  SUBCASE("another leadership") {
    b.contender->Depose({{line[0]}, a.leadership->token + 1, head, 600ms});
  }
  SUBCASE("another head") {
    b.contender->Depose({{line[0]}, a.leadership->token, head + 1, 600ms});
  }
  election.world.RunFor(2s);
  CHECK(a.leadership);
  CHECK_FALSE(b.leadership);
  CHECK(b.registered);
  CHECK(election.candidates() == 2);
}

TEST_CASE("depose: who does not follow does not") {
  Election election;
  Process& a = election.Add("a", 'a');
  REQUIRE(election.Leads(a));
  a.contender->Depose({{}, a.leadership->token, std::nullopt, 600ms});
  election.world.RunFor(1s);
  CHECK(a.leadership);
  CHECK(a.elections == 1);
}

TEST_CASE("election: parents are made where a Go manager created the cluster") {
  Election election;
  election.ensemble.Remove(kPaths.quorum());
  REQUIRE(election.Leads(election.Add("a", 'a')));
  CHECK(election.ensemble.Exists(kPaths.events()));
  CHECK(election.ensemble.Exists(kPaths.votes()));
}

TEST_CASE("create candidate: its answer is lost, and there is one candidate in the end") {
  Election election;
  Process& a = election.Add("a", 'a');
  election.ensemble.LoseAnswer(*a.client, [](const Request& r) { return r.verb == Verb::kCreate; });
  REQUIRE(election.Leads(a));
  CHECK(election.candidates() == 1);
  CHECK(a.leadership->candidate ==
        kPaths.candidate(election.ensemble.Children(kPaths.election())[0]));
}

TEST_CASE("create candidate: the request is lost, and there is one candidate in the end") {
  Election election;
  Process& a = election.Add("a", 'a');
  election.ensemble.DropRequest(*a.client,
                                [](const Request& r) { return r.verb == Verb::kCreate; });
  REQUIRE(election.Leads(a));
  CHECK(election.candidates() == 1);
}

TEST_CASE("create candidate: a slow one is served after the next attempt has found another") {
  Election election;
  int creates = 0;
  Process& a = election.Add("a", 'a');
  REQUIRE(
      election.world.RunUntil([&] { return a.client->state() == SessionState::kConnected; }, 5s));
  election.ensemble.SetSlow(2s);
  election.ensemble.SetFate(*a.client, [&](const Request& r) {
    creates += r.verb == Verb::kCreate ? 1 : 0;
    return Fate::kServe;
  });
  for (int n = 1; n <= 2; ++n) {
    REQUIRE(election.world.RunUntil([&] { return creates == n; }, 5s));
    if (n == 2) REQUIRE(election.world.RunUntil([&] { return election.candidates() == 1; }, 5s));
    election.world.RunFor(100ms);
    election.ensemble.Reset(*a.client);
  }
  REQUIRE(election.Registers(a));
  election.ensemble.SetSlow(0s);
  REQUIRE(election.Leads(a));
  CHECK(election.candidates() == 2);
  election.world.RunFor(10s);
  CHECK(election.candidates() == 1);
  CHECK(a.leadership);
}

TEST_CASE("create candidate: answer and session are lost together, the ghost goes") {
  Election election;
  Process& a = election.Add("a", 'a');
  bool lost = false;
  election.ensemble.SetFate(*a.client, [&](const Request& r) {
    if (lost || r.verb != Verb::kCreate) return Fate::kServe;
    lost = true;
    return Fate::kLoseAnswer;
  });
  REQUIRE(election.world.RunUntil([&] { return lost; }, 5s));
  election.ensemble.Expire(*a.client);
  REQUIRE(election.Leads(a));
  election.world.RunFor(10s);
  CHECK(election.candidates() == 1);
}

TEST_CASE("take over: its answer is lost, and the leadership that follows is of a later epoch") {
  Election election;
  Process& a = election.Add("a", 'a');
  election.ensemble.LoseAnswer(*a.client, [](const Request& r) { return r.verb == Verb::kMulti; });
  REQUIRE(election.Leads(a));
  CHECK(a.elections == 1);
  CHECK(a.leadership->record.epoch == 2);
  const auto node = election.ensemble.Get(kPaths.leader());
  REQUIRE(node);
  CHECK(node->stat.version == a.leadership->token);
}

TEST_CASE(
    "take over: refused when somebody else wrote leader meanwhile, then done on the new version") {
  Election election;
  Process& a = election.Add("a", 'a');
  bool once = false;
  election.ensemble.SetFate(*a.client, [&](const Request& r) {
    if (r.verb == Verb::kMulti && !once) {
      once = true;
      election.ensemble.Put(kPaths.leader(), EncodeLeader({"other", 41, Micros(1)}));
    }
    return Fate::kServe;
  });
  REQUIRE(election.Leads(a));
  CHECK(a.leadership->record.epoch == 42);
}

TEST_CASE("candidate: removed by an outsider, the follower registers again") {
  Election election;
  REQUIRE(election.Leads(election.Add("a", 'a')));
  Process& b = election.Add("b", 'b');
  REQUIRE(election.Registers(b));
  const auto nodes = election.ensemble.Children(kPaths.election());
  for (const auto& node : nodes) {
    if (node.starts_with("b-")) election.ensemble.Remove(kPaths.candidate(node));
  }
  REQUIRE(election.world.RunUntil([&] { return election.candidates() == 2; }, 5s));
  REQUIRE(election.Registers(b));
}

TEST_CASE("suspended: leadership ends before the answer of anything else") {
  Election election;
  Process& a = election.Add("a", 'a');
  REQUIRE(election.Leads(a));
  election.ensemble.Mute(*a.client);
  REQUIRE(election.world.RunUntil([&] { return !a.leadership; }, 4s));
  CHECK(!a.registered);
  election.ensemble.Reconnect(*a.client);
  REQUIRE(election.Leads(a));
  CHECK(a.elections == 2);
}

TEST_CASE("identity: two start at the same moment with one id, one is refused") {
  Election election;
  Process& a = election.Add("same", 'a');
  Process& b = election.Add("same", 'b');
  REQUIRE(election.world.RunUntil([&] { return a.refused || b.refused; }, 30s));
  CHECK(a.refused.has_value() != b.refused.has_value());
  Process& winner = a.refused ? b : a;
  CHECK(winner.registered);
  CHECK(winner.leadership);
  CHECK(election.world.RunUntil([&] { return election.candidates() == 1; }, 1s));
}

TEST_CASE("states: the first leads, the second follows, and each step is logged") {
  Election election;
  Process& a = election.Add("a", 'a');
  REQUIRE(election.Leads(a));
  Process& b = election.Add("b", 'b');
  REQUIRE(election.Registers(b));
  CHECK(a.path == "registering taking_over leading");
  CHECK(b.path == "registering following");
  a.contender->Leave({}, [] {});
  REQUIRE(election.Leads(b));
  CHECK(a.path == "registering taking_over leading left");
  CHECK_FALSE(a.registered);
  CHECK_FALSE(a.contender->leading());
  CHECK(b.path == "registering following taking_over leading");
}

TEST_CASE("states: a leader steps down, and registers again with the same candidate") {
  Election election;
  Process& a = election.Add("a", 'a');
  REQUIRE(election.Leads(a));
  const std::string candidate = a.leadership->candidate;
  a.contender->StepDown("a fence was refused");
  CHECK_FALSE(a.leadership);
  CHECK_FALSE(a.registered);
  REQUIRE(election.Leads(a));
  CHECK(a.leadership->candidate == candidate);
  CHECK(a.leadership->record.epoch == 2);
  CHECK(a.path == "registering taking_over leading registering taking_over leading");
}

TEST_CASE("states: the twin leaves in time, and the waiting one leads") {
  Election election;
  Process& first = election.Add("same", 'a');
  REQUIRE(election.Leads(first));
  Process& second = election.Add("same", 'b');
  election.world.RunFor(2s);
  CHECK(second.path == "registering waiting");
  CHECK_FALSE(second.registered);
  first.contender->Leave({}, [] {});
  REQUIRE(election.Leads(second));
  CHECK(second.path == "registering waiting taking_over leading");
  CHECK_FALSE(second.refused);
}

TEST_CASE("states: the twin stays, and the later one is refused for good") {
  Election election;
  Process& first = election.Add("same", 'a');
  REQUIRE(election.Leads(first));
  Process& second = election.Add("same", 'b');
  // One and a half times the longer of the two sessions, and a second.
  election.world.RunFor(6s);
  CHECK_FALSE(second.refused);
  REQUIRE(election.world.RunUntil([&] { return second.refused.has_value(); }, 2s));
  election.ensemble.Expire(*second.client);
  election.world.RunFor(20s);
  CHECK(second.path == "registering waiting refused");
  CHECK(election.candidates() == 1);
}

TEST_CASE("states: a wait for a twin begins again after a suspended session") {
  Election election;
  Process& first = election.Add("same", 'a');
  REQUIRE(election.Leads(first));
  Process& second = election.Add("same", 'b');
  election.world.RunFor(5s);
  election.ensemble.Reset(*second.client);
  election.world.RunFor(5s);
  CHECK_FALSE(second.refused);
  CHECK(second.path == "registering waiting away registering waiting");
  CHECK(election.world.RunUntil([&] { return second.refused.has_value(); }, 5s));
}

TEST_CASE("leave: the ballot has gone meanwhile, the candidate goes all the same") {
  Election election;
  REQUIRE(election.Leads(election.Add("a", 'a')));
  Process& b = election.Add("b", 'b');
  REQUIRE(election.Registers(b));
  bool left = false;
  b.contender->Leave({zk::DeleteOp{kPaths.vote("b"), 3}}, [&] { left = true; });
  REQUIRE(election.world.RunUntil([&] { return left; }, 5s));
  CHECK(election.candidates() == 1);
}

TEST_CASE("ghosts: candidates without a session are nobody, whatever their number and id") {
  Election election;
  const auto ghost = [&](const std::string& id, char guid, const char* number) {
    election.ensemble.Put(kPaths.candidate(CandidatePrefix(id, std::string(32, guid)) + number),
                          "{}");
  };
  election.ensemble.SetSequence(kPaths.election(), 100);
  ghost("b", '1', "0000000001");  // the twin of one of ours
  ghost("a", '2', "0000000002");
  ghost("z", '3', "0000000003");
  Process& a = election.Add("a", 'a');
  REQUIRE(election.Leads(a));
  CHECK(a.leadership->record.epoch == 1);
  Process& b = election.Add("b", 'b');
  REQUIRE(election.world.RunUntil([&] { return b.registered; }, 500ms));
  CHECK(!b.refused);
  // Restored before a leader that lives: it leads on, in the same epoch.
  ghost("y", '4', "0000000004");
  election.ensemble.Put(a.leadership->candidate, "touched");
  election.world.RunFor(1s);
  CHECK(a.elections == 1);
  CHECK(a.leadership.has_value());
  // And before the one that takes over: nobody leads who could remove it.
  election.ensemble.Expire(*a.client);
  REQUIRE(election.Leads(b, 500ms));
}

TEST_CASE("ghosts: the predecessor's candidate comes back without its session") {
  Election election;
  Process& a = election.Add("a", 'a');
  REQUIRE(election.Leads(a));
  Process& b = election.Add("b", 'b');
  REQUIRE(election.Registers(b));
  const std::string path = a.leadership->candidate;
  const std::string data = election.ensemble.Get(path)->data;
  election.ensemble.Expire(*a.client);
  election.ensemble.Put(path, data);
  REQUIRE(election.Leads(b, 500ms));
  CHECK(election.ensemble.Exists(path));  // a leader's inputs remove it
  REQUIRE(election.world.RunUntil([&] { return a.registered; }, 2s));
}
}  // namespace contender_test
