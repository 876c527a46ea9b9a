// zkchecker as a command: what it prints and how it ends. No server is needed.
#include <csignal>

#include "tests/support/site.h"

namespace zkcluster::integration::command_test {
namespace {

using std::chrono::seconds;

struct Files {
  sandbox::TempFolder folder{"zkc-config"};
  std::string Write(const std::string& name, const std::string& text) const {
    sandbox::WriteFile(folder.path() / name, text);
    return (folder.path() / name).string();
  }
};

constexpr const char* kGood =
    "id: c1\nzookeeper: {servers: [127.0.0.1:1], session_timeout: 2s}\nclusters: all\n";

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("command line: what it asks for, and what it gets wrong") {
  const Files files;
  const std::string good = files.Write("good.yaml", kGood);
  const struct {
    std::vector<std::string> arguments;
    int code;
    const char* says;
  } kRows[] = {
      {{"--version"}, 0, "zkchecker " ZKC_VERSION},
      {{"--help"}, 0, "--check-config"},
      {{"--config", good, "--check-config"}, 0, "good.yaml: good"},
      {{}, 64, "--config"},
      {{"--config"}, 64, "config"},
      {{"--conf", good}, 64, "--conf"},
      {{"--config", good, "stray"}, 64, "zkchecker: "},
      {{"--config", good, "--no-such-option"}, 64, "--no-such-option"},
  };
  for (const auto& row : kRows) {
    const std::string first = row.arguments.empty() ? "" : row.arguments.back();
    CAPTURE(first);
    const Ran ran = RunChecker(row.arguments);
    CHECK(ran.status == sandbox::ExitStatus{row.code, 0});
    CHECK_MESSAGE(Contains(ran.output, row.says), ran.output);
  }
}

TEST_CASE("configuration: a bad file is refused with every problem in its place") {
  const Files files;
  const struct {
    const char* text;
    std::vector<std::string> says;
  } kRows[] = {
      {"", {"bad.yaml"}},
      {"id: [", {"bad.yaml:"}},
      {"zookeeper: {servers: [127.0.0.1:1]}\nclusters: all\nid: a/b\nprobe: {interval: soon}\n",
       {"bad.yaml:3:", "bad.yaml:4:", "interval"}},
      {"id: c1\nid: c2\nzookeeper: {servers: [127.0.0.1:1]}\nclusters: all\n", {"bad.yaml:2:1"}},
      {"id: c1\nzookeper: {servers: [127.0.0.1:1]}\nclusters: all\n", {"bad.yaml:2:1", "zookeper"}},
  };
  for (const auto& row : kRows) {
    const std::string text = row.text;
    CAPTURE(text);
    const std::string file = files.Write("bad.yaml", row.text);
    for (const auto& arguments :
         {std::vector<std::string>{"--config", file, "--check-config"}, {"--config", file}}) {
      const Ran ran = RunChecker(arguments);
      CHECK(ran.status == sandbox::ExitStatus{78, 0});
      for (const auto& part : row.says) CHECK_MESSAGE(Contains(ran.output, part), ran.output);
    }
  }
}

TEST_CASE("configuration: files that cannot be read") {
  const Files files;
  const std::string missing = (files.folder.path() / "missing").string();
  const std::string no_password = files.Write(
      "checker.yaml", std::string(kGood) + "redis: {password_file: \"" + missing + "\"}\n");
  const std::string empty_password =
      files.Write("empty.yaml", std::string(kGood) + "redis: {password_file: \"" +
                                    files.Write("password", "\nsecond line\n") + "\"}\n");
  const std::string no_log = files.Write(
      "log.yaml", std::string(kGood) + "log: {file: \"" + no_password + "/checker.log\"}\n");
  for (const std::string& file : {missing, no_password, empty_password, no_log}) {
    CAPTURE(file);
    const Ran ran = RunChecker({"--config", file});
    CHECK(ran.status == sandbox::ExitStatus{78, 0});
    CHECK_FALSE(ran.output.empty());
  }
}

TEST_CASE("log: JSON lines in a file, each of them sound") {
  const Files files;
  const std::string log = (files.folder.path() / "checker.log").string();
  const std::string file = files.Write(
      "checker.yaml", std::string(kGood) + "log: {format: json, file: \"" + log + "\"}\n");
  sandbox::ChildProcess checker({.command = {sandbox::FindChecker().string(), "--config", file},
                                 .environment = {},
                                 .output = {},
                                 .folder = {}});
  REQUIRE(sandbox::WaitUntil([&] { return Contains(sandbox::ReadFile(log), "\"zk.connecting\""); },
                             seconds(20)));
  checker.Signal(SIGINT);
  CHECK(checker.Wait(seconds(20)) == sandbox::ExitStatus{0, 0});
  const std::string text = sandbox::ReadFile(log);
  CHECK(Contains(text, "\"event\":\"checker.stop\""));
  for (std::size_t from = 0, end = 0; (end = text.find('\n', from)) != std::string::npos;
       from = end + 1) {
    CHECK(text[from] == '{');
    CHECK(text[end - 1] == '}');
  }
}

TEST_CASE("limits: too few descriptors for the shards are logged before they run out") {
  Site site;
  site.AddRedis(1);
  std::vector<std::string> addresses;
  for (int i = 0; i < 40; ++i) addresses.push_back("127.0.0.1:" + std::to_string(i + 1));
  addresses[0] = site.redis[0]->address();
  ClusterSpec spec = site.SpecOf("wide", addresses);
  spec.checkers = 1;
  site.Create(spec);
  const Files files;
  const std::string file = files.Write(
      "checker.yaml", "id: c1\nzookeeper: {servers: [\"" + site.zookeeper.address() +
                          "\"], session_timeout: 2s, root: " + site.root + "}\nclusters: all\n");
  const std::string log = (files.folder.path() / "log").string();
  sandbox::ChildProcess checker(
      {.command = {"prlimit", "--nofile=80:80", sandbox::FindChecker().string(), "--config", file},
       .environment = {},
       .output = log,
       .folder = {}});
  CHECK(sandbox::WaitUntil(
      [&] { return Contains(sandbox::ReadFile(log), "event=limits.descriptors"); }, seconds(30)));
  CHECK(site.AwaitStatus("wide", "A" + std::string(39, 'D')) == "A" + std::string(39, 'D'));
  CHECK(checker.Stop() == sandbox::ExitStatus{0, 0});
}

}  // namespace
}  // namespace zkcluster::integration::command_test
