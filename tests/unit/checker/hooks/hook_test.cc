// Hooks: the input of a command, how many run and for how long, and real commands.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "checker/hooks/child_process.h"
#include "checker/hooks/hook_queue.h"
#include "tests/fakes/sim_loop.h"
#include "tools/sandbox/process.h"

namespace hook_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

Event FlipEvent(const std::string& shard) {
  Event event;
  event.at = 1'795'228'044'224'923us;
  event.leader = "c1";
  event.epoch = 41;
  event.quorum = 2;
  event.what = Event::Flips{{{shard,
                              "10.0.0.2:6379",
                              ShardStatus::kAlive,
                              ShardStatus::kDead,
                              Reason::kTimeout,
                              {0, 3, 0}}}};
  return event;
}

// Commands that run until the test says how they ended.
struct Bench {
  struct Running final : RunningHook {
    Running(Bench& owner, std::size_t number) : bench(owner), n(number) {}
    ~Running() override { --bench.running; }
    void Kill() override {
      bench.killed.push_back(n);
      bench.End({-1, 9, ""});
    }
    Bench& bench;
    const std::size_t n;
  };
  void End(HookEnd end) {
    loop.Post([ended = ends, end] { ended(end); });
    world.RunFor(1ms);
  }
  [[nodiscard]] bool Logged(const std::string& line) const {
    return std::find(log.begin(), log.end(), line) != log.end();
  }

  sim::SimWorld world;
  sim::SimLoop loop{world, "main"};
  std::vector<std::string> log;
  std::shared_ptr<Logger> logger = NewSinkLogger(
      LogLevel::kInfo, [this](LogLevel, const std::string& line) { log.push_back(line); });
  std::vector<HookRun> runs;
  std::function<void(const HookEnd&)> ends;
  std::vector<std::size_t> killed;
  int running = 0;
  bool broken = false;
  HookQueue queue{
      loop, *logger, "c1",
      [this](const HookRun& run,
             std::function<void(const HookEnd&)> ended) -> Result<std::unique_ptr<RunningHook>> {
        runs.push_back(run);
        if (broken) return Fail(ErrorCode::kUnavailable, "/x: No such file");
        ends = std::move(ended);
        ++running;
        return std::make_unique<Running>(*this, runs.size());
      }};
};

}  // namespace

TEST_CASE("hook: gets an event as `zkctl events` shows it, with cluster and checker") {
  const std::string text = FormatHookEvent("c1", "sessions", FlipEvent("s2"));
  CHECK(
      text ==
      R"({"checker":"c1","cluster":"sessions","kind":"flips","at":1795228044224923,"leader":"c1",)"
      R"("epoch":41,"quorum":2,"version":0,"flips":[{"shard":"s2","addr":"10.0.0.2:6379",)"
      R"("from":"alive","to":"dead","reason":"timeout","votes":{"alive":0,"dead":3,"unknown":0}}],)"
      R"("more_flips":0})"
      "\n");
  // As there, a return has no reason, not even "none".
  Event alive = FlipEvent("s2");
  std::get<Event::Flips>(alive.what).flips[0].reason = Reason::kNone;
  CHECK(nlohmann::json::parse(FormatHookEvent("c1", "sessions", alive))["flips"][0]["reason"]
            .is_null());
  Event freeze;
  freeze.what = Event::Freeze{5};
  const auto json = nlohmann::json::parse(FormatHookEvent("c1", "sessions", freeze));
  CHECK(json["kind"] == "freeze");
  CHECK(json["dead"] == 5);
  CHECK_FALSE(json.contains("flips"));
}

