#include "tools/sandbox/sandbox.h"

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include "base/unique_fd.h"

namespace zkcluster::sandbox {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kStartLimit = seconds(30);  // a loaded machine; both are usually up within one
constexpr int kPortTries = 5;

constexpr const char* kZooKeeperJar = "/usr/share/java/zookeeper.jar";
constexpr const char* kLogJar = "/usr/share/java/slf4j-simple.jar";

std::filesystem::path FindJava() {
  if (const char* home = std::getenv("JAVA_HOME"); home != nullptr && *home != '\0') {
    if (auto java = FindProgram(std::string(home) + "/bin/java"); !java.empty()) return java;
  }
  return FindProgram("java");
}

std::string LocalAddress(std::uint16_t port) {
  return "127.0.0.1:" + std::to_string(port);
}

// JSON's escapes are YAML's too.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

// Tries `launch` on ports of the kernel until one was not snatched away; on a given port just once.
template <class Launch, class Ready>
void StartOnSomePort(std::uint16_t wanted, std::uint16_t& port, const char* what,
                     const std::filesystem::path& log, Launch launch, Ready ready) {
  const bool chosen = port != 0 || wanted != 0;
  if (wanted != 0) port = wanted;
  for (int attempt = 1;; ++attempt) {
    if (!chosen) port = FreePort();
    launch();
    if (ready()) return;
    if (chosen || attempt == kPortTries) {
      throw std::runtime_error(std::string(what) + " did not start on port " +
                               std::to_string(port) + "; its log ends with:\n" + Tail(log));
    }
  }
}

}  // namespace

std::string WhyNoZooKeeper() {
  if (FindJava().empty()) return "java is missing: install default-jre-headless";
  for (const char* jar : {kZooKeeperJar, kLogJar}) {
    std::error_code error;
    if (!std::filesystem::exists(jar, error)) {
      return std::string(jar) + " is missing: install libzookeeper-java and libslf4j-java";
    }
  }
  return {};
}

std::string WhyNoRedis() {
  return FindProgram("redis-server").empty() ? "redis-server is missing: install redis-server" : "";
}

std::string FourLetterWord(std::uint16_t port, std::string_view word, Duration limit) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const auto limit_us = std::chrono::duration_cast<std::chrono::microseconds>(limit).count();
  const timeval timeout{limit_us / 1'000'000, limit_us % 1'000'000};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return {};
  if (::send(fd.get(), word.data(), word.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(word.size())) {
    return {};
  }
  std::string answer;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::recv(fd.get(), buffer, sizeof(buffer), 0)) > 0;) {
    answer.append(buffer, static_cast<std::size_t>(got));
  }
  return answer;
}

// --- ZooKeeper ---

ZooKeeperServer::ZooKeeperServer(ZooKeeperOptions options) : options_(std::move(options)) {
  Start();
}

ZooKeeperServer::~ZooKeeperServer() = default;

std::string ZooKeeperServer::address() const {
  return LocalAddress(port_);
}
std::filesystem::path ZooKeeperServer::log() const {
  return folder_.path() / "zookeeper.log";
}
pid_t ZooKeeperServer::pid() const {
  return process_ ? process_->pid() : -1;
}
bool ZooKeeperServer::running() {
  return process_ && process_->running();
}

void ZooKeeperServer::Start() {
  if (running()) return;
  if (const std::string why = WhyNoZooKeeper(); !why.empty()) throw std::runtime_error(why);
  StartOnSomePort(
      options_.port, port_, "ZooKeeper", log(), [this] { Launch(); },
      [this] { return AwaitReady(); });
}

void ZooKeeperServer::Launch() {
  const std::filesystem::path config = folder_.path() / "zoo.cfg";
  std::ostringstream text;
  text << "tickTime=" << options_.tick.count() << "\ndataDir=" << (folder_.path() / "data").string()
       << "\nclientPort=" << port_ << "\nclientPortAddress=127.0.0.1\nmaxClientCnxns=0\n"
       << "admin.enableServer=false\n4lw.commands.whitelist=*\n"
       << "minSessionTimeout=" << 2 * options_.tick.count() << "\nmaxSessionTimeout=60000\n";
  for (const std::string& line : options_.config) text << line << "\n";
  WriteFile(config, text.str());
  // Few threads and no compiler that thinks for long: up in half a second, 60 MB.
  process_ = std::make_unique<ChildProcess>(SpawnOptions{
      .command = {FindJava().string(), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
                  "-XX:-UsePerfData", "-Xms32m", "-Xmx256m", "-Dzookeeper.preAllocSize=1024",
                  "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp",
                  std::string(kZooKeeperJar) + ":" + kLogJar,
                  "org.apache.zookeeper.server.quorum.QuorumPeerMain", config.string()},
      .environment = {},
      .output = log(),
      .folder = folder_.path()});
}

