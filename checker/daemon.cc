#include "checker/daemon.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "base/join.h"
#include "checker/cluster/roster.h"
#include "checker/config/exposed_files.h"
#include "checker/config/redis_secrets.h"
#include "checker/config/reload.h"
#include "checker/hooks/child_process.h"
#include "checker/hooks/hook_queue.h"
#include "checker/monitor/monitor.h"
#include "checker/probe/net/socket_prober.h"
#include "checker/probe/probe_pool.h"
#include "checker/service/log_switch.h"
#include "checker/service/notify.h"
#include "checker/service/service_report.h"
#include "names/remote_names.h"
#include "names/system_names.h"
#include "zk/native_client.h"

namespace zkcluster {

namespace {

// Leaving takes a round trip or two. If something hangs, the daemon ends all the same, before
// systemd sends SIGKILL.
constexpr Duration kLeaveLimit = std::chrono::seconds(5);
constexpr Duration kHousekeepingInterval = std::chrono::seconds(10);
// Besides one per shard: loops, session, log, resolver, connects under way.
constexpr std::size_t kSpareDescriptors = 64;

std::string HostName() {
  char name[256] = {};
  return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "localhost";
}

// Distinguishes this process from every other and from its own earlier runs.
std::string NewGuid() {
  std::random_device device;
  std::string guid;
  for (int i = 0; i < 4; ++i) guid += fmt::format("{:08x}", device());
  return guid;
}

std::size_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::size_t>(limit.rlim_cur);
}

// A thread with a loop, a prober and a worker of its own. The worker and its prober are made and
// destroyed on that thread: their descriptors belong to its loop.
class WorkerThread {
 public:
  WorkerThread() = default;
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;
  ~WorkerThread() { Stop(); }

  [[nodiscard]] const std::shared_ptr<WorkerSeat>& seat() { return seat_; }

  // `book` belongs to `main`. REQUIRES: both outlive the thread.
  void Start(Loop& main, Names& book, Worker::Report report) {
    thread_ = std::thread([this, &main, &book, report = std::move(report)]() mutable {
      // The main loop handles the signals.
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_BLOCK, &all, nullptr);
      RemoteNames names(loop_, main, book);
      const auto prober = NewSocketProber(loop_, names);
      seat_->Occupy(*prober, std::move(report));
      loop_.Run();
      seat_->Vacate();
    });
  }
  void Stop() {
    if (!thread_.joinable()) return;
    loop_.Stop();
    thread_.join();
  }

 private:
  EventLoop loop_;
  const std::shared_ptr<WorkerSeat> seat_ = std::make_shared<WorkerSeat>(loop_);
  std::thread thread_;
};

// A hook that cannot be run is a fault of configuration, reported before anything is started.
Result<void> CheckHook(const CheckerConfig& config) {
  if (config.on_event.empty()) return {};
  return CheckCommand(config.on_event);
}

class Daemon {
 public:
  Daemon(CheckerConfig config, std::string config_file, std::shared_ptr<Logger> logger,
         zk::Identity identity, RedisSecrets secrets)
      : config_(std::move(config)),
        config_file_(std::move(config_file)),
        logger_(std::make_unique<LogSwitch>(std::move(logger))),
        identity_(std::move(identity)),
        secrets_(std::move(secrets)),
        descriptor_limit_(RaiseDescriptorLimit()) {}

  int Run() {
    logger_->Info("checker.start", {{"id", config_.id},
                                    {"rack", config_.rack},
                                    {"version", ZKC_VERSION},
                                    {"pid", ::getpid()},
                                    {"workers", config_.workers},
                                    {"descriptors", descriptor_limit_}});
    LogExposedFiles();
    // This comes first: from here on SIGTERM means an orderly leave.
    const auto term = loop_.OnSignal(SIGTERM, [this] { Leave("SIGTERM"); });
    const auto interrupt = loop_.OnSignal(SIGINT, [this] { Leave("SIGINT"); });
    const auto hangup = loop_.OnSignal(SIGHUP, [this] { Reload(); });
    ProbePool::Seats seats;
    for (int i = 0; i < config_.workers; ++i) {
      workers_.push_back(std::make_unique<WorkerThread>());
      seats.push_back(workers_.back()->seat());
    }
    pool_ = std::make_unique<ProbePool>(loop_, std::move(seats));
    pool_->OnStall([this](std::string_view loop, Duration lateness) {
      if (monitor_) monitor_->NoteStall(loop);
      logger_->Warn(
          "stall",
          {{"loop", loop},
           {"late_ms", std::chrono::duration_cast<std::chrono::milliseconds>(lateness).count()}});
    });
    for (const auto& worker : workers_) {
      worker->Start(loop_, names_.book(), pool_->ReportFunction());
    }

    client_ = zk::NewNativeClient(loop_, *logger_, ClientOptions());
    hooks_ = std::make_unique<HookQueue>(
        loop_, *logger_, config_.id, [this](const HookRun& run, auto ended) {
          return StartCommand(loop_, config_.on_event, run, std::move(ended));
        });
    roster_ = std::make_unique<Roster>(loop_, *logger_, *client_, *pool_, RosterOptions());
    monitor_ = std::make_unique<Monitor>(loop_, *logger_, config_.id, config_.rack,
                                         Monitor::Sources{*pool_, *roster_, *hooks_});
    monitor_->Listen(config_.metrics);
    leave_limit_ = loop_.NewTimer([this] { loop_.Stop(); });
    housekeeping_ = loop_.NewTimer([this] { Housekeep(); });
    housekeeping_->Arm(kHousekeepingInterval);
    service_ = std::make_unique<ServiceReport>(loop_, ServiceOptions());
    loop_.Run();

    for (const auto& worker : workers_) worker->Stop();
    logger_->Info("checker.stop", {{"id", config_.id}, {"exit", exit_code_}});
    return exit_code_;
  }

