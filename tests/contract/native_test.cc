// Cases only for the native client: addresses, stopped servers, a stalled process, expiry under
// load. Each case has a ZooKeeper of its own.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include "base/event_loop.h"
#include "base/log.h"
#include "tests/contract/native_rig.h"
#include "tests/support/proxy.h"
#include "tests/support/rude_server.h"
#include "tests/support/silent_listener.h"
#include "tools/sandbox/sandbox.h"
#include "zk/access.h"
#include "zk/native_client.h"

namespace zkcluster::contract {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A copy of this process that does nothing but keep every descriptor open.
class Fork {
 public:
  Fork() : pid_(::fork()) {
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      while (true) ::pause();
    }
    REQUIRE(pid_ > 0);
  }
  ~Fork() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Fork(const Fork&) = delete;
  Fork& operator=(const Fork&) = delete;

 private:
  const pid_t pid_;
};

std::vector<int> OpenDescriptors() {
  std::vector<int> numbers;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    numbers.push_back(std::stoi(entry.path().filename()));
  }
  return numbers;
}

// Entries of this process's epolls that nobody can remove any more: the descriptor was closed, or
// is another file now. Each such entry that is ready makes a loop spin.
int StaleEntries() {
  int stale = 0;
  for (const int fd : OpenDescriptors()) {
    std::ifstream info("/proc/self/fdinfo/" + std::to_string(fd));
    // "tfd:        7 events:       19 data: ffffffff00000007  pos:0 ino:f8e3 sdev:8"
    for (std::string line; std::getline(info, line);) {
      const auto ino = line.find("ino:");
      if (line.rfind("tfd:", 0) != 0 || ino == std::string::npos) continue;
      struct stat file {};
      const bool is_open = ::fstat(std::stoi(line.substr(4)), &file) == 0;
      stale += !is_open || file.st_ino != std::stoull(line.substr(ino + 4), nullptr, 16);
    }
  }
  return stale;
}

TEST_CASE("addresses: all but one refuse, for any number of them") {
  const sandbox::ZooKeeperServer server;
  for (const std::size_t count : {2u, 3u, 4u, 6u}) {
    // The order is fresh each time.
    for (int again = 0; again < 5; ++again) {
      CAPTURE(count);
      Rig rig;
      std::vector<std::string> servers = {server.address()};
      while (servers.size() < count) servers.push_back(Local(sandbox::FreePort()));
      const auto client = rig.Client(servers);
      REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
    }
  }
}

TEST_CASE("addresses: all but one are silent") {
  const sandbox::ZooKeeperServer server;
  SilentListener silent[3];
  for (const std::size_t count : {2u, 4u}) {
    Rig rig;
    std::vector<std::string> servers = {server.address()};
    while (servers.size() < count) servers.push_back(silent[servers.size() - 1].address());
    // Without our limit each address would cost two thirds of this timeout, more than
    // the test waits.
    const auto client = rig.Client(servers, seconds(60), milliseconds(200));
    REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
  }
}

TEST_CASE("addresses: a stopped server among them takes connections and never greets") {
  sandbox::ZooKeeperServer stopped;
  const sandbox::ZooKeeperServer server;
  stopped.Pause();
  for (int again = 0; again < 3; ++again) {
    Rig rig;
    const auto client =
        rig.Client({stopped.address(), server.address()}, seconds(60), milliseconds(200));
    REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
  }
}

TEST_CASE("addresses: localhost is resolved, a name that is not known does no harm") {
  const sandbox::ZooKeeperServer server;
  Rig rig;
  const auto client =
      rig.Client({"no-such-host.invalid:2181", "localhost:" + std::to_string(server.port())});
  REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
  CHECK(rig.lines.back().find("event=zk.connected") != std::string::npos);
  CHECK(rig.lines.back().find("server=" + server.address()) != std::string::npos);
}

TEST_CASE("addresses: only names that are not known") {
  Rig rig;
  const auto client = rig.Client({"no-such-host.invalid:2181"});
  CHECK(rig.Await([&] {
    return !rig.lines.empty() && rig.lines.back().find("event=zk.unreachable") != std::string::npos;
  }));
  CHECK(rig.lines.back().find("no-such-host.invalid") != std::string::npos);
  CHECK(client->state() == SessionState::kConnecting);
}

TEST_CASE("server: down at start, comes later; meanwhile nothing spins") {
  sandbox::ZooKeeperServer server;
  server.Stop();
  Rig rig;
  const auto client = rig.Client({server.address(), Local(sandbox::FreePort())});
  const std::clock_t before = std::clock();
  rig.RunFor(seconds(2));
  // A loop that spins burns all of it.
  CHECK(static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC < 0.5);
  CHECK(client->state() == SessionState::kConnecting);
  std::size_t unreachable = 0;
  for (const std::string& line : rig.lines) {
    unreachable += line.find("event=zk.unreachable") != std::string::npos;
  }
  CHECK(unreachable == 1);
  server.Start();
  CHECK(rig.AwaitState(*client, SessionState::kConnected));
  CHECK(client->generation() == 1);
}

