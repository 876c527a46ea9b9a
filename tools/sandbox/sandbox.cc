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

constexpr Duration kStartLimit = seconds(30);  // of a checker, on a loaded machine

constexpr const char* kZooKeeperJar = "/usr/share/java/zookeeper.jar";
constexpr const char* kLogJar = "/usr/share/java/slf4j-simple.jar";

std::filesystem::path FindJava() {
  if (const char* home = std::getenv("JAVA_HOME"); home != nullptr && *home != '\0') {
    if (auto java = FindProgram(std::string(home) + "/bin/java"); !java.empty()) return java;
  }
  return FindProgram("java");
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
  return FourLetterWord(kLoopback, port, word, limit);
}

std::string FourLetterWord(const std::string& host, std::uint16_t port, std::string_view word,
                           Duration limit) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return {};
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

ZooKeeperServer::ZooKeeperServer(ZooKeeperOptions options)
    : PrivateServer("zookeeper", options.place, options.port), options_(std::move(options)) {
  Start();
}

std::string ZooKeeperServer::WhyNot() const {
  return WhyNoZooKeeper();
}

SpawnOptions ZooKeeperServer::Prepare() {
  const std::filesystem::path config = folder() / "zoo.cfg";
  const std::filesystem::path data = folder() / "data";
  std::ostringstream text;
  text << "tickTime=" << options_.tick.count() << "\ndataDir=" << data.string()
       << "\nclientPort=" << port() << "\nclientPortAddress=" << place().host
       << "\nmaxClientCnxns=0\nadmin.enableServer=false\n4lw.commands.whitelist=*\n"
       << "minSessionTimeout=" << 2 * options_.tick.count() << "\nmaxSessionTimeout=60000\n";
  for (const std::string& line : options_.config) text << line << "\n";
  WriteFile(config, text.str());
  if (options_.member != 0) {
    std::filesystem::create_directories(data);
    WriteFile(data / "myid", std::to_string(options_.member) + "\n");
  }
  // With few threads and only the fast compiler it is up in half a second and takes 60 MB.
  return {.command = {FindJava().string(), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
                      "-XX:-UsePerfData", "-Xms32m", "-Xmx256m", "-Dzookeeper.preAllocSize=1024",
                      "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp",
                      std::string(kZooKeeperJar) + ":" + kLogJar,
                      "org.apache.zookeeper.server.quorum.QuorumPeerMain", config.string()},
          .environment = {},
          .output = {},
          .folder = {}};
}

bool ZooKeeperServer::Answers() {
  return options_.member != 0 || !Mode().empty();
}

std::string ZooKeeperServer::Mode() const {
  // An early four-letter word hangs, and "ruok" is answered before the server serves: ask for the
  // mode, with a short limit.
  const std::string answer = FourLetterWord(place().host, port(), "srvr", milliseconds(100));
  constexpr std::string_view kKey = "Mode: ";
  const std::size_t at = answer.find(kKey);
  if (at == std::string::npos) return {};
  const std::size_t from = at + kKey.size();
  return answer.substr(from, answer.find('\n', from) - from);
}

std::size_t ZooKeeperServer::Sessions() const {
  const std::string answer = FourLetterWord(place().host, port(), "mntr", std::chrono::seconds(5));
  constexpr std::string_view kKey = "zk_global_sessions\t";
  const std::size_t at = answer.find(kKey);
  if (at == std::string::npos) throw std::runtime_error("mntr of " + address() + ": " + answer);
  return std::stoul(answer.substr(at + kKey.size()));
}

void ZooKeeperServer::Wipe() {
  std::filesystem::remove_all(folder() / "data");
}

// --- Redis ---

RedisServer::RedisServer(RedisOptions options)
    : PrivateServer("redis", options.place, options.port), options_(std::move(options)) {
  Start();
}

std::string RedisServer::WhyNot() const {
  return WhyNoRedis();
}

SpawnOptions RedisServer::Prepare() {
  const std::filesystem::path config = folder() / "redis.conf";
  std::ostringstream text;
  text << "port " << port() << "\nbind " << place().host
       << "\ndaemonize no\nsave \"\"\nappendonly no\nprotected-mode no\n"
       << "enable-debug-command yes\ndir " << folder().string() << "\n";
  if (!options_.password.empty()) text << "requirepass " << Quoted(options_.password) << "\n";
  for (const std::string& line : options_.config) text << line << "\n";
  WriteFile(config, text.str());
  return {
      .command = {"redis-server", config.string()}, .environment = {}, .output = {}, .folder = {}};
}

bool RedisServer::Answers() {
  const std::unique_ptr<redisContext, decltype(&redisFree)> context(
      redisConnectWithTimeout(place().host.c_str(), port(), timeval{1, 0}), &redisFree);
  if (!context || context->err != 0) return false;
  if (redisSetTimeout(context.get(), timeval{1, 0}) != REDIS_OK) return false;
  // Any reply means that the server is up, also -NOAUTH and -LOADING.
  void* reply = redisCommand(context.get(), "PING");
  if (reply != nullptr) freeReplyObject(reply);
  return reply != nullptr;
}

std::string RedisServer::Command(const std::vector<std::string>& words) {
  const std::unique_ptr<redisContext, decltype(&redisFree)> context(
      redisConnectWithTimeout(place().host.c_str(), port(), timeval{5, 0}), &redisFree);
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
  if (!options_.access.empty()) text << "  access: " << Quoted(options_.access) << "\n";
  if (!options_.acl.empty()) text << "  acl: " << options_.acl << "\n";
  if (options_.clusters.empty()) {
    text << "clusters: all\n";
  } else {
    text << "clusters:\n";
    for (const std::string& cluster : options_.clusters) text << "  - " << Quoted(cluster) << "\n";
  }
  if (!options_.probe.empty()) text << "probe: {" << options_.probe << "}\n";
  text << "log: {level: " << options_.log_level << ", format: logfmt";
  if (!options_.log_file.empty()) text << ", file: " << Quoted(options_.log_file);
  text << "}\n" << options_.more;
  WriteFile(config(), text.str());
  Start();
}

CheckerProcess::~CheckerProcess() = default;

std::filesystem::path CheckerProcess::log() const {
  if (!options_.log_file.empty()) return options_.log_file;
  return folder_.path() / "checker.log";
}
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
                   .environment = options_.environment,
                   .output = folder_.path() / "checker.log",
                   .folder = folder_.path(),
                   .network_namespace = options_.network_namespace});
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