 private:
  [[nodiscard]] zk::NativeClientOptions ClientOptions() {
    zk::NativeClientOptions options;
    options.servers = config_.zookeeper.servers;
    options.session_timeout = config_.zookeeper.session_timeout;
    options.identity = std::move(identity_);
    options.names = &names_.book();
    return options;
  }

  Roster::Options RosterOptions() {
    Roster::Options options;
    options.root = config_.zookeeper.root;
    options.all = config_.all_clusters;
    options.names = config_.clusters;
    options.identity.id = config_.id;
    options.identity.guid = NewGuid();
    options.identity.registration = {config_.id, HostName(),  config_.rack,
                                     ::getpid(), ZKC_VERSION, Micros(0)};
    options.callbacks.id_refused = [this](const Registration& holder) { OnIdRefused(holder); };
    options.callbacks.event = [this](const std::string& cluster, const Event& event) {
      if (!config_.on_event.empty()) hooks_->Add(cluster, event);
    };
    options.defaults = [this](const std::string& cluster) {
      ProbeDefaults defaults;
      defaults.health = config_.probe;
      const RedisSecrets::Secrets& secrets = secrets_.Of(cluster);
      defaults.access = {RedisPing{secrets.credentials}, secrets.tls};
      return defaults;
    };
    return options;
  }

  ServiceReport::Options ServiceOptions() {
    ServiceReport::Options options;
    options.facts = [this] { return roster_->facts(FactsDepth::kCounts); };
    options.notify = NotifyServiceManager;
    options.watchdog = WatchdogLimit();
    options.ready = [this](const CheckerFacts& facts) {
      logger_->Info(
          "checker.ready",
          {{"id", config_.id}, {"clusters", facts.clusters.size()}, {"shards", facts.Shards()}});
    };
    return options;
  }

  void Reload() {
    if (leaving_) return;
    service_->Reloading();
    if (const auto reloaded = TryReload(); !reloaded) {
      ReopenLog();
      logger_->Error("reload.refused",
                     {{"file", config_file_}, {"error", reloaded.error().message}});
    }
    service_->Reloaded();
  }

  // Even with a bad file: logrotate has moved the log away. If the log cannot be reopened, the old
  // one is kept.
  void ReopenLog() {
    if (auto logger = NewLogger(config_.log)) logger_->Replace(*std::move(logger));
  }

  // Everything that can fail comes before anything is changed.
  Result<void> TryReload() {
    auto wanted = LoadConfig(config_file_);
    if (!wanted) return Fail(wanted.error());
    if (auto hook = CheckHook(*wanted); !hook) return Fail(hook.error());
    auto secrets = RedisSecrets::Read(*wanted, secrets_);
    if (!secrets) return Fail(secrets.error());
    auto logger = NewLogger(wanted->log);
    if (!logger) return Fail(logger.error());
    ReloadPlan plan = PlanReload(config_, *std::move(wanted));
    const bool new_metrics = plan.config.metrics != config_.metrics;
    config_ = std::move(plan.config);
    secrets_ = *std::move(secrets);
    logger_->Replace(*std::move(logger));
    roster_->Serve(config_.all_clusters, config_.clusters);
    if (new_metrics) monitor_->Listen(config_.metrics);
    logger_->Info("reload.done", {{"file", config_file_}, {"changed", Join(plan.changed, ",")}});
    LogExposedFiles();
    if (!plan.needs_restart.empty()) {
      logger_->Warn("reload.needs_restart",
                    {{"file", config_file_}, {"keys", Join(plan.needs_restart, ",")}});
    }
    return {};
  }

