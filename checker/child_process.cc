#include "checker/child_process.h"

#include <fcntl.h>
#include <spawn.h>
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

// Of a size that nobody can change: whoever writes more is told that it cannot be written.
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

class SpawnSettings {
 public:
  SpawnSettings(int input, int errors) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes_);
    // The daemon ignores SIGPIPE; a command expects what everybody does.
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

class Command final : public RunningHook {
 public:
  Command(EventLoop& loop, std::function<void(const HookEnd&)> ended)
      : ended_(std::move(ended)), signal_(loop.OnSignal(SIGCHLD, [this] { Look(); })) {}
  ~Command() override {
    if (pid_ <= 0) return;
    Kill();
    ::waitpid(pid_, nullptr, WNOHANG);  // should it take longer, whoever inherits it will collect
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  Result<void> Start(const std::string& path, const HookRun& run) {
    auto input = FileOf(run.input);
    if (!input) return Fail(input.error());
    auto errors = FileOfSize(kStderrBytes);
    if (!errors) return Fail(errors.error());
    const SpawnSettings settings(input->get(), errors->get());
    std::string argument = path;
    std::array<std::string, 3> variables = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "ZKCLUSTER_CLUSTER=" + run.cluster, "ZKCLUSTER_EVENT=" + run.kind};
    std::array<char*, 2> arguments = {argument.data(), nullptr};
    std::array<char*, 4> environment = {variables[0].data(), variables[1].data(),
                                        variables[2].data(), nullptr};
    const int error = ::posix_spawn(&pid_, path.c_str(), settings.actions(), settings.attributes(),
                                    arguments.data(), environment.data());
    if (error != 0) {
      pid_ = -1;
      return Fail(ErrorCode::kUnavailable, path + ": " + std::strerror(error));
    }
    errors_ = *std::move(errors);
    return {};
  }

  void Kill() override { ::kill(-pid_, SIGKILL); }

 private:
  // Some child of this process has ended, or changed otherwise.
  void Look() {
    siginfo_t info{};
    if (pid_ <= 0 ||
        ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid != pid_)
      return;
    // Before it is collected, while its number is its own: whatever it left behind goes too.
    Kill();
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    HookEnd end;
    if (WIFEXITED(status)) end.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
    end.said = Beginning(errors_);
    // Held here: it destroys this.
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
