#include "tests/faults/site.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "base/unique_fd.h"
#include "tests/faults/namespaces.h"
#include "yaml/spec_file.h"

namespace zkcluster::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kReadyLimit = seconds(60);
constexpr Duration kZkctlLimit = seconds(60);
constexpr std::uint16_t kRedisPort = 6379;
constexpr std::size_t kTinyDisk = 65536;

// The file next to this program, or at a relative place in the build tree.
std::filesystem::path Beside(const std::string& relative) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  return sandbox::FindProgram((self / relative).string()).lexically_normal();
}

std::filesystem::path FindZkctl() {
  if (const char* named = std::getenv("ZKC_ZKCTL"); named != nullptr && *named != '\0') {
    return sandbox::FindProgram(named);
  }
  return Beside("../../tools/zkctl/zkctl");
}

sandbox::EnsembleOptions EnsembleOn(Fabric& fabric) {
  sandbox::EnsembleOptions options;
  options.places = {fabric.place("zk1"), fabric.place("zk2"), fabric.place("zk3")};
  // 1.4 s: shorter than the checkers' sessions, so that a server that is cut off stops serving
  // before another checker may lead.
  options.sync_limit = 7;
  return options;
}

std::string Number(const char* letter, std::size_t i) {
  return letter + std::to_string(i + 1);
}

}  // namespace

std::string FindFakeTime() {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib", error)) {
    const auto library = entry.path() / "faketime" / "libfaketimeMT.so.1";
    if (std::filesystem::exists(library, error)) return library;
  }
  return {};
}

std::string WhyNoSite() {
  if (auto why = sandbox::WhyNoZooKeeper(); !why.empty()) return why;
  if (auto why = sandbox::WhyNoRedis(); !why.empty()) return why;
  if (sandbox::FindChecker().empty()) return "zkchecker is not found: set ZKC_CHECKER";
  if (FindZkctl().empty()) return "zkctl is not found: set ZKC_ZKCTL";
  for (const char* program : {"faults-client", "faults-rude"}) {
    if (Beside(program).empty()) return std::string(program) + " is not built";
  }
  return {};
}

Site::Site(Fabric& fabric_of_hosts, const SiteOptions& options)
    : fabric(fabric_of_hosts),
      ensemble(EnsembleOn(fabric)),
      observer(ensemble.addresses(), paths),
      options_(options) {
  if (options_.names) names_ = std::make_unique<SiteNames>(fabric, folder());
  for (std::size_t i = 0; i < kShards; ++i) {
    const std::string shard = Number("s", i);
    redis_[shard] = std::make_unique<sandbox::RedisServer>(
        sandbox::RedisOptions{.port = fabric.port(kRedisPort), .place = fabric.place(shard)});
  }
  for (int i = 0; i < options_.checkers; ++i) {
    const std::string id = Number("c", static_cast<std::size_t>(i));
    if (options_.tiny_log_disk) {
      std::filesystem::create_directories(LogDisk(id));
      MountTiny(LogDisk(id), kTinyDisk);
    }
    if (options_.fake_wall_clock) SetWallClock(id, "+0");
    routes_[id] = Route(id);
    checkers_[id] = std::make_unique<sandbox::CheckerProcess>(OptionsOf(id));
  }
  spec.name = kCluster;
  spec.checkers = options_.checkers;
  spec.max_dead_fraction = options_.max_dead_fraction;
  spec.min_racks = options_.min_racks;
  spec.probe.interval = options_.interval;
  spec.probe.timeout = options_.timeout;
  spec.probe.threshold = options_.threshold;
  spec.probe.refused_threshold = options_.refused_threshold;
  spec.probe.fast_interval = milliseconds(100);
  for (const auto& [shard, server] : redis_) {
    spec.shards.push_back(
        {shard, names_ ? names_->Name(shard, server->address()) : server->address()});
  }
  if (const Ran applied = Apply(spec); applied.code != 0) {
    throw std::runtime_error("zkctl apply: " + applied.output);
  }
  StartPrograms();
  AwaitReady();
}

Site::~Site() = default;

sandbox::CheckerOptions Site::OptionsOf(const std::string& id) const {
  sandbox::CheckerOptions checker;
  checker.id = id;
  const auto number = static_cast<std::size_t>(id.back() - '1');
  checker.rack = number < options_.racks.size() ? options_.racks.substr(number, 1) : "rack-" + id;
  checker.zookeeper = routes_.at(id);
  checker.session_timeout = options_.session_timeout;
  checker.root = kRoot;
  checker.ready_line.clear();  // all become ready at the same time
  checker.network_namespace = fabric.place(id).network_namespace;
  if (options_.tiny_log_disk) checker.log_file = LogDisk(id) / "checker.log";
  if (options_.fake_wall_clock) {
    checker.environment = {{"LD_PRELOAD", FindFakeTime()},
                           {"FAKETIME_DONT_FAKE_MONOTONIC", "1"},
                           {"FAKETIME_NO_CACHE", "1"},
                           {"FAKETIME_TIMESTAMP_FILE", ClockFile(id).string()}};
  }
  return checker;
}

std::string Site::Route(const std::string& host) {
  std::string joined;
  for (std::size_t i = 0; i < ensemble.size(); ++i) {
    const std::string zookeeper = Number("zk", i);
    const std::string route = fabric.Route(host, zookeeper, ensemble.server(i).address());
    joined += (i == 0 ? "" : ",") + (names_ ? names_->Name(zookeeper, route) : route);
  }
  return joined;
}