TEST_CASE(
    "server: stopped (SIGSTOP): suspended, lost by our own clock, and a new session afterwards") {
  sandbox::ZooKeeperServer server;
  Rig rig;
  const auto client = rig.Client({server.address()}, seconds(1));
  std::vector<SessionState> states;
  const Subscription subscription =
      client->OnSession([&](const zk::SessionEvent& event) { states.push_back(event.state); });
  REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
  server.Pause();
  REQUIRE(rig.Await([&] { return !states.empty() && states.back() == SessionState::kSuspended; }));
  REQUIRE(rig.Await([&] { return states.back() != SessionState::kSuspended; }));
  server.Resume();
  REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
  REQUIRE(rig.Await([&] { return states.back() == SessionState::kConnected; }));
  CHECK(states == std::vector<SessionState>{SessionState::kConnected, SessionState::kSuspended,
                                            SessionState::kLost, SessionState::kConnecting,
                                            SessionState::kConnected});
  CHECK(client->generation() == 2);
}

TEST_CASE("server: comes back without its data: the old session is not insisted on") {
  sandbox::ZooKeeperServer server;
  Rig rig;
  const auto client = rig.Client({server.address()}, seconds(1));
  REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
  for (int i = 0; i < 5; ++i) REQUIRE(rig.CreateEphemeral(*client, "/e" + std::to_string(i)));
  server.Stop();
  server.Wipe();
  server.Start();
  REQUIRE(rig.Await([&] { return client->generation() > 1; }));
  REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
  CHECK(!rig.Exists(*client, "/e0"));
}

TEST_CASE("our process is stalled beyond the session: the state says so before anything else") {
  const sandbox::ZooKeeperServer server;
  const Duration timeout = seconds(2);
  // The server ends the session between 2 and 2.2 s, in whole ticks; we give it up after 2.67 s.
  for (const auto stall : {milliseconds(2400), milliseconds(4000)}) {
    CAPTURE(stall.count());
    Rig rig;
    const auto client = rig.Client({server.address()}, timeout);
    REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
    REQUIRE(rig.CreateEphemeral(*client, "/e"));
    std::vector<SessionState> states;
    const Subscription subscription =
        client->OnSession([&](const zk::SessionEvent& event) { states.push_back(event.state); });
    const auto until = rig.loop.Now() + stall;
    // The loop does not run, as after SIGSTOP.
    while (rig.loop.Now() < until) ::poll(nullptr, 0, 10);
    // At once, before the loop has run again, though the library still says connected.
    const SessionState state = client->state();
    if (stall > timeout * 4 / 3) CHECK(state == SessionState::kLost);
    CHECK((state == SessionState::kSuspended || state == SessionState::kLost));
    bool refused = false;
    client->Exists("/e", {}, [&](const auto& stat) {
      refused = !stat && stat.error().code == ErrorCode::kUnavailable;
    });
    REQUIRE(rig.Await([&] { return client->generation() == 2; }));
    REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
    CHECK(refused);
    REQUIRE(!states.empty());
    CHECK(states.front() != SessionState::kConnected);
    CHECK(rig.Await([&] { return !rig.Exists(*client, "/e"); }, seconds(10)));
  }
}

TEST_CASE("session expires under a load of multis: no crash, each answered once") {
  const sandbox::ZooKeeperServer server;
  Rig rig;
  Proxy proxy(rig.loop, server.port());
  const auto client = rig.Client({proxy.address()});
  REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
  std::map<int, int> answers;
  int sent = 0;
  const auto load = [&](const auto& self) -> void {
    const int number = sent++;
    answers[number] = 0;
    client->Multi({zk::CheckOp{"/", zk::kAnyVersion},
                   zk::CreateOp{"/m" + std::to_string(number), "x", zk::CreateMode::kEphemeral},
                   zk::SetOp{"/m" + std::to_string(number), "y", 0},
                   zk::DeleteOp{"/m" + std::to_string(number), 1}},
                  [&, number](const Result<std::vector<zk::OpResult>>& result) {
                    ++answers[number];
                    // Once more at once, also in the turn in which everything fails.
                    if (result || client->state() == SessionState::kConnected) self(self);
                  });
  };
  for (std::uint64_t round = 1; round <= 10; ++round) {
    for (int i = 0; i < 20; ++i) load(load);
    const int before = sent;
    REQUIRE(rig.Await([&] { return sent > before + 50; }));
    EndSession(server.port(), proxy.credentials());
    REQUIRE(rig.Await([&] { return client->generation() > round; }));
    REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
  }
  bool closed = false;
  client->Close([&] { closed = true; });
  REQUIRE(rig.Await([&] { return closed; }));
  for (const auto& [number, count] : answers) CHECK(count == 1);
}

