#include "checker/hooks/child_process.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/unique_fd.h"

namespace zkcluster {

namespace {

constexpr std::size_t kStderrBytes = 4096;  // the rest cannot be written
constexpr std::size_t kStderrLogged = 500;

Result<UniqueFd> NewMemoryFile(const char* name) {
  UniqueFd fd(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) {
    return Fail(ErrorCode::kUnavailable, std::string("no memory file: ") + std::strerror(errno));
  }
  return fd;
}

Result<UniqueFd> FileOf(const std::string& text) {
  auto fd = NewMemoryFile("zkchecker-event");
  if (!fd) return fd;
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t count = ::write(fd->get(), text.data() + written, text.size() - written);
    if (count < 0) {
      return Fail(ErrorCode::kUnavailable, std::string("memory file: ") + std::strerror(errno));
    }
    written += static_cast<std::size_t>(count);
  }
  ::lseek(fd->get(), 0, SEEK_SET);
  return fd;
}

// The size is sealed: a write beyond it fails.
Result<UniqueFd> FileOfSize(std::size_t bytes) {
  auto fd = NewMemoryFile("zkchecker-stderr");
  if (!fd) return fd;
  if (::ftruncate(fd->get(), static_cast<off_t>(bytes)) != 0 ||
      ::fcntl(fd->get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
    return Fail(ErrorCode::kUnavailable, std::string("memory file: ") + std::strerror(errno));
  }
  return fd;
}

std::string Beginning(const UniqueFd& fd) {
  std::array<char, kStderrLogged> text{};
  const ssize_t count = ::pread(fd.get(), text.data(), text.size(), 0);
  std::string said(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  said.resize(std::min(said.size(), said.find('\0')));
  while (!said.empty() && said.back() == '\n') said.pop_back();
  return said;
}

// Blocks all signals during its lifetime: a child must not run our handlers.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// Runs in the child, a copy of one thread of many: only system calls are safe. A command that
// cannot be run ends as in a shell: exit status 127, and the cause on stderr.
[[noreturn]] void Become(char* const* arguments, char* const* environment, int input, int errors) {
  ::setpgid(0, 0);
  // The daemon ignores SIGPIPE; a command expects the default.
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  // Copy first: each of the three may have the number that another one needs.
  const int from[] = {::fcntl(input, F_DUPFD, STDERR_FILENO + 1), ::open("/dev/null", O_WRONLY),
                      ::fcntl(errors, F_DUPFD, STDERR_FILENO + 1)};
  for (const int to : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::dup2(from[to], to) < 0) ::_exit(127);
  }
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  sigset_t none;
  sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  ::execve(arguments[0], arguments, environment);
  const char* const why = ::strerrordesc_np(errno);
  for (const char* text : {static_cast<const char*>(arguments[0]), ": ", why}) {
    if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) break;
  }
  ::_exit(127);
}

class Command final : public RunningHook {
 public:
  Command(EventLoop& loop, std::function<void(const HookEnd&)> ended)
      : ended_(std::move(ended)), signal_(loop.OnSignal(SIGCHLD, [this] { Reap(); })) {}
  ~Command() override {
    if (pid_ <= 0) return;
    Kill();
    ::waitpid(pid_, nullptr, WNOHANG);  // if it takes longer, its new parent collects it
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  Result<void> Start(const std::string& path, const HookRun& run) {
    auto input = FileOf(run.input);
    if (!input) return Fail(input.error());
    auto errors = FileOfSize(kStderrBytes);
    if (!errors) return Fail(errors.error());
    std::string argument = path;
    std::array<std::string, 3> variables = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "ZKCLUSTER_CLUSTER=" + run.cluster, "ZKCLUSTER_EVENT=" + run.kind};
    std::array<char*, 2> arguments = {argument.data(), nullptr};
    std::array<char*, 4> environment = {variables[0].data(), variables[1].data(),
                                        variables[2].data(), nullptr};
    // Not posix_spawn: it waits until the command's file is open, which on a hung file system
    // is for ever.
    const SignalsBlocked in_child_too;
    pid_ = ::fork();
    if (pid_ == 0) Become(arguments.data(), environment.data(), input->get(), errors->get());
    if (pid_ < 0) {
      return Fail(ErrorCode::kUnavailable, path + ": no process: " + std::strerror(errno));
    }
    ::setpgid(pid_, pid_);  // here, too: Kill may be called before the child runs
    errors_ = *std::move(errors);
    return {};
  }

  void Kill() override { ::kill(-pid_, SIGKILL); }

 private:
  // A child of this process has ended or changed its state.
  void Reap() {
    siginfo_t info{};
    if (pid_ <= 0 ||
        ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid != pid_)
      return;
    // Kill its group before it is collected, while the number is still its own: its leftover
    // processes end, too.
    Kill();
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    HookEnd end;
    if (WIFEXITED(status)) end.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
    end.said = Beginning(errors_);
    // Moved to the stack: the call destroys this object.
    const auto ended = std::move(ended_);
    ended(end);
  }

  std::function<void(const HookEnd&)> ended_;
  pid_t pid_ = -1;
  UniqueFd errors_;
  std::shared_ptr<void> signal_;
};

}  // namespace

Result<void> CheckCommand(const std::string& path) {
  struct stat info {};
  const auto complain = [&](const std::string& why) {
    return Fail(ErrorCode::kInvalid, "on_event: " + path + ": " + why);
  };
  if (::stat(path.c_str(), &info) != 0) return complain(std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return complain("not a file");
  if (::access(path.c_str(), X_OK) != 0) return complain(std::strerror(errno));
  return {};
}

Result<std::unique_ptr<RunningHook>> StartCommand(EventLoop& loop, const std::string& path,
                                                  const HookRun& run,
                                                  std::function<void(const HookEnd&)> ended) {
  auto command = std::make_unique<Command>(loop, std::move(ended));
  if (auto started = command->Start(path, run); !started) return Fail(started.error());
  return std::unique_ptr<RunningHook>(std::move(command));
}

}  // namespace zkcluster