bool ZooKeeperServer::AwaitReady() {
  bool answered = false;
  static_cast<void>(WaitUntil(
      [&] {
        // Early words hang and `ruok` answers too early: ask for the mode, with a short limit.
        answered =
            FourLetterWord(port_, "srvr", milliseconds(100)).find("Mode:") != std::string::npos;
        return answered || !running();
      },
      kStartLimit));
  return answered && running();
}

void ZooKeeperServer::Stop() {
  if (process_) process_->Stop();
  process_.reset();
}
void ZooKeeperServer::Kill() {
  process_.reset();
}
void ZooKeeperServer::Pause() {
  if (process_) process_->Signal(SIGSTOP);
}
void ZooKeeperServer::Resume() {
  if (process_) process_->Signal(SIGCONT);
}
void ZooKeeperServer::Wipe() {
  std::filesystem::remove_all(folder_.path() / "data");
}

// --- Redis ---

RedisServer::RedisServer(RedisOptions options) : options_(std::move(options)) {
  Start();
}

RedisServer::~RedisServer() = default;

std::string RedisServer::address() const {
  return LocalAddress(port_);
}
pid_t RedisServer::pid() const {
  return process_ ? process_->pid() : -1;
}
bool RedisServer::running() {
  return process_ && process_->running();
}

void RedisServer::Start() {
  if (running()) return;
  if (const std::string why = WhyNoRedis(); !why.empty()) throw std::runtime_error(why);
  StartOnSomePort(
      options_.port, port_, "redis-server", folder_.path() / "redis.log", [this] { Launch(); },
      [this] { return AwaitReady(); });
}

void RedisServer::Launch() {
  const std::filesystem::path config = folder_.path() / "redis.conf";
  std::ostringstream text;
  text << "port " << port_ << "\nbind 127.0.0.1\ndaemonize no\nsave \"\"\nappendonly no\n"
       << "enable-debug-command yes\ndir " << folder_.path().string() << "\n";
  if (!options_.password.empty()) text << "requirepass " << Quoted(options_.password) << "\n";
  for (const std::string& line : options_.config) text << line << "\n";
  WriteFile(config, text.str());
  process_ =
      std::make_unique<ChildProcess>(SpawnOptions{.command = {"redis-server", config.string()},
                                                  .environment = {},
                                                  .output = folder_.path() / "redis.log",
                                                  .folder = folder_.path()});
}

bool RedisServer::AwaitReady() {
  bool answered = false;
  static_cast<void>(WaitUntil(
      [&] {
        const std::unique_ptr<redisContext, decltype(&redisFree)> context(
            redisConnectWithTimeout("127.0.0.1", port_, timeval{1, 0}), &redisFree);
        if (context && context->err == 0 &&
            redisSetTimeout(context.get(), timeval{1, 0}) == REDIS_OK) {
          // Any reply will do: -NOAUTH and -LOADING come from a server that is up, too.
          void* reply = redisCommand(context.get(), "PING");
          answered = reply != nullptr;
          if (reply != nullptr) freeReplyObject(reply);
        }
        return answered || !running();
      },
      kStartLimit));
  return answered && running();
}

void RedisServer::Stop() {
  if (process_) process_->Stop();
  process_.reset();
}
void RedisServer::Kill() {
  process_.reset();
}
void RedisServer::Pause() {
  if (process_) process_->Signal(SIGSTOP);
}
void RedisServer::Resume() {
  if (process_) process_->Signal(SIGCONT);
}

std::string RedisServer::Command(const std::vector<std::string>& words) {
  const std::unique_ptr<redisContext, decltype(&redisFree)> context(
      redisConnectWithTimeout("127.0.0.1", port_, timeval{5, 0}), &redisFree);
  if (!context || context->err != 0) throw std::runtime_error("cannot connect to " + address());
  redisSetTimeout(context.get(), timeval{30, 0});
  const auto send = [&](const std::vector<std::string>& command) {
    std::vector<const char*> arguments;
    std::vector<std::size_t> lengths;
    for (const std::string& word : command) {
      arguments.push_back(word.data());
      lengths.push_back(word.size());
    }
    const auto free_reply = [](redisReply* r) { freeReplyObject(r); };
    const std::unique_ptr<redisReply, decltype(free_reply)> reply(
        static_cast<redisReply*>(redisCommandArgv(context.get(), static_cast<int>(arguments.size()),
                                                  arguments.data(), lengths.data())),
        free_reply);
    if (!reply) throw std::runtime_error(command.front() + ": " + context->errstr);
    const auto text = [](const redisReply& r, const auto& self) -> std::string {
      if (r.type == REDIS_REPLY_INTEGER) return std::to_string(r.integer);
      std::string joined;
      if (r.type == REDIS_REPLY_ARRAY) {
        for (std::size_t i = 0; i < r.elements; ++i) {
          joined += (i == 0 ? "" : "\n") + self(*r.element[i], self);
        }
      } else if (r.str != nullptr) {
        joined.assign(r.str, static_cast<std::size_t>(r.len));
      }
      return joined;
    };
    if (reply->type == REDIS_REPLY_ERROR) {
      throw std::runtime_error(command.front() + ": " + text(*reply, text));
    }
    return text(*reply, text);
  };
  if (!options_.password.empty()) send({"AUTH", options_.password});
  return send(words);
}

