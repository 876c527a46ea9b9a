#include "tests/support/zkctl_process.h"

#include <poll.h>
#include <pty.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace zkcluster::integration {
namespace {

std::string FindZkctl() {
  const char* named = std::getenv("ZKC_ZKCTL");
  const auto found = sandbox::FindProgram(named ? named : "zkctl");
  REQUIRE_MESSAGE(!found.empty(), "zkctl is not found: set ZKC_ZKCTL");
  return found.string();
}

// The environment of the test's user must not reach the program.
Variables Complete(Variables variables) {
  for (const char* name : {"ZKCTL_ZK", "ZKCTL_ROOT", "NO_COLOR"}) variables.try_emplace(name, "");
  variables.try_emplace("TERM", "xterm");
  variables.try_emplace("COLUMNS", "");
  return variables;
}

Output OutputOf(const sandbox::ExitStatus& status) {
  return {.code = status.code, .signal = status.signal, .out = {}, .err = {}};
}

bool IsOneLine(const std::string& text) {
  return !text.empty() && text.find('\n') == text.size() - 1;
}

}  // namespace

// --- ZkctlProcess ---

// The shell only joins the streams to files and then becomes zkctl itself.
ZkctlProcess::ZkctlProcess(const Arguments& arguments, const Variables& variables,
                           std::string_view input) {
  sandbox::WriteFile(folder_.path() / "in", input);
  sandbox::SpawnOptions options;
  options.command = {"/bin/sh", "-c",
                     "exec \"$@\" <\"$ZKC_TEST/in\" >\"$ZKC_TEST/out\" 2>\"$ZKC_TEST/err\"", "sh",
                     FindZkctl()};
  options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  options.environment = Complete(variables);
  options.environment["ZKC_TEST"] = folder_.path().string();
  child_ = std::make_unique<sandbox::ChildProcess>(options);
}

std::string ZkctlProcess::out() const {
  return sandbox::ReadFile(folder_.path() / "out");
}

std::string ZkctlProcess::err() const {
  return sandbox::ReadFile(folder_.path() / "err");
}

Output ZkctlProcess::Wait() {
  const auto status = child_->Wait(kLimit);
  REQUIRE_MESSAGE(status.has_value(), "zkctl does not end; it said: " << out() << err());
  Output output = OutputOf(*status);
  output.out = out();
  output.err = err();
  return output;
}

// --- ZkctlTerminal ---

ZkctlTerminal::ZkctlTerminal(const Arguments& arguments, const Variables& variables) {
  // All is made ready before the fork: between it and exec nothing may allocate.
  std::vector<std::string> words = {FindZkctl()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> settings;
  const Variables added = Complete(variables);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!added.contains(text.substr(0, text.find('=')))) settings.push_back(text);
  }
  for (const auto& [name, value] : added) settings.push_back(name + "=" + value);
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (std::string& text : texts) list.push_back(text.data());
    list.push_back(nullptr);
    return list;
  };
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> envp = pointers(settings);
  winsize size{};
  size.ws_row = 40;
  size.ws_col = 100;
  int terminal = -1;
  pid_ = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close_range(3, ~0U, 0);
    ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  REQUIRE(pid_ > 0);
  terminal_ = UniqueFd(terminal);
}

ZkctlTerminal::~ZkctlTerminal() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

bool ZkctlTerminal::ReadMore() {
  pollfd ready{.fd = terminal_.get(), .events = POLLIN, .revents = 0};
  constexpr int kLimitMs = 20'000;
  if (::poll(&ready, 1, kLimitMs) <= 0) return false;
  char buffer[4096];
  const ssize_t got = ::read(terminal_.get(), buffer, sizeof buffer);
  if (got <= 0) return false;  // EIO: the last program on this terminal has ended
  screen_.append(buffer, static_cast<std::size_t>(got));
  return true;
}

bool ZkctlTerminal::Await(std::string_view part) {
  while (screen_.find(part) == std::string::npos) {
    if (!ReadMore()) return false;
  }
  return true;
}

void ZkctlTerminal::Type(std::string_view text) {
  REQUIRE(::write(terminal_.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

Output ZkctlTerminal::Wait() {
  while (ReadMore()) {
  }
  int status = 0;
  const bool ended =
      sandbox::WaitUntil([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, kLimit);
  REQUIRE_MESSAGE(ended, "zkctl does not end; on the screen: " << screen_);
  pid_ = -1;
  Output output;
  if (WIFEXITED(status)) output.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) output.signal = WTERMSIG(status);
  output.out = screen_;
  std::erase(output.out, '\r');
  return output;
}

// --- Operator ---

Operator::Operator(const Site& site)
    : variables{{"ZKCTL_ZK", site.zookeeper.address()}, {"ZKCTL_ROOT", site.root}},
      folder_(std::make_shared<const sandbox::TempFolder>("zkc-operator")) {}

Output Operator::Run(const Arguments& arguments, std::string_view input) const {
  return ZkctlProcess(arguments, variables, input).Wait();
}

std::unique_ptr<ZkctlProcess> Operator::Start(const Arguments& arguments) const {
  return std::make_unique<ZkctlProcess>(arguments, variables);
}

std::string Operator::File(const std::string& name, std::string_view text) const {
  const auto path = folder_->path() / name;
  sandbox::WriteFile(path, text);
  return path.string();
}

Output RunZkctl(const Arguments& arguments) {
  return ZkctlProcess(arguments, {}).Wait();
}

void CheckRefused(const Output& output, int code, std::string_view part) {
  CAPTURE(part);
  CHECK(output.code == code);
  CHECK(output.out.empty());
  CHECK_MESSAGE(IsOneLine(output.err), output.err);
  CHECK_MESSAGE(output.err.find(part) != std::string::npos, output.err);
}

void CheckDone(const Output& output) {
  CHECK_MESSAGE(output.code == 0, output.out << output.err);
  CHECK(output.err.empty());
}

}  // namespace zkcluster::integration
