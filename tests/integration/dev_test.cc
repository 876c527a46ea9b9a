// `zkctl dev` as a person runs it: a process of its own, seen from outside.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "tools/sandbox/sandbox.h"

namespace zkcluster::sandbox::dev_test {
namespace {

using std::chrono::seconds;

// One run of `zkctl dev` whose temporary folders are all below one of ours.
class DevRun {
 public:
  explicit DevRun(std::vector<std::string> arguments) {
    std::filesystem::create_directory(temporary());
    arguments.insert(arguments.begin(), {std::getenv("ZKC_ZKCTL"), "dev"});
    process_ = std::make_unique<ChildProcess>(
        SpawnOptions{.command = std::move(arguments),
                     .environment = {{"TMPDIR", temporary().string()}},
                     .output = folder_.path() / "output",
                     .folder = {}});
  }

  [[nodiscard]] ChildProcess& process() { return *process_; }
  [[nodiscard]] std::string output() const { return ReadFile(folder_.path() / "output"); }
  [[nodiscard]] bool AwaitOutput(const std::string& text) {
    return WaitUntil([&] { return output().find(text) != std::string::npos; }, seconds(60));
  }
  // Remaining folders of the run.
  [[nodiscard]] std::vector<std::string> FoldersLeft() const {
    std::vector<std::string> left;
    for (const auto& entry : std::filesystem::directory_iterator(temporary())) {
      left.push_back(entry.path().string());
    }
    return left;
  }
  // Processes that work in one of its folders, removed or not.
  [[nodiscard]] std::vector<std::string> ProcessesInside() const {
    std::vector<std::string> inside;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
      const auto folder = std::filesystem::read_symlink(entry.path() / "cwd", error).string();
      if (folder.starts_with(temporary().string())) {
        inside.push_back(entry.path().filename().string());
      }
    }
    return inside;
  }

 private:
  [[nodiscard]] std::filesystem::path temporary() const { return folder_.path() / "tmp"; }

  TempFolder folder_{"zkc-dev-test"};
  std::unique_ptr<ChildProcess> process_;
};

std::size_t LongestLine(const std::string& text) {
  std::istringstream lines(text);
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);) longest = std::max(longest, line.size());
  return longest;
}

TEST_CASE("zkctl dev --demo: one Redis killed, one hung, both back, everything observed") {
  DevRun run({"--demo"});
  const auto status = run.process().Wait(seconds(120));
  const std::string output = run.output();
  INFO(output);
  REQUIRE(status.has_value());
  CHECK(status->code == 0);
  for (const char* text :
       {"c1 votes s2 dead (refused)", "c2 votes s2 dead (refused)", "c3 votes s2 dead (refused)",
        "status s2 alive -> dead (refused)", "stand-in for s2; SET, GET: ok", "(timeout)",
        "status s2 dead -> alive", "every shard serves", "kill -9", "kill -STOP", "kill -CONT",
        "back -> flip", "flip -> the client's new table", "everything was observed"}) {
    CAPTURE(text);
    // Columns are aligned by spaces: many count as one.
    std::string flat = output;
    flat.erase(
        std::unique(flat.begin(), flat.end(), [](char a, char b) { return a == ' ' && b == ' '; }),
        flat.end());
    CHECK(flat.find(text) != std::string::npos);
  }
  CHECK(LongestLine(output) < 100);
  CHECK(output.find('\x1b') == std::string::npos);
  CHECK(run.FoldersLeft().empty());
  CHECK(run.ProcessesInside().empty());
}

TEST_CASE("zkctl dev: Ctrl-C, once and then again, ends everything") {
  DevRun run({"--redis", "2", "--checkers", "1"});
  REQUIRE_MESSAGE(run.AwaitOutput("ring rebuilt"), run.output());
  CHECK(run.output().find("export ZKCTL_ZK=127.0.0.1:") != std::string::npos);
  CHECK(run.ProcessesInside().size() == 4);  // ZooKeeper, two Redis, a checker
  run.process().Signal(SIGINT);
  run.process().Signal(SIGINT);
  const auto status = run.process().Wait(seconds(60));
  INFO(run.output());
  REQUIRE(status.has_value());
  CHECK(status->code == 0);
  CHECK(run.FoldersLeft().empty());
  CHECK(run.ProcessesInside().empty());
}

TEST_CASE("zkctl dev --demo: SIGTERM in the middle leaves nothing, and is no success") {
  DevRun run({"--demo"});
  REQUIRE_MESSAGE(run.AwaitOutput("votes s2 dead"), run.output());
  run.process().Signal(SIGTERM);
  const auto status = run.process().Wait(seconds(60));
  INFO(run.output());
  REQUIRE(status.has_value());
  CHECK(status->code == 1);
  CHECK(run.FoldersLeft().empty());
  CHECK(run.ProcessesInside().empty());
}

TEST_CASE("zkctl dev --demo: a checker that dies meanwhile is missed, and named") {
  DevRun run({"--demo"});
  REQUIRE_MESSAGE(run.AwaitOutput("ready after"), run.output());
  REQUIRE_MESSAGE(run.AwaitOutput("kill -9"), run.output());
  const std::string output = run.output();
  const std::size_t line = output.find("checker c3");
  REQUIRE(line != std::string::npos);
  ::kill(std::stoi(output.substr(output.find("pid ", line) + 4)), SIGKILL);
  const auto status = run.process().Wait(seconds(120));
  INFO(run.output());
  REQUIRE(status.has_value());
  CHECK(status->code == 1);
  CHECK(run.output().find("a vote of c3") != std::string::npos);
  CHECK(run.FoldersLeft().empty());
  CHECK(run.ProcessesInside().empty());
}

TEST_CASE("zkctl dev: a wrong command line is refused before anything starts") {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--frob"},
                                                    {"extra"},
                                                    {"--redis", "0"},
                                                    {"--checkers", "x"},
                                                    {"--demo", "--redis", "2"},
                                                    {"--redis", "1", "--redis", "2"}}) {
    CAPTURE(arguments.front());
    DevRun run(arguments);
    const auto status = run.process().Wait(seconds(60));
    REQUIRE(status.has_value());
    CHECK(status->code == 64);
    CHECK(run.output().starts_with("zkctl: dev: "));
    CHECK(run.output().find('\n') == run.output().size() - 1);
  }
}

}  // namespace
}  // namespace zkcluster::sandbox::dev_test
