// zkctl in races: the questions it asks, two operators at once, a zkctl that is killed at any
// moment, clusters deleted under live checkers. ZooKeeper is read znode by znode: a change is
// complete or absent.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <set>

#include "tests/support/zkctl_process.h"

namespace zkcluster::integration::zkctl_race_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Every znode below the cluster, or nothing.
std::vector<std::string> Tree(Site& site, const std::string& path) {
  if (!site.direct.Exists(path)) return {};
  std::vector<std::string> all = {path};
  for (const std::string& child : site.direct.Children(path)) {
    const auto below = Tree(site, path + "/" + child);
    all.insert(all.end(), below.begin(), below.end());
  }
  return all;
}

std::set<std::string> Names(const ClusterSpec& spec) {
  std::set<std::string> names;
  for (const auto& shard : spec.shards) names.insert(shard.name);
  return names;
}

ClusterSpec Get(Site& site, const std::string& name) {
  auto spec = site.manager->Get(name);
  REQUIRE_MESSAGE(spec.has_value(), spec.error().message);
  return *spec;
}

// "absent"; "whole": as one transaction created it, and as one last changed it; else what is wrong.
std::string Wholeness(Site& site, const std::string& name) {
  const ClusterPaths paths = site.Paths(name);
  const auto base = site.direct.Get(paths.base());
  if (!base) {
    return Tree(site, paths.base()).empty() ? "absent" : "no version, but znodes below it";
  }
  for (const std::string& path :
       {paths.shards(), paths.options(), paths.go_voters(), paths.quorum(), paths.election(),
        paths.votes(), paths.chunks(), paths.events()}) {
    const auto node = site.direct.Get(path);
    if (!node) return path + " is missing";
    if (node->stat.czxid != base->stat.czxid) return path + " is of another transaction";
  }
  for (const std::string& path : {paths.shards(), paths.options()}) {
    if (site.direct.Get(path)->stat.mzxid != base->stat.mzxid)
      return path + " is of another change";
  }
  return "whole";
}

// Requests of a killed zkctl may still arrive between two of our reads; a half-written cluster
// would remain one.
std::string SettledWholeness(Site& site, const std::string& name) {
  std::string seen;
  static_cast<void>(site.direct.Await(
      [&] {
        seen = Wholeness(site, name);
        return seen == "absent" || seen == "whole";
      },
      seconds(2)));
  return seen;
}

// Until a started zkctl has ended by itself or `delay` has passed; then it is killed.
void KillAfter(Site& site, ZkctlProcess& process, Duration delay) {
  static_cast<void>(site.direct.Await([&] { return !process.child().running(); }, delay));
  process.child().Kill();
}

Duration TimeOf(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::steady_clock::now() - start;
}

// The first half of a command connects and reads; the moments of the kills lie around the change.
constexpr int kKills = 20;
Duration Moment(Duration whole, int i) {
  return whole * (kKills / 2 + i) / kKills;
}

