// Access to a real ensemble whose znodes only operators and checkers may change, with the real
// programs: a table of attempts and their results.
#include <cstdio>
#include <filesystem>

#include "tests/support/zkctl_fleet.h"
#include "zk/access.h"
#include "zk/identity.h"

namespace zkcluster::integration {
namespace {

using std::chrono::seconds;

constexpr const char* kOps = "ops:operators' secret";
constexpr const char* kAll = "checkers:checkers' secret";

void CheckSays(const Output& output, const std::string& part) {
  CheckDone(output);
  CHECK_MESSAGE(output.out.find(part) != std::string::npos, output.out);
}

// A fleet of three checkers, each with an access file of its own, made by an operator who has one.
struct Guarded : Site {
  explicit Guarded(const std::string& acl = "restricted") {
    AddRedis(2);
    // An operator's file may have an `own` line, too: when passwords are changed.
    ops = File("ops.access", std::string("operators password ") + kOps + "\ncheckers digest " +
                                 DigestId(kAll) + "\nown password ops:former secret\n");
    shell.variables["ZKCTL_ACCESS"] = ops;
    CheckDone(shell.Run({"init", "--acl", acl}));
    CheckDone(shell.Run({"create",     "sessions",
                         "--acl",      acl,
                         "--checkers", "3",
                         "--shard",    "s1=" + redis[0]->address(),
                         "--shard",    "s2=" + redis[1]->address(),
                         "--probe",    "interval=100ms",
                         "--probe",    "timeout=100ms",
                         "--probe",    "threshold=400ms",
                         "--probe",    "refused_threshold=200ms",
                         "--probe",    "fast_interval=50ms"}));
    StartCheckers(acl);
    CHECK(AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
    CHECK(AwaitStatus("sessions", "AA") == "AA");
  }
  void StartCheckers(const std::string& acl) {
    for (const char* id : {"c1", "c2", "c3"}) {
      auto options = CheckerDefaults(id);
      options.access = AccessOf(id);
      options.acl = acl;
      AddChecker(std::move(options));
    }
  }
  std::string File(const std::string& name, const std::string& text) const {
    sandbox::WriteFile(folder.path() / name, text);
    using std::filesystem::perms;
    std::filesystem::permissions(folder.path() / name, perms::owner_read | perms::owner_write);
    return (folder.path() / name).string();
  }
  std::string AccessOf(const std::string& id) const {
    return File(id + ".access", "operators digest " + DigestId(kOps) + "\ncheckers password " +
                                    kAll + "\nown password " + id + ":secret of " + id + "\n");
  }
  using Attempt = std::pair<const char*, zk::Op>;
  // An attempt to harm the cluster. A client that is permitted gets "conflict" or "exists",
  // and changes nothing.
  std::vector<Attempt> Attempts() {
    const ClusterPaths paths = Paths("sessions");
    const zk::Version never = 2'000'000'000;
    const auto candidates = direct.Children(paths.election());
    REQUIRE_FALSE(candidates.empty());
    const std::string candidate = paths.candidate(candidates.front());
    return {{"vote in c1's name", zk::SetOp{paths.vote("c1"), "x", never}},
            {"write into a registration", zk::SetOp{candidate, "x", never}},
            {"cast a new ballot", zk::CreateOp{paths.vote("c1"), ""}},
            {"enter the election", zk::CreateOp{candidate, ""}},
            {"take a ballot away", zk::DeleteOp{paths.vote("c1"), never}},
            {"end a candidacy", zk::DeleteOp{candidate, never}},
            {"flip a status", zk::SetOp{paths.chunk(0), "[]", never}},
            {"announce a status", zk::SetOp{paths.head(), "{}", never}},
            {"flip it for Go clients", zk::SetOp{paths.mirror(), "{}", never}},
            {"become the leader", zk::SetOp{paths.leader(), "{}", never}},
            {"pause, forget a checker", zk::SetOp{paths.ledger(), "{}", never}},
            {"delete the journal", zk::DeleteOp{paths.events(), never}},
            {"change the shards", zk::SetOp{paths.shards(), "[]", never}},
            {"delete the options", zk::DeleteOp{paths.options(), never}},
            {"create a cluster", zk::CreateOp{paths.base(), ""}},
            {"add a znode to a cluster", zk::CreateOp{paths.go_voters(), ""}},
            {"remove a cluster", zk::DeleteOp{root + "/absent", never}}};
  }
  std::unique_ptr<zk::Client> Join(const zk::Identity& identity) {
    auto client = zk::NewNativeClient(
        direct.loop(), *logger,
        {.servers = {zookeeper.address()}, .session_timeout = seconds(60), .identity = identity});
    REQUIRE(direct.Await([&] { return client->state() == SessionState::kConnected; }));
    return client;
  }
  std::string Try(zk::Client& by, const zk::Op& op) {
    std::optional<Result<std::vector<zk::OpResult>>> answer;
    by.Multi({op}, [&](auto result) { answer = std::move(result); });
    REQUIRE(direct.Await([&] { return answer.has_value(); }));
    return CodeName(*answer);
  }

  sandbox::TempFolder folder{"zkc-access"};
  std::shared_ptr<Logger> logger = NullLogger();
  std::string ops;
  Operator shell{*this};
};

TEST_CASE("restricted: attempts on a living fleet, by strangers, clients, a checker, an operator") {
  Guarded site;
  const auto who = [](const std::string& file) {
    return zk::Identity{zk::LoadAccess(file)->credentials, {}};
  };
  const std::vector<std::pair<const char*, zk::Identity>> kActors = {
      {"stranger", {}},
      {"liar", {{"ops:guess", "checkers:guess", "c1:guess"}, {}}},
      {"checker c2", who(site.AccessOf("c2"))},
      {"operator", who(site.ops)},
  };
  std::vector<std::unique_ptr<zk::Client>> clients;
  std::printf("%-28s", "attempt");
  for (const auto& [name, identity] : kActors) {
    clients.push_back(site.Join(identity));
    std::printf("%-12s", name);
  }
  std::string got;
  for (const auto& [attempt, op] : site.Attempts()) {
    std::printf("\n%-28s", attempt);
    got += "\n" + std::string(attempt) + ":";
    for (const auto& client : clients) {
      const std::string code = site.Try(*client, op);
      std::printf("%-12s", code.c_str());
      got += " " + code;
    }
  }
  // A client that may change a list may then do everything else. So this comes last, done
  // by the operator.
  std::printf("\n%-28s", "open the status to all");
  got += "\nopen the status to all:";
  for (const auto& client : clients) {
    std::optional<Result<void>> answer;
    client->ResetAcl(site.Paths("sessions").head(),
                     [&](auto result) { answer = std::move(result); });
    REQUIRE(site.direct.Await([&] { return answer.has_value(); }));
    std::printf("%-12s", CodeName(*answer).c_str());
    got += " " + CodeName(*answer);
  }
  std::printf("\n");
  CHECK(got == R"(
vote in c1's name: denied denied denied denied
write into a registration: denied denied denied denied
cast a new ballot: denied denied exists exists
enter the election: denied denied exists exists
take a ballot away: denied denied conflict conflict
end a candidacy: denied denied conflict conflict
flip a status: denied denied conflict conflict
announce a status: denied denied conflict conflict
flip it for Go clients: denied denied conflict conflict
become the leader: denied denied conflict conflict
pause, forget a checker: denied denied conflict conflict
delete the journal: denied denied conflict conflict
change the shards: denied denied denied conflict
delete the options: denied denied denied conflict
create a cluster: denied denied denied exists
add a znode to a cluster: denied denied exists exists
remove a cluster: denied denied denied not_found
open the status to all: denied denied denied success)");
}

TEST_CASE("restricted: checkers flip, clients follow, operators order; others are denied") {
  Guarded site;
  const auto client = site.OpenClient("sessions");  // anonymous
  site.redis[0]->Kill();
  CHECK(site.AwaitView(*client, "DA") == "DA");

  const Operator stranger(site);
  CheckRefused(stranger.Run({"pause", "sessions", "--reason", "x"}), 1, "only operators may");
  CheckRefused(stranger.Run({"delete", "sessions", "--yes"}), 1, "only operators may");
  CheckRefused(stranger.Run({"create", "mine", "--shard", "s1=127.0.0.1:1"}), 1,
               "only operators may");
  CheckRefused(stranger.Run({"init"}), 1, "only operators may");
  CheckDone(stranger.Run({"status", "sessions"}));
  CheckDone(site.shell.Run({"pause", "sessions", "--reason", "x"}));
  CheckDone(site.shell.Run({"resume", "sessions"}));

  // A ballot that another checker removes (it may) is created again at once.
  const auto c2 = site.Join({zk::LoadAccess(site.AccessOf("c2"))->credentials, {}});
  const std::string ballot = site.Paths("sessions").vote("c1");
  const auto before = site.direct.Get(ballot);
  REQUIRE(before);
  CHECK(site.Try(*c2, zk::DeleteOp{ballot, before->stat.version}) == "success");
  CHECK(site.direct.Await([&] {
    const auto now = site.direct.Get(ballot);
    return now && now->stat.czxid != before->stat.czxid;
  }));

  for (const auto& checker : site.checkers) {
    CHECK(checker->CountLog({"secret"}) == 0);
    CHECK(checker->CountLog({"code=denied"}) == 0);
  }
  CheckDone(site.shell.Run({"delete", "sessions", "--yes"}));
  CHECK(site.direct.Children(site.root).empty());
}

TEST_CASE("restricted: a shadow deposes a leader that hangs, and it follows when it goes on") {
  Guarded site;
  sandbox::CheckerProcess& hung = site.AwaitLeader("sessions");
  const std::string leader = hung.id();
  hung.Pause();
  site.redis[0]->Kill();
  CHECK(site.AwaitStatus("sessions", "DA") == "DA");
  std::size_t deposed = 0;
  for (const auto& checker : site.checkers) {
    deposed += checker->CountLog({"event=leader.deposed", "deposed=" + leader});
    CHECK(checker->CountLog({"code=denied"}) == 0);
  }
  CHECK(deposed == 1);
  hung.Resume();
  CHECK(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  CHECK(site.AwaitLeader("sessions").id() != leader);
}

TEST_CASE("an open tree is restricted, and opened again") {
  Guarded site;
  CheckSays(site.shell.Run({"init", "--acl", "open"}),
            "6 registrations and ballots stay their own checkers' until");
  const Operator stranger(site);
  CheckDone(stranger.Run({"pause", "sessions", "--reason", "x"}));
  const Output restricted = site.shell.Run({"init", "--acl", "restricted"});
  CheckDone(restricted);
  CHECK_MESSAGE(restricted.out.find("registrations") == std::string::npos, restricted.out);
  CheckRefused(stranger.Run({"resume", "sessions"}), 1, "only operators may");

  // A checker's file must not restrict anything: nobody could open it again.
  Operator checker(site);
  checker.variables["ZKCTL_ACCESS"] = site.AccessOf("c1");
  CheckRefused(checker.Run({"init"}), 1, "no password of operators");
}

TEST_CASE("a fleet of an open tree is restricted while it runs, then restarted") {
  Guarded site("open");
  const auto stranger = site.Join({});
  const auto c2 = site.Join({zk::LoadAccess(site.AccessOf("c2"))->credentials, {}, {}});
  const zk::Op vote = zk::SetOp{site.Paths("sessions").vote("c1"), "x", 2'000'000'000};
  CHECK(site.Try(*stranger, vote) == "conflict");
  // From here on only checkers and operators write, also into existing ballots.
  for (int again = 0; again < 2; ++again) {
    CheckSays(site.shell.Run({"init"}), "6 registrations and ballots are all checkers' until");
    CHECK(site.Try(*stranger, vote) == "denied");
    CHECK(site.Try(*c2, vote) == "conflict");
  }
  site.redis[0]->Kill();
  CHECK(site.AwaitStatus("sessions", "DA") == "DA");
  for (const auto& checker : site.checkers) CHECK(checker->CountLog({"code=denied"}) == 0);

  site.checkers.clear();
  site.StartCheckers("restricted");
  CHECK(site.AwaitVoters("sessions", "c1,c2,c3") == "c1,c2,c3");
  const Output after = site.shell.Run({"init"});
  CheckDone(after);
  CHECK_MESSAGE(after.out.find("registrations") == std::string::npos, after.out);
  CHECK(site.Try(*c2, vote) == "denied");
}

TEST_CASE("restricted: ghosts are removed by a leader, and by doctor --fix") {
  Guarded site;
  const ClusterPaths paths = site.Paths("sessions");
  const std::string junk = paths.vote("junk");
  const std::string first =
      paths.candidate(CandidatePrefix("c1", std::string(32, 'f')) + "0000000000");
  const auto admin = site.Join({zk::LoadAccess(site.ops)->credentials,
                                [](const std::string&) {
                                  return Acl{{DigestId(kOps), kMayAll}};
                                },
                                {}});
  // Nobody but operators may read them.
  for (const std::string& path : {junk, first}) {
    CHECK(site.Try(*admin, zk::CreateOp{path, "x"}) == "success");
  }
  REQUIRE(
      site.direct.Await([&] { return !site.direct.Exists(junk) && !site.direct.Exists(first); }));
  site.redis[0]->Kill();
  CHECK(site.AwaitStatus("sessions", "DA") == "DA");

  site.checkers.clear();
  REQUIRE(site.direct.Await([&] { return site.direct.Children(paths.election()).empty(); }));
  for (const std::string& path : {junk, first}) {
    CHECK(site.Try(*admin, zk::CreateOp{path, "x"}) == "success");
  }
  Operator stranger(site);
  const Output denied = stranger.Run({"doctor", "sessions", "--fix", "--yes"});
  CHECK(denied.code == 1);
  CHECK_MESSAGE(denied.err.find("only operators may") != std::string::npos, denied.err);
  CHECK(site.direct.Exists(junk));
  const Output fixed = site.shell.Run({"doctor", "sessions", "--fix", "--yes"});
  CHECK_MESSAGE(fixed.out.find("removed " + junk) != std::string::npos, fixed.err);
  CHECK_FALSE(site.direct.Exists(junk));
  CHECK_FALSE(site.direct.Exists(first));
}

TEST_CASE("init: an empty root below / and registered Go checkers are worth a word") {
  Guarded site;
  for (const char* acl : {"restricted", "open"}) {
    CheckRefused(site.shell.Run({"init", "--root", "/", "--acl", acl}), 1, "the root / is");
  }
  CheckSays(site.shell.Run({"init", "--root", site.root + "-empty"}), "may remove " + site.root);
  const Output nested = site.shell.Run({"init", "--root", site.root + "-empty/below"});
  CheckDone(nested);
  CHECK_MESSAGE(nested.out.find("may remove") == std::string::npos, nested.out);

  const auto op = site.Join({zk::LoadAccess(site.ops)->credentials, {}, {}});
  CHECK(site.Try(*op, zk::CreateOp{site.Paths("sessions").go_voters() + "/0", "",
                                   zk::CreateMode::kEphemeralSequential}) == "success");
  CheckSays(site.shell.Run({"init"}), "1 Go checker registered");
}

TEST_CASE("access files: what a checker and zkctl say of bad ones") {
  Guarded site;
  const std::string bad = site.File("bad.access", "own password rack7\n");
  Operator shell(site);
  shell.variables["ZKCTL_ACCESS"] = bad;
  CheckRefused(shell.Run({"list"}), 1, "bad.access:1: own: expected user:password");

  const auto digests = site.shell.Run({"access"});
  CheckDone(digests);
  CHECK(digests.out.find("secret") == std::string::npos);
  const std::string idle = site.File("idle.access", digests.out);
  std::vector<std::pair<std::string, std::string>> refused = {
      {bad, "bad.access:1: own: expected user:password"},
      {idle, "idle.access: no password for checkers"},
      {site.File("mute.access", "operators digest " + DigestId(kOps) + "\ncheckers password " +
                                    kAll + "\nown digest " + DigestId("c9:x") + "\n"),
       "mute.access: own: no password"}};
  const std::string tls = site.File(
      "tls.access", sandbox::ReadFile(site.AccessOf("c1")) + "tls ca a\ntls cert b\ntls key c\n");
  if (!zk::HasTls()) {
    refused.emplace_back(tls, "tls.access: tls: the installed ZooKeeper client library has none");
    refused.emplace_back(tls, "through stunnel, as zkcluster-security(7) shows");
  }
  for (const auto& [file, says] : refused) {
    const std::string config = site.File(
        "checker.yaml",
        "id: c9\nclusters: all\nzookeeper: {servers: [127.0.0.1:1], access: " + file + "}\n");
    const Ran ran = RunChecker({"--config", config});
    CHECK(ran.status == sandbox::ExitStatus{78, 0});
    CHECK_MESSAGE(ran.output.find(says) != std::string::npos, ran.output);
  }
}

}  // namespace
}  // namespace zkcluster::integration
