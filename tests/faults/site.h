// The processes of one scenario, all real: an ensemble of three ZooKeeper servers, zkcheckers,
// six Redis servers and two programs with the library, each on the host of its name (see
// fabric.h); and an operator with zkctl. Ready when the constructor returns: every shard alive,
// every checker voting, one leading, both programs with a table. Throws std::runtime_error. Used
// from the main thread only.
#pragma once

#include <zkcluster/spec.h>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/paths.h"
#include "tests/faults/fabric.h"
#include "tests/faults/observer.h"
#include "tests/faults/site_names.h"
#include "tools/sandbox/ensemble.h"
#include "tools/sandbox/sandbox.h"

namespace zkcluster::faults {

inline constexpr const char* kRoot = "/goreclusters";
inline constexpr const char* kCluster = "sessions";
inline constexpr std::size_t kShards = 6;
inline constexpr std::size_t kPrograms = 2;

struct SiteOptions {
  int checkers = 3;
  Duration interval = std::chrono::milliseconds(250);
  Duration timeout = std::chrono::milliseconds(400);
  Duration threshold = std::chrono::seconds(1);
  Duration refused_threshold = std::chrono::milliseconds(500);
  std::optional<double> max_dead_fraction = {};
  std::optional<int> min_racks = {};
  std::string racks = {};              // a letter a checker: "aab"; empty: each has one of its own
  std::string session_timeout = "2s";  // of the checkers
  bool tiny_log_disk = false;          // each checker logs to a file on a disk of 64 kB of its own
  bool fake_wall_clock = false;        // of checkers: see SetWallClock
  bool names = false;                  // shards and ZooKeeper are given by name: see site_names.h
};

struct Ran {
  int code = -1;
  std::string output;  // stdout and stderr
};

class Site {
 public:
  Site(Fabric& fabric, const SiteOptions& options);
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  [[nodiscard]] sandbox::RedisServer& redis(const std::string& shard);
  [[nodiscard]] sandbox::CheckerProcess& checker(const std::string& id);
  [[nodiscard]] std::vector<std::string> CheckerIds() const;
  // What each program has written so far; see client_main.cc.
  [[nodiscard]] std::filesystem::path TableFile(std::size_t program) const;

  // In place of the shard's Redis, which is killed; see rude_main.cc.
  // StopRude leaves the port empty.
  void StartRude(const std::string& shard, const std::string& manners);
  void StopRude(const std::string& shard);

  [[nodiscard]] Ran Zkctl(const std::vector<std::string>& arguments);
  // zkctl apply -f.
  [[nodiscard]] Ran Apply(const ClusterSpec& wanted, const std::string& timeout = "10s");

  // An offset to the wall clock of a checker, such as "-3600". REQUIRES: fake_wall_clock.
  void SetWallClock(const std::string& id, const std::string& offset);
  // Fills the disk of a checker's log, or empties it again. REQUIRES: tiny_log_disk.
  void FillLogDisk(const std::string& id);
  void EmptyLogDisk(const std::string& id);

  [[nodiscard]] SiteNames& names() { return *names_; }  // REQUIRES: SiteOptions::names

  // Starts and resumes every process that does not run.
  void Revive();
  // Ends every process in order; the ensemble's logs are complete then. No other call may follow.
  void End();
  // The ends of the logs of all processes.
  [[nodiscard]] std::string LogTails() const;

  Fabric& fabric;
  sandbox::ZooKeeperEnsemble ensemble;
  const ClusterPaths paths{kRoot, kCluster};
  Observer observer;
  ClusterSpec spec;  // as it was made at first

 private:
  [[nodiscard]] sandbox::CheckerOptions OptionsOf(const std::string& id) const;
  [[nodiscard]] std::string Route(const std::string& host);
  [[nodiscard]] std::filesystem::path LogDisk(const std::string& id) const;
  [[nodiscard]] std::filesystem::path ClockFile(const std::string& id) const;
  void StartPrograms();
  void AwaitReady();

  const SiteOptions options_;
  sandbox::TempFolder folder_{"zkc-site"};
  std::unique_ptr<SiteNames> names_;  // null: addresses only
  std::map<std::string, std::unique_ptr<sandbox::RedisServer>> redis_;
  std::map<std::string, std::unique_ptr<sandbox::ChildProcess>> rude_;
  std::map<std::string, std::string> routes_;
  std::map<std::string, std::unique_ptr<sandbox::CheckerProcess>> checkers_;
  std::vector<std::unique_ptr<sandbox::ChildProcess>> programs_;
};

// Where the preloaded library is that fakes a wall clock; empty: not installed.
[[nodiscard]] std::string FindFakeTime();
// What this build or machine lacks for a site; empty: nothing.
[[nodiscard]] std::string WhyNoSite();

}  // namespace zkcluster::faults