  // Every cluster reports it; one line is enough.
  void OnIdRefused(const Registration& holder) {
    if (std::exchange(exit_code_, kExitUnavailable) != kExitOk) return;
    logger_->Error("checker.id_in_use",
                   {{"id", config_.id},
                    {"held_by_host", holder.host},
                    {"held_by_pid", holder.pid},
                    {"hint", "give each checker an id of its own in checker.yaml"}});
    // Not from within the conductor's call.
    loop_.Post([this] { Leave("id in use"); });
  }

  void Leave(std::string_view why) {
    if (leaving_) return;
    leaving_ = true;
    logger_->Info("checker.leaving", {{"id", config_.id}, {"why", why}});
    service_->Stopping(why);
    leave_limit_->Arm(kLeaveLimit);
    roster_->Leave([this] {
      // The session is closed in good order, so that nothing of ours remains until its timeout.
      client_->Close([this] { loop_.Stop(); });
    });
  }

  void LogExposedFiles() {
    for (const std::string& file : ExposedFiles(config_)) {
      logger_->Warn("secret.exposed", {{"file", file}});
    }
  }

  // Password and certificate files change at any time. An unusable file may be half written: until
  // it can be used, the values read last stay in force.
  void ReloadSecrets() {
    auto fresh = RedisSecrets::Read(config_, secrets_);
    const std::string trouble = fresh ? "" : fresh.error().message;
    if (trouble != std::exchange(secrets_trouble_, trouble) && !fresh) {
      logger_->Error("redis.secrets_unreadable", {{"error", trouble}});
    }
    if (!fresh || *fresh == secrets_) return;
    secrets_ = *std::move(fresh);
    logger_->Info("redis.secrets_changed", {{"id", config_.id}});
    roster_->Serve(config_.all_clusters, config_.clusters);
  }

  // Logs limits that are nearly reached.
  void Housekeep() {
    housekeeping_->Arm(kHousekeepingInterval);
    ReloadSecrets();
    const std::size_t needed = roster_->facts(FactsDepth::kCounts).Servers() + kSpareDescriptors;
    const bool short_of_descriptors = descriptor_limit_ != 0 && needed > descriptor_limit_;
    if (short_of_descriptors && !logged_descriptors_) {
      logger_->Error("limits.descriptors", {{"needed", needed},
                                            {"limit", descriptor_limit_},
                                            {"hint", "raise LimitNOFILE of the unit"}});
    }
    logged_descriptors_ = short_of_descriptors;
  }

  CheckerConfig config_;
  const std::string config_file_;
  const std::unique_ptr<LogSwitch> logger_;
  zk::Identity identity_;  // until it is handed to the client
  RedisSecrets secrets_;
  const std::size_t descriptor_limit_;
  EventLoop loop_;
  SystemNames names_{loop_};
  std::vector<std::unique_ptr<WorkerThread>> workers_;
  std::unique_ptr<ProbePool> pool_;
  std::unique_ptr<zk::Client> client_;
  std::unique_ptr<HookQueue> hooks_;
  std::unique_ptr<Roster> roster_;
  std::unique_ptr<Monitor> monitor_;
  std::unique_ptr<Timer> leave_limit_;
  std::unique_ptr<Timer> housekeeping_;
  std::unique_ptr<ServiceReport> service_;
  std::string secrets_trouble_;  // as logged
  bool leaving_ = false;
  bool logged_descriptors_ = false;
  int exit_code_ = kExitOk;
};

}  // namespace

int RunDaemon(const CheckerConfig& config, std::string config_file) {
  std::signal(SIGPIPE, SIG_IGN);
  // Blocked until the loop handles it: logrotate may send it while the daemon starts.
  std::signal(SIGHUP, SIG_IGN);
  const auto complain = [](const Error& error) {
    std::fputs(fmt::format("zkchecker: {}\n", error.message).c_str(), stderr);
    return kExitConfig;
  };
  if (auto hook = CheckHook(config); !hook) return complain(hook.error());
  // An unreadable file is a fault of configuration, reported before anything is started.
  auto secrets = RedisSecrets::Read(config, {});
  if (!secrets) return complain(secrets.error());
  auto identity = LoadIdentity(config.zookeeper);
  if (!identity) return complain(identity.error());
  auto logger = NewLogger(config.log);
  if (!logger) return complain(logger.error());
  return Daemon(config, std::move(config_file), *std::move(logger), *std::move(identity),
                *std::move(secrets))
      .Run();
}

}  // namespace zkcluster