TEST_CASE("hook: runs one after the other, in order, never in the turn of the event") {
  Bench bench;
  bench.queue.Add("sessions", FlipEvent("s1"));
  bench.queue.Add("carts", FlipEvent("s2"));
  CHECK(bench.runs.empty());
  bench.world.RunFor(1s);
  REQUIRE(bench.runs.size() == 1);
  CHECK(bench.runs[0].cluster == "sessions");
  CHECK(bench.runs[0].kind == "flips");
  CHECK(bench.runs[0].input == FormatHookEvent("c1", "sessions", FlipEvent("s1")));
  bench.End({0, 0, ""});
  REQUIRE(bench.runs.size() == 2);
  CHECK(bench.runs[1].cluster == "carts");
  CHECK(bench.running == 1);
  bench.End({0, 0, ""});
  CHECK(bench.running == 0);
  CHECK(bench.queue.counters().succeeded == 2);
  CHECK(bench.log.empty());
}

TEST_CASE("hook: runs for flips, freezes and take-overs, not for operators' own orders") {
  Bench bench;
  for (const Event::What& what : std::vector<Event::What>{
           Event::Spec{}, Event::Electorate{}, Event::Resume{}, Event::Leader{}, Event::Freeze{},
           Event::Unknown{"promotion", R"({"Kind":"promotion","At":5})"}, Event::Unfreeze{},
           Event::Flips{}}) {
    Event event;
    event.what = what;
    bench.queue.Add("sessions", event);
  }
  std::vector<std::string> kinds;
  for (int i = 0; i < 4; ++i) {
    bench.world.RunFor(1ms);
    kinds.push_back(bench.runs.back().kind);
    bench.End({0, 0, ""});
  }
  CHECK(kinds == std::vector<std::string>{"leader", "freeze", "unfreeze", "flips"});
  CHECK(bench.runs.size() == 4);
}

TEST_CASE("hook: a failure is logged with the command's stderr, and the next one runs") {
  Bench bench;
  for (int i = 0; i < 3; ++i) bench.queue.Add("sessions", FlipEvent("s1"));
  bench.world.RunFor(1ms);
  bench.End({3, 0, "no such \"host\""});
  bench.End({-1, 11, ""});
  bench.End({0, 0, ""});
  CHECK(bench.queue.counters().failed == 2);
  CHECK(bench.queue.counters().succeeded == 1);
  CHECK(
      bench.Logged("level=warn event=hook.failed cluster=sessions kind=flips "
                   "error=\"exit status 3\" stderr=\"no such \\\"host\\\"\""));
  CHECK(
      bench.Logged("level=warn event=hook.failed cluster=sessions kind=flips "
                   "error=\"ended by signal 11\" stderr=\"\""));
}

TEST_CASE("hook: one that hangs is killed after the limit, and the next one has its own") {
  Bench bench;
  bench.queue.Add("sessions", FlipEvent("s1"));
  bench.queue.Add("sessions", FlipEvent("s2"));
  bench.world.RunFor(HookQueue::kLimit - 1ms);
  CHECK(bench.killed.empty());
  bench.world.RunFor(10ms);
  CHECK(bench.killed == std::vector<std::size_t>{1});
  CHECK(bench.runs.size() == 2);
  bench.world.RunFor(HookQueue::kLimit - 100ms);
  CHECK(bench.killed.size() == 1);
  bench.End({0, 0, ""});
  CHECK(bench.queue.counters().succeeded == 1);
  CHECK(
      bench.Logged("level=warn event=hook.failed cluster=sessions kind=flips "
                   "error=\"killed: it ran for 10 s\" stderr=\"\""));
}

TEST_CASE("hook: one that cannot be started loses only its event") {
  Bench bench;
  bench.broken = true;
  bench.queue.Add("sessions", FlipEvent("s1"));
  bench.queue.Add("sessions", FlipEvent("s2"));
  bench.world.RunFor(1ms);
  CHECK(bench.queue.counters().failed == 2);
  bench.broken = false;
  bench.queue.Add("sessions", FlipEvent("s3"));
  bench.world.RunFor(1ms);
  CHECK(bench.running == 1);
}