TEST_CASE("fork: a child that keeps the socket, and the server goes away: nothing spins") {
  sandbox::ZooKeeperServer server;
  Rig rig;
  const auto client = rig.Client({server.address()});
  REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
  {
    const Fork child;
    server.Stop();
    REQUIRE(rig.AwaitState(*client, SessionState::kSuspended));
    CHECK(StaleEntries() == 0);
  }
  server.Start();
  REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
  const Fork child;
  bool closed = false;
  client->Close([&] { closed = true; });
  REQUIRE(rig.Await([&] { return closed; }));
  CHECK(StaleEntries() == 0);
}

TEST_CASE("exec: no program that is started inherits the session") {
  const sandbox::ZooKeeperServer server;
  const std::vector<int> before = OpenDescriptors();
  Rig rig;
  const auto client = rig.Client({server.address()});
  REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
  int inherited = 0;
  int ours = 0;
  for (const int fd : OpenDescriptors()) {
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags < 0 || std::ranges::find(before, fd) != before.end()) continue;
    ++ours;
    inherited += (flags & FD_CLOEXEC) == 0;
  }
  CHECK(ours > 0);
  CHECK(inherited == 0);
}

TEST_CASE("close: against a stopped server it is bounded") {
  sandbox::ZooKeeperServer server;
  Rig rig;
  const auto client = rig.Client({server.address()}, seconds(10));
  REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
  server.Pause();
  bool closed = false;
  client->Close([&] { closed = true; });
  CHECK(rig.Await([&] { return closed; }, seconds(4)));
  CHECK(client->state() == SessionState::kLost);
  // The closing request was sent nevertheless, and is read when the server goes on.
  server.Resume();
  CHECK(sandbox::WaitUntil(
      [&] {
        const std::string dump = sandbox::FourLetterWord(server.port(), "cons");
        return !dump.empty() && dump.find("sid=0x") == std::string::npos;
      },
      seconds(10)));
}

TEST_CASE("close: when the server is gone") {
  sandbox::ZooKeeperServer server;
  Rig rig;
  const auto client = rig.Client({server.address()});
  REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
  server.Kill();
  REQUIRE(rig.AwaitState(*client, SessionState::kSuspended));
  bool closed = false;
  client->Close([&] { closed = true; });
  CHECK(rig.Await([&] { return closed; }, seconds(4)));
}

TEST_CASE("credentials that the server refuses: said so, tried again in peace") {
  Rig rig;
  // "Authentication failed" (-115) to every set of credentials (-4).
  const std::string refusal = Framed(Number(-4, 4) + Number(0, 8) + Number(-115, 4));
  const RudeServer server(rig.loop, {.answer = Greeting() + refusal});
  zk::NativeClientOptions options;
  options.servers = {server.addr()};
  options.identity.credentials = {"somebody:secret"};
  const auto client = zk::NewNativeClient(rig.loop, *rig.logger, options);
  rig.RunFor(seconds(2));
  CHECK(client->generation() > 1);
  CHECK(client->generation() < 30);  // without a pause: hundreds
  const auto says = [](const std::string& line) {
    return line.find("event=zk.lost") != std::string::npos &&
           line.find("reason=auth_failed silent_ms=0") != std::string::npos;
  };
  CHECK(std::ranges::any_of(rig.lines, says));
}

TEST_CASE("lists of permissions: those of many new znodes count for what a server takes at once") {
  Rig rig;
  const sandbox::ZooKeeperServer server;
  const std::string long_user(kMaxAccessUserBytes, 'u');
  zk::NativeClientOptions options;
  options.servers = {server.address()};
  options.identity.acl = [&](const std::string&) {
    return Acl{{DigestId(long_user + ":a"), kMayAll}, {DigestId(long_user + ":b"), 1}, {"", 1}};
  };
  const auto client = zk::NewNativeClient(rig.loop, *rig.logger, options);
  REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
  const auto create = [&](int count) {
    std::vector<zk::Op> ops;
    for (int i = 0; i < count; ++i) {
      ops.push_back(zk::CreateOp{"/n" + std::to_string(i), std::string(950, 'x')});
    }
    std::optional<Result<std::vector<zk::OpResult>>> answer;
    client->Multi(ops, [&](auto result) { answer = std::move(result); });
    REQUIRE(rig.Await([&] { return answer.has_value(); }));
    return *answer ? std::nullopt : std::optional(answer->error().code);
  };
  // The server would hang up on it, and on the next try, for ever.
  CHECK(create(1000) == ErrorCode::kTooLarge);
  CHECK(create(750) == std::nullopt);
}

TEST_CASE("a request that the socket does not take at once is sent in the end") {
  const sandbox::ZooKeeperServer server;
  Rig rig;
  const auto client = rig.Client({server.address()});
  REQUIRE(rig.AwaitState(*client, SessionState::kConnected));
  const std::string big(900'000, 'x');
  int written = 0;
  for (int i = 0; i < 20; ++i) {
    client->Create("/big" + std::to_string(i), big, zk::CreateMode::kEphemeral,
                   [&](const Result<std::string>& created) { written += created.has_value(); });
  }
  CHECK(rig.Await([&] { return written == 20; }));
}

}  // namespace
}  // namespace zkcluster::contract
