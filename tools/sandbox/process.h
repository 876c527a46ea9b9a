// Child processes, ports and temporary folders, for tests and `zkctl dev`. Everything that is
// started here ends with its owner: when the object is destroyed, when an exception passes, and
// when this process dies (PR_SET_PDEATHSIG). Not for production code: these calls wait, and throw
// std::runtime_error with a message for a person. One thread at a time. Note that the kernel ties
// PDEATHSIG to the *thread* that started the child.
#pragma once

#include <sys/types.h>

#include <zkcluster/time.h>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zkcluster::sandbox {

// Calls `done` every few milliseconds. False when `limit` passed first. This is the only place that
// waits by time.
[[nodiscard]] bool WaitUntil(const std::function<bool()>& done, Duration limit);

// A port of 127.0.0.1 that nobody listens on at this moment, chosen by the kernel. Somebody else
// may take it first: the caller must be ready to try another.
[[nodiscard]] std::uint16_t FreePort();

// True when a process accepts connections there.
[[nodiscard]] bool PortAnswers(std::uint16_t port);

// A folder under $TMPDIR or /tmp. The destructor removes it with everything in it.
class TempFolder {
 public:
  explicit TempFolder(std::string_view prefix = "zkc");
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void WriteFile(const std::filesystem::path& path, std::string_view text);
// Empty when it cannot be read.
[[nodiscard]] std::string ReadFile(const std::filesystem::path& path);
// The last lines, for error messages.
[[nodiscard]] std::string Tail(const std::filesystem::path& path, std::size_t lines = 15);

// The path of a program: `name` itself when it contains '/', else the first in $PATH and the sbin
// folders. Empty when there is none.
[[nodiscard]] std::filesystem::path FindProgram(const std::string& name);

struct SpawnOptions {
  std::vector<std::string> command;                // the program first; found as FindProgram does
  std::map<std::string, std::string> environment;  // added to ours
  std::filesystem::path output;                    // stdout and stderr, appended; empty: /dev/null
  std::filesystem::path folder;                    // working folder; empty: ours
  int network_namespace = -1;                      // a descriptor of one to run in; -1: ours
};

struct ExitStatus {
  int code = -1;   // of exit; -1 when a signal ended it
  int signal = 0;  // the one that ended it; 0 when it exited
  bool operator==(const ExitStatus&) const = default;
};

// One running child, leader of a process group of its own. Destroying it kills the group, also when
// the child itself has ended before.
class ChildProcess {
 public:
  explicit ChildProcess(const SpawnOptions& options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  // Nothing while it runs.
  [[nodiscard]] std::optional<ExitStatus> exit_status();
  // Signals only the child, not its group; does nothing when it has ended.
  void Signal(int signal);
  // Waits for its end. Nothing when it still runs after `limit`.
  std::optional<ExitStatus> Wait(Duration limit);
  // SIGTERM (and SIGCONT, should it be stopped), and SIGKILL to the group after `limit`.
  ExitStatus Stop(Duration limit = std::chrono::seconds(10));
  ExitStatus Kill();

 private:
  pid_t pid_ = -1;
  std::optional<ExitStatus> status_;
  bool collected_ = false;
};

}  // namespace zkcluster::sandbox