TEST_CASE("zkctl delete and update on a terminal: asks, and obeys the answer") {
  Site site;
  const Operator shell(site);
  const auto create = [&] {
    CheckDone(shell.Run(
        {"create", "sessions", "--shard", "s1=h:1", "--shard", "s2=h:2", "--shard", "s3=h:3"}));
  };
  create();
  const ClusterSpec before = Get(site, "sessions");
  for (const std::string answer : {"n\n", "no\n", "\n", "nonsense\n", "other\n", "\x04", "\x03"}) {
    CAPTURE(answer);
    ZkctlTerminal remove({"delete", "sessions"}, shell.variables);
    REQUIRE(remove.Await("This deletes cluster sessions with 3 shards."));
    remove.Type(answer);
    const Output refused = remove.Wait();
    if (answer == "\x03") {
      CHECK(refused.signal == SIGINT);
    } else {
      CHECK(refused.code == 1);
      CHECK(refused.out.find("nothing was done") != std::string::npos);
    }
    CHECK(Get(site, "sessions") == before);
  }
  for (const std::string answer : {"y\n", "Y\n", "yes\n", "sessions\n"}) {
    CAPTURE(answer);
    ZkctlTerminal remove({"delete", "sessions"}, shell.variables);
    REQUIRE(remove.Await("This deletes cluster sessions"));
    remove.Type(answer);
    CHECK(remove.Wait().code == 0);
    CHECK(Tree(site, site.Paths("sessions").base()).empty());
    create();
  }
  {
    ZkctlTerminal update({"update", "sessions", "--remove-shard", "s2"}, shell.variables);
    REQUIRE(update.Await("This removes 1 shard of the 3 of sessions: s2."));
    update.Type("n\n");
    CHECK(update.Wait().code == 1);
    CHECK(Get(site, "sessions").shards.size() == 3);
  }
  {
    ZkctlTerminal update({"update", "sessions", "--remove-shard", "s2"}, shell.variables);
    REQUIRE(update.Await("This removes 1 shard"));
    update.Type("y\n");
    CHECK(update.Wait().code == 0);
    CHECK(Names(Get(site, "sessions")) == std::set<std::string>{"s1", "s3"});
  }
  // Nothing is asked where --yes answers.
  CHECK(ZkctlTerminal({"update", "sessions", "--add-shard", "s4=h:4", "--yes"}, shell.variables)
            .Wait()
            .code == 0);
  CHECK(ZkctlTerminal({"delete", "sessions", "--yes"}, shell.variables).Wait().code == 0);
  CHECK(Tree(site, site.Paths("sessions").base()).empty());
}

TEST_CASE("zkctl: the cluster changes while its operator thinks about the question") {
  Site site;
  const Operator shell(site);
  CheckDone(shell.Run({"create", "sessions", "--shard", "s1=h:1", "--shard", "s2=h:2"}));
  const auto ask = [&](const Arguments& arguments, const Arguments& meanwhile) {
    ZkctlTerminal terminal(arguments, shell.variables);
    REQUIRE(terminal.Await(" or y: "));
    CheckDone(shell.Run(meanwhile));
    terminal.Type("y\n");
    const Output output = terminal.Wait();
    CHECK(output.code == 1);
    CHECK_MESSAGE(output.out.find("the cluster changed under you") != std::string::npos,
                  output.out);
  };
  ask({"update", "sessions", "--remove-shard", "s1"}, {"update", "sessions", "--points", "10"});
  CHECK(Names(Get(site, "sessions")) == std::set<std::string>{"s1", "s2"});
  ask({"delete", "sessions"}, {"update", "sessions", "--points", "20"});
  CHECK(Get(site, "sessions").ring == RingSpec(ConsistentRing{20}));
  // Deleted and created again in the meantime: another cluster, about which no question was asked.
  ZkctlTerminal terminal({"delete", "sessions"}, shell.variables);
  REQUIRE(terminal.Await(" or y: "));
  CheckDone(shell.Run({"delete", "sessions", "--yes"}));
  CheckDone(shell.Run({"create", "sessions", "--shard", "n1=h:1"}));
  terminal.Type("y\n");
  CHECK(terminal.Wait().code == 1);
  CHECK(Names(Get(site, "sessions")) == std::set<std::string>{"n1"});
}