// --- zkchecker ---

std::filesystem::path FindChecker() {
  if (const char* named = std::getenv("ZKC_CHECKER"); named != nullptr && *named != '\0') {
    return FindProgram(named);
  }
  std::error_code error;
  const std::filesystem::path self =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* place :
       {"zkchecker", "../checker/zkchecker", "../../checker/zkchecker", "../sbin/zkchecker"}) {
    if (auto found = FindProgram((self / place).string()); !found.empty())
      return found.lexically_normal();
  }
  return FindProgram("zkchecker");
}

CheckerProcess::CheckerProcess(CheckerOptions options) : options_(std::move(options)) {
  std::ostringstream text;
  text << "id: " << Quoted(options_.id) << "\n";
  if (!options_.rack.empty()) text << "rack: " << Quoted(options_.rack) << "\n";
  text << "zookeeper:\n  servers: [";
  std::istringstream servers(options_.zookeeper);
  std::string separator;
  for (std::string server; std::getline(servers, server, ',');) {
    text << std::exchange(separator, ", ") << Quoted(server);
  }
  text << "]\n  session_timeout: " << options_.session_timeout
       << "\n  root: " << Quoted(options_.root) << "\n";
  if (options_.clusters.empty()) {
    text << "clusters: all\n";
  } else {
    text << "clusters:\n";
    for (const std::string& cluster : options_.clusters) text << "  - " << Quoted(cluster) << "\n";
  }
  if (!options_.probe.empty()) text << "probe: {" << options_.probe << "}\n";
  text << "log: {level: " << options_.log_level << ", format: logfmt}\n" << options_.more;
  WriteFile(config(), text.str());
  Start();
}

CheckerProcess::~CheckerProcess() = default;

pid_t CheckerProcess::pid() const {
  return process_ ? process_->pid() : -1;
}
bool CheckerProcess::running() {
  return process_ && process_->running();
}

void CheckerProcess::Start() {
  if (running()) return;
  const std::filesystem::path program = FindChecker();
  if (program.empty()) throw std::runtime_error("zkchecker is not found: set ZKC_CHECKER");
  const std::size_t before = options_.ready_line.empty() ? 0 : CountLog({options_.ready_line});
  process_ = std::make_unique<ChildProcess>(
      SpawnOptions{.command = {program.string(), "--config", config().string()},
                   .environment = {},
                   .output = log(),
                   .folder = folder_.path()});
  if (options_.ready_line.empty()) return;
  const auto ready = [&] { return CountLog({options_.ready_line}) > before; };
  if (!WaitUntil([&] { return ready() || !running(); }, kStartLimit) || !ready()) {
    const std::string tail = Tail(log());
    throw std::runtime_error("zkchecker " + options_.id +
                             " did not become ready; its log ends with:\n" + tail);
  }
}

ExitStatus CheckerProcess::Stop() {
  if (!process_) return {};
  const ExitStatus status = process_->Stop();
  process_.reset();
  return status;
}
void CheckerProcess::Kill() {
  process_.reset();
}
void CheckerProcess::Pause() {
  if (process_) process_->Signal(SIGSTOP);
}
void CheckerProcess::Resume() {
  if (process_) process_->Signal(SIGCONT);
}

std::optional<ExitStatus> CheckerProcess::AwaitExit(Duration limit) {
  if (!process_) return std::nullopt;
  const auto status = process_->Wait(limit);
  if (status) process_.reset();
  return status;
}

bool CheckerProcess::AwaitLog(const std::vector<std::string>& parts, Duration limit) {
  return WaitUntil([&] { return CountLog(parts) > 0; }, limit);
}

std::size_t CheckerProcess::CountLog(const std::vector<std::string>& parts) const {
  std::istringstream lines(ReadFile(log()));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
          return line.find(part) != std::string::npos;
        })) {
      ++count;
    }
  }
  return count;
}

}  // namespace zkcluster::sandbox
