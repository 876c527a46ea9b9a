#include "tools/sandbox/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "base/unique_fd.h"

namespace zkcluster::sandbox {
namespace {

constexpr Duration kPollInterval = std::chrono::milliseconds(5);

[[noreturn]] void ThrowErrno(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& s : strings) pointers.push_back(s.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> EnvironmentWith(const std::map<std::string, std::string>& added) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!added.contains(std::string(text.substr(0, text.find('=')))))
      environment.emplace_back(text);
  }
  for (const auto& [name, value] : added) environment.push_back(name + "=" + value);
  return environment;
}

// Between fork and exec of a program that may have threads: only async-signal-safe calls.
struct Exec {
  const char* program;
  char* const* arguments;
  char* const* environment;
  const char* output;
  const char* folder;
  int network_namespace;
  pid_t parent;

  // Returns only when a step failed, with errno of it.
  void operator()() const {
    if (::setpgid(0, 0) != 0) return;
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return;
    if (::getppid() != parent) ::_exit(127);  // the parent died before the line above
    if (network_namespace >= 0 && ::setns(network_namespace, CLONE_NEWNET) != 0) return;
    // An inherited descriptor of, say, a ZooKeeper session would keep that connection open.
    if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
      for (int fd = 3; fd < 1024; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    const int null_fd = ::open("/dev/null", O_RDWR);
    const int out_fd = ::open(output, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (null_fd < 0 || out_fd < 0) return;
    if (::dup2(null_fd, 0) < 0 || ::dup2(out_fd, 1) < 0 || ::dup2(out_fd, 2) < 0) return;
    if (null_fd > 2) ::close(null_fd);
    if (out_fd > 2) ::close(out_fd);
    if (folder != nullptr && ::chdir(folder) != 0) return;
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::signal(number, SIG_DFL);
    ::execve(program, arguments, environment);
  }
};

}  // namespace

bool WaitUntil(const std::function<bool()>& done, Duration limit) {
  const TimePoint deadline = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= deadline) return done();
    std::this_thread::sleep_for(kPollInterval);
  }
  return true;
}

std::uint16_t FreePort() {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof(address);
  if (!fd.valid() || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    ThrowErrno("cannot find a free port");
  }
  return ntohs(address.sin_port);
}

bool PortAnswers(std::uint16_t port) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

TempFolder::TempFolder(std::string_view prefix) {
  const char* base = std::getenv("TMPDIR");
  std::string name = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/" +
                     std::string(prefix) + "-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) ThrowErrno("cannot make the folder " + name);
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void WriteFile(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

std::string ReadFile(const std::filesystem::path& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Tail(const std::filesystem::path& path, std::size_t lines) {
  const std::string text = ReadFile(path);
  std::size_t start = text.size();
  for (std::size_t count = 0; start > 0; --start) {
    if (text[start - 1] == '\n' && start != text.size() && ++count == lines) break;
  }
  return text.substr(start);
}

std::filesystem::path FindProgram(const std::string& name) {
  const auto executable = [](const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) {
    return executable(name) ? std::filesystem::path(name) : std::filesystem::path();
  }
  const char* path = std::getenv("PATH");
  // Debian keeps servers in sbin, which is not in every user's path.
  std::istringstream folders(std::string(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin") +
                             ":/usr/local/sbin:/usr/sbin:/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::filesystem::path candidate = std::filesystem::path(folder) / name;
    if (!folder.empty() && executable(candidate)) return candidate;
  }
  return {};
}

ChildProcess::ChildProcess(const SpawnOptions& options) {
  if (options.command.empty()) throw std::runtime_error("no command to run");
  const std::string program = FindProgram(options.command.front()).string();
  if (program.empty()) throw std::runtime_error("there is no program " + options.command.front());

  std::vector<std::string> arguments = options.command;
  std::vector<std::string> environment = EnvironmentWith(options.environment);
  const std::vector<char*> argument_pointers = Pointers(arguments);
  const std::vector<char*> environment_pointers = Pointers(environment);
  const std::string output = options.output.empty() ? "/dev/null" : options.output.string();
  const Exec exec{program.c_str(),
                  argument_pointers.data(),
                  environment_pointers.data(),
                  output.c_str(),
                  options.folder.empty() ? nullptr : options.folder.c_str(),
                  options.network_namespace,
                  ::getpid()};

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) ThrowErrno("pipe");
  UniqueFd failure_in(ends[0]);
  UniqueFd failure_out(ends[1]);
  pid_ = ::fork();
  if (pid_ < 0) ThrowErrno("fork");
  if (pid_ == 0) {
    exec();
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(ends[1], &error, sizeof(error));
    ::_exit(127);
  }
  ::setpgid(pid_, pid_);  // here too: in either order the group exists when we return
  failure_out.Reset();
  // End of file means that exec has closed the other end, so from here on the program runs.
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(failure_in.get(), &error, sizeof(error));
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    ::waitpid(pid_, nullptr, 0);
    throw std::runtime_error("cannot run " + program + ": " + std::strerror(error));
  }
}

ChildProcess::~ChildProcess() {
  Kill();
}

bool ChildProcess::running() {
  return !exit_status().has_value();
}

std::optional<ExitStatus> ChildProcess::exit_status() {
  if (status_) return status_;
  siginfo_t info{};
  // Not collected yet: until then the kernel cannot give the number of its group to others, and
  // Kill can still end the processes that it left behind.
  const int rc = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  if (rc == 0 && info.si_pid == 0) return std::nullopt;
  if (rc != 0 && errno == EINTR) return std::nullopt;
  ExitStatus ended;
  if (rc == 0 && info.si_code == CLD_EXITED) ended.code = info.si_status;
  if (rc == 0 && info.si_code != CLD_EXITED) ended.signal = info.si_status;
  status_ = ended;
  return status_;
}

void ChildProcess::Signal(int signal) {
  // Only Kill collects it: until then no other process can have its id.
  if (running()) ::kill(pid_, signal);
}

std::optional<ExitStatus> ChildProcess::Wait(Duration limit) {
  static_cast<void>(WaitUntil([this] { return !running(); }, limit));
  return exit_status();
}

ExitStatus ChildProcess::Stop(Duration limit) {
  // TERM before CONT: a stopped program must not act again before it sees the signal to end.
  Signal(SIGTERM);
  Signal(SIGCONT);
  if (const auto ended = Wait(limit)) return *ended;
  return Kill();
}

ExitStatus ChildProcess::Kill() {
  if (!collected_) {
    ::kill(-pid_, SIGKILL);
    int status = 0;
    pid_t got = 0;
    do {
      got = ::waitpid(pid_, &status, 0);
    } while (got < 0 && errno == EINTR);
    collected_ = true;
    ExitStatus ended;
    if (got == pid_ && WIFEXITED(status)) ended.code = WEXITSTATUS(status);
    if (got == pid_ && WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
    if (!status_) status_ = ended;
  }
  return *status_;
}

}  // namespace zkcluster::sandbox