TEST_CASE("zkctl update: two operators at once, with the version they have seen") {
  Site site;
  const Operator shell(site);
  CheckDone(shell.Run({"create", "sessions", "--shard", "s1=h:1"}));
  for (int round = 0; round < 10; ++round) {
    CAPTURE(round);
    const std::string seen = shell.Run({"get", "sessions"}).out;
    std::vector<std::unique_ptr<ZkctlProcess>> operators;
    for (const std::string name : {"left", "right"}) {
      const std::string shard = name + std::to_string(round);
      const std::string file =
          shell.File(shard, seen + "  - {name: " + shard + ", addr: '" + shard + ":1'}\n");
      operators.push_back(shell.Start({"update", "sessions", "-f", file}));
    }
    const Output left = operators[0]->Wait();
    const Output right = operators[1]->Wait();
    CHECK(left.code + right.code == 1);
    const Output& refusal = left.code == 0 ? right : left;
    CheckRefused(refusal, 1, "the cluster changed under you: version ");
    CheckDone(left.code == 0 ? left : right);
    const auto names = Names(Get(site, "sessions"));
    CHECK(names.size() == static_cast<std::size_t>(round) + 2);
    CHECK(names.contains((left.code == 0 ? "left" : "right") + std::to_string(round)));
    CHECK(Wholeness(site, "sessions") == "whole");
  }
}

TEST_CASE("zkctl update: four operators at once, without versions, lose nothing") {
  Site site;
  const Operator shell(site);
  CheckDone(shell.Run({"create", "sessions", "--shard", "s1=h:1"}));
  std::set<std::string> expected = {"s1"};
  int refused = 0;
  for (int round = 0; round < 10; ++round) {
    CAPTURE(round);
    std::vector<std::pair<std::string, std::unique_ptr<ZkctlProcess>>> operators;
    for (int i = 0; i < 4; ++i) {
      const std::string shard = "s" + std::to_string(round) + "-" + std::to_string(i);
      operators.emplace_back(
          shard, shell.Start({"update", "sessions", "--add-shard", shard + "=" + shard + ":1"}));
    }
    int done = 0;
    for (const auto& [shard, process] : operators) {
      const Output output = process->Wait();
      if (output.code == 0) {
        ++done;
        expected.insert(shard);
        CheckDone(output);
      } else {
        ++refused;
        CheckRefused(output, 1, "the cluster changed under you: version ");
      }
    }
    CHECK(done >= 1);
    CHECK(Names(Get(site, "sessions")) == expected);
    CHECK(Wholeness(site, "sessions") == "whole");
  }
  MESSAGE(refused << " of 40 updates were refused because the cluster had changed");
}

TEST_CASE("zkctl create and delete: four operators at once") {
  Site site;
  const Operator shell(site);
  for (int round = 0; round < 5; ++round) {
    for (const bool creating : {true, false}) {
      CAPTURE(round);
      CAPTURE(creating);
      std::vector<std::unique_ptr<ZkctlProcess>> operators;
      for (int i = 0; i < 4; ++i) {
        const std::string shard = "s" + std::to_string(i) + "=h:1";
        operators.push_back(creating ? shell.Start({"create", "sessions", "--shard", shard})
                                     : shell.Start({"delete", "sessions", "--yes"}));
      }
      int done = 0;
      for (const auto& process : operators) {
        const Output output = process->Wait();
        done += output.code == 0;
        if (output.code != 0) CheckRefused(output, 1, "sessions");
      }
      CHECK(done == 1);
      CHECK(Wholeness(site, "sessions") == (creating ? "whole" : "absent"));
    }
  }
}

