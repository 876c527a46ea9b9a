#include "tools/zkctl/dev/dev.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <boost/program_options.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/dev/demo.h"
#include "tools/zkctl/dev/sandbox.h"
#include "tools/zkctl/dev/stage.h"
#include "tools/zkctl/dev/timeline.h"

namespace zkcluster::zkctl {
namespace {

namespace po = boost::program_options;

constexpr int kMaxRedis = 64;
constexpr int kMaxCheckers = 15;

constexpr const char* kHelp =
    "usage: zkctl dev [--redis N] [--checkers M] [--demo]\n"
    "\n"
    "run a sandbox of ZooKeeper, Redis and checkers on this machine\n"
    "\n"
    "Starts a private ZooKeeper, N Redis servers and M checkers on loopback, with a cluster named\n"
    "demo, shows what happens there, and ends all of it at Ctrl-C. Nothing is left behind.\n"
    "\n"
    "      --redis N      Redis servers, 1 .. 64; default: 4\n"
    "      --checkers M   checkers, 1 .. 15; default: 3\n"
    "      --demo         kill one Redis, hang another, bring both back, and end by itself:\n"
    "                     exit code 0 only when everything was observed\n"
    "      --help\n"
    "\n"
    "Exit codes: 0 done, or ended by Ctrl-C; 1 failed, or a demo that was interrupted; 64 usage;\n"
    "69 java, ZooKeeper, redis-server or zkchecker is not installed.\n";

struct DevOptions {
  DevSandbox::Options sandbox;
  bool demo = false;
  bool help = false;
};

Result<DevOptions> ParseDev(const std::vector<std::string>& arguments) {
  DevOptions options;
  try {
    using Style = po::command_line_style::style_t;
    po::options_description description;
    description.add_options()("redis", po::value(&options.sandbox.redis))(
        "checkers", po::value(&options.sandbox.checkers))("demo", po::bool_switch(&options.demo))(
        "help,h", po::bool_switch(&options.help));
    const po::positional_options_description none;
    po::variables_map values;
    po::store(po::command_line_parser(arguments)
                  .options(description)
                  .positional(none)
                  .style(static_cast<Style>(Style::unix_style & ~Style::allow_guessing))
                  .run(),
              values);
    po::notify(values);
  } catch (const std::exception& exception) {
    return Fail(ErrorCode::kInvalid, std::string("dev: ") + exception.what());
  }
  const int least_redis = options.demo ? kDemoLeastRedis : 1;
  if (options.sandbox.redis < least_redis || options.sandbox.redis > kMaxRedis) {
    return Fail(ErrorCode::kInvalid, fmt::format("dev: --redis must be {} .. {}{}", least_redis,
                                                 kMaxRedis, options.demo ? " with --demo" : ""));
  }
  if (options.sandbox.checkers < 1 || options.sandbox.checkers > kMaxCheckers) {
    return Fail(ErrorCode::kInvalid, fmt::format("dev: --checkers must be 1 .. {}", kMaxCheckers));
  }
  return options;
}

std::string WhyNoSandbox() {
  if (auto why = sandbox::WhyNoZooKeeper(); !why.empty()) return why;
  if (auto why = sandbox::WhyNoRedis(); !why.empty()) return why;
  if (sandbox::FindChecker().empty()) return "zkchecker is not found: set ZKC_CHECKER to its path";
  return {};
}

int RunDemo(DevSandbox& sandbox, Timeline& timeline) {
  timeline.Title("every shard is alive");
  Stage stage(sandbox, timeline);
  Demo demo(sandbox, stage, timeline);
  const bool observed = demo.Run();
  timeline.Title("summary");
  std::string summary = demo.summary();
  if (!summary.empty()) summary.pop_back();
  timeline.Say(summary);
  if (observed) {
    timeline.Say(Paint("everything was observed", Color::kGood, UseColor()));
    return timeline.readable() ? kDone : kRefused;
  }
  timeline.Say(Paint("not observed:", Color::kBad, UseColor()));
  for (const std::string& what : demo.missing()) timeline.Say("  " + what);
  timeline.Say(sandbox.LogTails(12));
  return kRefused;
}

// Whether Enter was pressed on our terminal.
class EnterKey {
 public:
  EnterKey() : open_(isatty(STDIN_FILENO) == 1) {}
  [[nodiscard]] bool open() const { return open_; }
  [[nodiscard]] bool Pressed() {
    // In the background a read would stop us, and then nobody would end the servers.
    if (!open_ || tcgetpgrp(STDIN_FILENO) != getpgrp()) return false;
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (poll(&input, 1, 0) <= 0) return false;
    char buffer[256];
    open_ = read(STDIN_FILENO, buffer, sizeof(buffer)) > 0;
    return open_;
  }