TEST_CASE("hook: events beyond the limit are dropped, with two log lines in all") {
  Bench bench;
  bench.queue.Add("sessions", FlipEvent("first"));
  bench.world.RunFor(1ms);
  for (std::size_t i = 0; i < HookQueue::kMaxWaiting + 7; ++i) {
    bench.queue.Add("sessions", FlipEvent("s1"));
  }
  CHECK(bench.queue.counters().dropped == 7);
  for (std::size_t i = 0; i <= HookQueue::kMaxWaiting; ++i) bench.End({0, 0, ""});
  CHECK(bench.queue.counters().succeeded == HookQueue::kMaxWaiting + 1);
  CHECK(bench.log ==
        std::vector<std::string>{"level=warn event=hook.dropping cluster=sessions waiting=100",
                                 "level=warn event=hook.dropped events=7"});
}

namespace {

struct Script {
  explicit Script(const std::string& text) {
    sandbox::WriteFile(path(), "#!/bin/sh\n" + text);
    REQUIRE(::chmod(path().c_str(), 0755) == 0);
  }
  [[nodiscard]] std::string path() const { return folder.path() / "hook"; }
  [[nodiscard]] std::string Read(const std::string& name) const {
    return sandbox::ReadFile(folder.path() / name);
  }
  sandbox::TempFolder folder;
};

HookEnd RunCommand(EventLoop& loop, const std::string& path, const HookRun& run) {
  std::optional<HookEnd> ended;
  const auto running = StartCommand(loop, path, run, [&](const HookEnd& end) { ended = end; });
  REQUIRE_MESSAGE(running, running.error().message);
  REQUIRE(loop.RunUntil([&] { return ended.has_value(); }, 20s));
  return *ended;
}

HookEnd RunScript(EventLoop& loop, const Script& script, const HookRun& run) {
  return RunCommand(loop, script.path(), run);
}

// Opening the file blocks until it is released, as on a hung file system.
class HungFile {
 public:
  explicit HungFile(const std::string& path)
      : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    std::signal(SIGIO, SIG_IGN);  // that somebody waits
    REQUIRE(::fcntl(file_.get(), F_SETLEASE, F_WRLCK) == 0);
  }
  // The kernel does not wait for ever.
  [[nodiscard]] bool hangs() const {
    const UniqueFd other(::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    return !other.valid() && errno == EWOULDBLOCK;
  }
  void LetGo() { CHECK(::fcntl(file_.get(), F_SETLEASE, F_UNLCK) == 0); }

 private:
  const std::string path_;
  UniqueFd file_;
};

}  // namespace