TEST_CASE("zkctl is killed in the middle of create, update and delete: all or nothing") {
  Site site;
  const Operator shell(site);
  // Large enough that the moments within the change are not hit only by luck.
  std::string shards = "shards:\n";
  for (int i = 0; i < 2000; ++i) {
    const std::string number = std::to_string(i);
    shards += "  - {name: s" + number + ", addr: 'host" + number + ":6379'}\n";
  }
  const std::string first = shell.File("first.yaml", "name: sessions\nquorum: 1\n" + shards);
  const std::string second = shell.File(
      "second.yaml", "name: sessions\nquorum: 2\n" + shards + "  - {name: more, addr: 'more:1'}\n");
  const auto create = [&] { CheckDone(shell.Run({"create", "sessions", "-f", first})); };
  const auto remove = [&] { static_cast<void>(shell.Run({"delete", "sessions", "--yes"})); };

  const Duration create_time = TimeOf(create);
  const Duration update_time = TimeOf([&] {
    CheckDone(shell.Run({"update", "sessions", "-f", second}));
  });
  const Duration delete_time = TimeOf(remove);
  std::map<std::string, int> outcomes;

  for (int i = 0; i < kKills; ++i) {
    CAPTURE(i);
    remove();
    const auto process = shell.Start({"create", "sessions", "-f", first});
    KillAfter(site, *process, Moment(create_time, i));
    const std::string state = SettledWholeness(site, "sessions");
    CHECK((state == "absent" || state == "whole"));
    if (state == "whole") CHECK(Get(site, "sessions").shards.size() == 2000);
    ++outcomes["create: " + state];
  }
  remove();
  create();
  for (int i = 0; i < kKills; ++i) {
    CAPTURE(i);
    const bool to_second = Get(site, "sessions").quorum == 1;
    const auto process =
        shell.Start({"update", "sessions", "--yes", "-f", to_second ? second : first});
    KillAfter(site, *process, Moment(update_time, i));
    CHECK(SettledWholeness(site, "sessions") == "whole");
    const ClusterSpec spec = Get(site, "sessions");
    CHECK(spec.shards.size() == (spec.quorum == 1 ? 2000U : 2001U));
    ++outcomes[(spec.quorum == 2) == to_second ? "update: new" : "update: old"];
  }
  for (int i = 0; i < kKills; ++i) {
    CAPTURE(i);
    const auto process = shell.Start({"delete", "sessions", "--yes"});
    KillAfter(site, *process, Moment(delete_time, i));
    const std::string state = SettledWholeness(site, "sessions");
    CHECK((state == "absent" || state == "whole"));
    ++outcomes["delete: " + state];
    if (!site.direct.Exists(site.Paths("sessions").base())) create();
  }
  for (const auto& [outcome, count] : outcomes) MESSAGE(outcome << ": " << count);
  // No leftover hinders the next operator.
  remove();
  create();
}

TEST_CASE("zkctl delete with live checkers, and create of the same name at once, ten times") {
  Site site;
  site.AddRedis(2);
  site.AddCheckers(3);
  const Operator shell(site);
  const Arguments create = {"create",     "sessions",
                            "--checkers", "3",
                            "--shard",    "s1=" + site.redis[0]->address(),
                            "--shard",    "s2=" + site.redis[1]->address(),
                            "--probe",    "interval=100ms"};
  CheckDone(shell.Run(create));
  for (int round = 0; round < 10; ++round) {
    CAPTURE(round);
    // Every other time all three are running; otherwise they are still registering.
    if (round % 2 == 0) {
      REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
      REQUIRE(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
    }
    const ClusterSpec before = Get(site, "sessions");
    CheckDone(shell.Run({"delete", "sessions", "--yes"}));
    CHECK(Tree(site, site.Paths("sessions").base()).empty());
    CheckDone(shell.Run(create));
    CHECK(Get(site, "sessions").version > before.version);
  }
  // The last of them is a cluster like the first: a death is seen.
  REQUIRE(site.AwaitStatus("sessions", "AA") == "AA");
  site.redis[0]->Kill();
  REQUIRE(site.AwaitStatus("sessions", "DA") == "DA");

  std::vector<std::size_t> gone;
  for (const auto& checker : site.checkers)
    gone.push_back(checker->CountLog({"event=cluster.gone"}));
  CheckDone(shell.Run({"delete", "sessions", "--yes"}));
  for (std::size_t i = 0; i < gone.size(); ++i) {
    CHECK(site.direct.Await(
        [&] { return site.checkers[i]->CountLog({"event=cluster.gone"}) > gone[i]; }));
  }
  // None of them writes anything of it again.
  site.direct.Pump(seconds(1));
  CHECK(site.direct.Children(site.root).empty());
  for (const auto& checker : site.checkers) CHECK(checker->running());
}

}  // namespace
}  // namespace zkcluster::integration::zkctl_race_test