 private:
  bool open_;
};

// Reports processes that have ended (by themselves, or killed as an experiment), and
// starts them again.
class Keeper {
 public:
  Keeper(DevSandbox& sandbox, Timeline& timeline) : timeline_(timeline) {
    for (std::size_t i = 0; i < sandbox.shards(); ++i)
      Keep(sandbox.spec().shards[i].name, sandbox.redis(i));
    for (const auto& checker : sandbox.checkers()) Keep(checker->id(), *checker);
    Keep("zk", sandbox.zookeeper());
  }

  void ReportEnds() {
    for (Kept& kept : kept_) {
      if (!kept.runs || kept.running()) continue;
      kept.runs = false;
      timeline_.Now(kept.name, fmt::format("process {} has ended", kept.pid()), Color::kBad);
    }
  }
  void BringBack() {
    for (Kept& kept : kept_) {
      kept.resume();
      if (kept.running()) continue;
      try {
        kept.start();
      } catch (const std::exception& exception) {
        timeline_.Now(kept.name, exception.what(), Color::kBad);
        continue;
      }
      kept.runs = true;
      timeline_.Now(kept.name, fmt::format("started again, pid {}", kept.pid()));
    }
  }

 private:
  struct Kept {
    std::string name;
    std::function<bool()> running;
    std::function<pid_t()> pid;
    std::function<void()> start;
    std::function<void()> resume;
    bool runs = true;
  };
  template <class Server>
  void Keep(const std::string& name, Server& server) {
    kept_.push_back({name, [&server] { return server.running(); },
                     [&server] { return server.pid(); }, [&server] { server.Start(); },
                     [&server] { server.Resume(); }});
  }

  Timeline& timeline_;
  std::vector<Kept> kept_;
};

// The folder of this program, if a shell would not find it.
std::string FolderToAddToPath() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto found = sandbox::FindProgram("zkctl");
  if (!found.empty() && std::filesystem::equivalent(found, self, error)) return {};
  return self.parent_path().string();
}

void SayWhatToTry(DevSandbox& sandbox, bool enter_works, Timeline& timeline) {
  const pid_t first = sandbox.redis(0).pid();
  const std::string folder = FolderToAddToPath();
  timeline.Say("\nto try in another terminal:");
  if (!folder.empty()) timeline.Say("  export PATH=" + folder + ":$PATH");
  timeline.Say(
      fmt::format("  export ZKCTL_ZK={}\n"
                  "  zkctl status demo\n"
                  "  zkctl locate demo some-key another-key\n"
                  "  zkctl explain demo s1\n"
                  "  kill -9 {:<8}    # s1 dies\n"
                  "  kill -STOP {:<8} # or it hangs, until kill -CONT {}",
                  sandbox.zookeeper_address(), first, first, first));
  if (enter_works) timeline.Say("Press Enter to restart processes that have ended, Ctrl-C to end.");
}

// Returns only by throwing Interrupted.
[[noreturn]] void ShowEvents(DevSandbox& sandbox, Timeline& timeline) {
  EnterKey enter;
  SayWhatToTry(sandbox, enter.open(), timeline);
  timeline.Title("events");
  Stage stage(sandbox, timeline);
  Keeper keeper(sandbox, timeline);
  while (true) {
    const bool pressed = stage.Await(
        [&] {
          keeper.ReportEnds();
          return enter.Pressed();
        },
        std::chrono::hours(1));
    if (pressed) keeper.BringBack();
  }
}

int RunIn(const DevOptions& options, Timeline& timeline) {
  timeline.Say("starting a sandbox");
  DevSandbox sandbox(options.sandbox, [&](const std::string& line) { timeline.Say(line); });
  if (options.demo) return RunDemo(sandbox, timeline);
  try {
    ShowEvents(sandbox, timeline);
  } catch (const Interrupted&) {
    timeline.Say("\nending the sandbox");
  }
  return kDone;
}

}  // namespace

int RunDev(const std::vector<std::string>& args) {
  const auto options = ParseDev(args);
  if (!options) {
    Complain(options.error());
    return kUsage;
  }
  if (options->help) return Print(kHelp) ? kDone : kRefused;
  if (const std::string why = WhyNoSandbox(); !why.empty()) {
    return Complain(Error{ErrorCode::kUnavailable, why});
  }
  CatchInterrupts();
  Timeline timeline(UseColor());
  try {
    return RunIn(*options, timeline);
  } catch (const Interrupted&) {
    timeline.PrintAll();
    std::fputs("zkctl: interrupted\n", stderr);
  } catch (const std::exception& exception) {
    timeline.PrintAll();
    std::fprintf(stderr, "zkctl: %s\n", exception.what());
  }
  return kRefused;
}

}  // namespace zkcluster::zkctl
