// Private servers on loopback: ZooKeeper, Redis and zkchecker. The constructor starts each on a
// free port in a folder of its own and returns when it is ready; the destructor ends it. All throw
// std::runtime_error with what is missing (java, the jar, redis-server) or the tail of the log. One
// thread at a time (see process.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/sandbox/process.h"
#include "tools/sandbox/server.h"

namespace zkcluster::sandbox {

// Why no ZooKeeper (or Redis) can be started here; empty: it can.
[[nodiscard]] std::string WhyNoZooKeeper();
[[nodiscard]] std::string WhyNoRedis();

// Sends a ZooKeeper server a four-letter word ("srvr", "ruok", "cons") and returns its answer.
// Empty when it does not answer.
[[nodiscard]] std::string FourLetterWord(const std::string& host, std::uint16_t port,
                                         std::string_view word,
                                         Duration limit = std::chrono::milliseconds(500));
[[nodiscard]] std::string FourLetterWord(std::uint16_t port, std::string_view word,
                                         Duration limit = std::chrono::milliseconds(500));

struct ZooKeeperOptions {
  std::uint16_t port = 0;                // 0: a free one
  std::chrono::milliseconds tick{200};   // sessions of 2 .. 300 ticks, expired in whole ticks
  std::vector<std::string> config = {};  // more lines for zoo.cfg
  Place place = {};
  // Its number within an ensemble (see ensemble.h). Start then returns at once, because only a
  // majority can serve. 0: no ensemble.
  int member = 0;
};

// One server. Port and data survive Stop, Kill and Start.
class ZooKeeperServer final : public PrivateServer {
 public:
  explicit ZooKeeperServer(ZooKeeperOptions options = {});

  void Wipe();  // forgets all data. REQUIRES: stopped
  // Snapshots and transaction logs.
  [[nodiscard]] std::filesystem::path data() const { return folder() / "data" / "version-2"; }
  // Its mode by `srvr`: "standalone", "leader" or "follower"; empty when it does not serve.
  [[nodiscard]] std::string Mode() const;
  // The number of its sessions. REQUIRES: it serves.
  [[nodiscard]] std::size_t Sessions() const;

 private:
  std::string WhyNot() const override;
  SpawnOptions Prepare() override;
  bool Answers() override;

  ZooKeeperOptions options_;
};

struct RedisOptions {
  std::uint16_t port = 0;                // 0: a free one
  std::string password = {};             // requirepass; empty: none
  std::vector<std::string> config = {};  // more lines for redis.conf
  Place place = {};
};

// A server without persistence: it is empty after a restart.
class RedisServer final : public PrivateServer {
 public:
  explicit RedisServer(RedisOptions options = {});

  // Sends one command (AUTH first when there is a password) and returns the reply as text: a
  // status or a string as it is, a number in digits, an array joined by newlines, nil as "".
  // Throws on errors.
  std::string Command(const std::vector<std::string>& words);

 private:
  std::string WhyNot() const override;
  SpawnOptions Prepare() override;
  bool Answers() override;

  RedisOptions options_;
};

struct CheckerOptions {
  std::string id = "c1";
  std::string rack;
  std::string zookeeper;  // "host:port,host:port"
  std::string session_timeout = "3s";
  std::string root = "/goreclusters";
  std::string access;                 // zookeeper.access
  std::string acl;                    // zookeeper.acl
  std::vector<std::string> clusters;  // empty: all
  std::string probe;  // inside of `probe: {...}`, e.g. "interval: 100ms, threshold: 500ms"
  std::string more;   // further YAML at the top level
  std::string log_level = "info";
  std::string log_file;                            // log.file; empty: it logs to stderr
  std::map<std::string, std::string> environment;  // added to ours
  int network_namespace = -1;                      // see SpawnOptions
  // Start waits for a log line with this; empty: it does not wait.
  std::string ready_line = "event=checker.ready";
};

// The path of zkchecker: $ZKC_CHECKER, else beside the running program, in ../checker or
// ../../checker of its folder (the build tree), else in $PATH and sbin. Empty when it is not found.
[[nodiscard]] std::filesystem::path FindChecker();

// One zkchecker with a checker.yaml of its own. Logs are kept across restarts in one file.
class CheckerProcess {
 public:
  explicit CheckerProcess(CheckerOptions options);
  ~CheckerProcess();

  [[nodiscard]] const std::string& id() const { return options_.id; }
  [[nodiscard]] std::filesystem::path config() const { return folder_.path() / "checker.yaml"; }
  [[nodiscard]] std::filesystem::path log() const;
  [[nodiscard]] pid_t pid() const;  // -1 when ended and collected
  [[nodiscard]] bool running();

  void Start();       // does nothing when it runs
  ExitStatus Stop();  // SIGTERM
  void Kill();
  void Pause();
  void Resume();
  // Waits until it ends by itself; nothing after `limit`.
  std::optional<ExitStatus> AwaitExit(Duration limit);
  // True when a line with all of `parts` was logged, by this or an earlier start;
  // waits up to `limit`.
  bool AwaitLog(const std::vector<std::string>& parts, Duration limit);
  [[nodiscard]] std::size_t CountLog(const std::vector<std::string>& parts) const;

 private:
  CheckerOptions options_;
  TempFolder folder_{"zkc-checker"};
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace zkcluster::sandbox