TEST_CASE("command: its stdin is the event, its environment only ours, its stdout dropped") {
  EventLoop loop;
  const Script script(
      "cd $(dirname $0)\ncat >input\nenv >env\nls -l /proc/self/fd >fds\necho out\n");
  const std::string large(200'000, 'x');  // more than a pipe holds
  ::setenv("ZKC_SECRET", "1", 1);
  const UniqueFd inherited(::open("/dev/zero", O_RDONLY));  // which exec does not close
  REQUIRE(inherited.valid());
  const HookEnd end = RunScript(loop, script, {"sessions", "flips", large});
  ::unsetenv("ZKC_SECRET");
  CHECK(end.code == 0);
  CHECK(end.said.empty());
  CHECK(script.Read("input") == large);
  const std::string env = script.Read("env");
  CHECK(env.find("ZKCLUSTER_CLUSTER=sessions\n") != std::string::npos);
  CHECK(env.find("ZKCLUSTER_EVENT=flips\n") != std::string::npos);
  CHECK(env.find("PATH=/usr/local/sbin:") != std::string::npos);
  CHECK(env.find("ZKC_SECRET") == std::string::npos);
  const std::string fds = script.Read("fds");
  CHECK(fds.find("/dev/zero") == std::string::npos);
  CHECK(fds.find("socket:") == std::string::npos);
  CHECK(fds.find("eventpoll") == std::string::npos);
}

TEST_CASE("command: exit status and signal are reported, with the beginning of stderr") {
  EventLoop loop;
  const HookEnd failed = RunScript(loop, Script("echo what now >&2\nexit 3\n"), {"c", "flips", ""});
  CHECK(failed.code == 3);
  CHECK(failed.said == "what now");
  const HookEnd killed = RunScript(loop, Script("kill -TERM $$\n"), {"c", "flips", ""});
  CHECK(killed.code == -1);
  CHECK(killed.signal == SIGTERM);
  const HookEnd chatty = RunScript(
      loop, Script("for i in $(seq 500); do echo line $i of much too many >&2; done; exit 0\n"),
      {"c", "flips", ""});
  CHECK(chatty.said.starts_with("line 1 of much"));
  CHECK(chatty.said.size() <= 500);
}

TEST_CASE("command: killed with all its processes, by Kill or when its object is destroyed") {
  EventLoop loop;
  const Script script("cd $(dirname $0)\nsleep 1000 &\necho $! $$ >pids\nwait\n");
  for (const bool killed : {true, false}) {
    ::unlink((script.folder.path() / "pids").c_str());
    std::optional<HookEnd> ended;
    auto running = StartCommand(loop, script.path(), {"c", "flips", ""},
                                [&](const HookEnd& end) { ended = end; });
    REQUIRE(running);
    int sleeper = 0;
    int shell = 0;
    REQUIRE(sandbox::WaitUntil(
        [&] { return std::sscanf(script.Read("pids").c_str(), "%d %d\n", &sleeper, &shell) == 2; },
        20s));
    if (killed) {
      (*running)->Kill();
      REQUIRE(loop.RunUntil([&] { return ended.has_value(); }, 20s));
      CHECK(ended->signal == SIGKILL);
    } else {
      running->reset();
    }
    // A killed child may be seen for a moment, without a command line.
    const auto gone = [](int pid) {
      return sandbox::ReadFile("/proc/" + std::to_string(pid) + "/cmdline").empty();
    };
    CHECK(sandbox::WaitUntil([&] { return gone(sleeper) && gone(shell); }, 20s));
  }
}

TEST_CASE("command: one on a file system that hangs is not waited for, and can be killed") {
  EventLoop loop;
  const Script script("exit 3\n");
  for (const bool killed : {false, true}) {
    HungFile file(script.path());
    std::optional<HookEnd> ended;
    const auto running = StartCommand(loop, script.path(), {"c", "flips", ""},
                                      [&](const HookEnd& end) { ended = end; });
    REQUIRE(running);
    CHECK(file.hangs());
    if (killed) (*running)->Kill();
    if (!killed) file.LetGo();
    REQUIRE(loop.RunUntil([&] { return ended.has_value(); }, 20s));
    CHECK(ended->code == (killed ? -1 : 3));
    CHECK(ended->signal == (killed ? SIGKILL : 0));
  }
}

TEST_CASE("command: one that cannot be run ends, with the cause on stderr") {
  EventLoop loop;
  const sandbox::TempFolder folder;
  const std::string plain = folder.path() / "plain";
  sandbox::WriteFile(plain, "#!/bin/sh\n");
  const struct {
    std::string path;
    const char* why;
  } kRows[] = {{plain, "Permission denied"},
               {"/no/such", "No such file or directory"},
               {folder.path(), "Permission denied"}};
  for (const auto& [path, why] : kRows) {
    const HookEnd end = RunCommand(loop, path, {"c", "flips", ""});
    CHECK(end.code == 127);
    CHECK(end.said == path + ": " + why);
  }
  CHECK(CheckCommand("/bin/true"));
  CHECK(CheckCommand("/no/such").error().message ==
        "on_event: /no/such: No such file or directory");
  CHECK(CheckCommand(folder.path()).error().message ==
        "on_event: " + folder.path().string() + ": not a file");
}

}  // namespace hook_test