void Site::StartPrograms() {
  for (std::size_t i = 0; i < kPrograms; ++i) {
    const std::string host = Number("p", i);
    programs_.push_back(std::make_unique<sandbox::ChildProcess>(
        sandbox::SpawnOptions{.command = {Beside("faults-client").string(), Route(host), kRoot,
                                          kCluster, TableFile(i).string()},
                              .environment = {},
                              .output = folder() / (host + ".log"),
                              .folder = {},
                              .network_namespace = fabric.place(host).network_namespace}));
  }
}

void Site::AwaitReady() {
  std::string missing;
  const auto ready = [&] {
    const auto snapshot = observer.Read();
    if (!snapshot) return missing = snapshot.error().message, false;
    if (!snapshot->board_is_current) return missing = "no decision yet", false;
    for (const auto& row : snapshot->board.shards) {
      if (row.status != ShardStatus::kAlive) return missing = "not all shards are alive", false;
    }
    if (snapshot->voters.size() != checkers_.size()) return missing = "not all vote", false;
    for (std::size_t i = 0; i < kPrograms; ++i) {
      if (sandbox::ReadFile(TableFile(i)).empty()) return missing = "a program has no table", false;
    }
    return true;
  };
  if (!observer.Await(ready, kReadyLimit)) {
    throw std::runtime_error("the site does not become ready: " + missing + "\n" + LogTails());
  }
}

sandbox::RedisServer& Site::redis(const std::string& shard) {
  return *redis_.at(shard);
}

sandbox::CheckerProcess& Site::checker(const std::string& id) {
  return *checkers_.at(id);
}

std::vector<std::string> Site::CheckerIds() const {
  std::vector<std::string> ids;
  for (const auto& [id, checker] : checkers_) ids.push_back(id);
  return ids;
}

std::filesystem::path Site::TableFile(std::size_t program) const {
  return folder() / (Number("p", program) + ".tables");
}

void Site::StartRude(const std::string& shard, const std::string& manners) {
  sandbox::RedisServer& server = redis(shard);
  server.Kill();
  rude_[shard] = std::make_unique<sandbox::ChildProcess>(
      sandbox::SpawnOptions{.command = {Beside("faults-rude").string(), server.place().host,
                                        std::to_string(server.port()), manners},
                            .environment = {},
                            .output = folder() / ("rude-" + shard + ".log"),
                            .folder = {},
                            .network_namespace = server.place().network_namespace});
}

void Site::StopRude(const std::string& shard) {
  rude_.erase(shard);
}

Ran Site::Zkctl(const std::vector<std::string>& arguments) {
  const sandbox::TempFolder folder("zkc-zkctl");
  sandbox::SpawnOptions options;
  options.command = {FindZkctl().string(), "--zk", ensemble.addresses(), "--root", kRoot};
  options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  options.output = folder.path() / "output";
  sandbox::ChildProcess zkctl(options);
  const auto ended = zkctl.Wait(kZkctlLimit);
  return {ended ? ended->code : -1, sandbox::ReadFile(options.output)};
}

Ran Site::Apply(const ClusterSpec& wanted, const std::string& timeout) {
  const std::filesystem::path file = folder() / "spec.yaml";
  sandbox::WriteFile(file, FormatSpecYaml(wanted));
  return Zkctl({"apply", "-f", file.string(), "--yes", "--timeout", timeout});
}

std::filesystem::path Site::ClockFile(const std::string& id) const {
  return folder() / ("clock-" + id);
}

void Site::SetWallClock(const std::string& id, const std::string& offset) {
  sandbox::WriteFile(ClockFile(id), offset + "\n");
}

std::filesystem::path Site::LogDisk(const std::string& id) const {
  return folder() / ("disk-" + id);
}

void Site::FillLogDisk(const std::string& id) {
  const UniqueFd file(
      ::open((LogDisk(id) / "filler").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!file.valid()) throw std::runtime_error("cannot write to the disk of " + id);
  while (::write(file.get(), "0123456789abcdef", 16) > 0) {
  }
}

void Site::EmptyLogDisk(const std::string& id) {
  std::filesystem::remove(LogDisk(id) / "filler");
}

void Site::Revive() {
  fabric.Mend();
  if (names_) names_->Heal();
  rude_.clear();
  for (std::size_t i = 0; i < ensemble.size(); ++i) {
    ensemble.server(i).Resume();
    ensemble.server(i).Start();
  }
  for (auto& [shard, server] : redis_) {
    server->Resume();
    server->Start();
  }
  for (auto& [id, checker] : checkers_) {
    checker->Resume();
    checker->Start();
  }
}

void Site::End() {
  for (auto& program : programs_) program->Stop();
  for (auto& [id, checker] : checkers_) checker->Stop();
  for (std::size_t i = 0; i < ensemble.size(); ++i) ensemble.server(i).Stop();
}

std::string Site::LogTails() const {
  std::string text;
  const auto add = [&](const std::string& who, const std::filesystem::path& path) {
    if (const std::string tail = sandbox::Tail(path, 25); !tail.empty()) {
      text += "--- the log of " + who + " ends with\n" + tail;
    }
  };
  for (const auto& [id, checker] : checkers_) add(id, checker->log());
  for (std::size_t i = 0; i < kPrograms; ++i) {
    add(Number("p", i), folder() / (Number("p", i) + ".log"));
  }
  return text;
}

}  // namespace zkcluster::faults
