#include "tests/support/site.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "admin/snapshot.h"
#include "base/join.h"
#include "model/journal.h"
#include "tests/support/await.h"

namespace zkcluster::integration {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kTurn = milliseconds(10);

std::string NextRoot() {
  static int sites = 0;
  return "/site" + std::to_string(++sites);
}

char Letter(ShardStatus status) {
  switch (status) {
    case ShardStatus::kAlive:
      return 'A';
    case ShardStatus::kDead:
      return 'D';
    case ShardStatus::kUnknown:
      return '?';
  }
  return '!';
}

std::unique_ptr<Manager> OpenManager(const std::string& server, const std::string& root) {
  auto manager = Manager::Open({.zookeeper = server, .root = root, .timeout = kLimit});
  REQUIRE_MESSAGE(manager.has_value(), manager.error().message);
  return std::move(*manager);
}

}  // namespace

sandbox::ZooKeeperServer& SharedZooKeeper() {
  static sandbox::ZooKeeperServer server;
  server.Start();
  return server;
}

// --- DirectSession ---

// The longest session that the server grants: a test case may wait long for something else.
DirectSession::DirectSession(const std::string& server)
    : client_(zk::NewNativeClient(
          loop_, *logger_,
          {.servers = {server}, .session_timeout = seconds(60), .connect_timeout = seconds(2)})) {
  REQUIRE(Await([&] { return client_->state() == SessionState::kConnected; }));
}

DirectSession::~DirectSession() {
  bool closed = false;
  client_->Close([&] { closed = true; });
  static_cast<void>(loop_.RunUntil([&] { return closed; }, seconds(5)));
}

void DirectSession::Pump(Duration duration) {
  Pass(loop_, duration);
}

bool DirectSession::Await(const std::function<bool()>& done, Duration limit) {
  return zkcluster::Await(loop_, done, limit, kTurn);
}

// Tries again while there is no session: after a restart of the server that is only a
// matter of time. A request with a lost answer is repeated, too, except where the first try
// may have taken effect.
template <class T>
Result<T> DirectSession::Wait(const std::function<void(zk::Callback<T>)>& begin, bool repeatable) {
  Result<T> last = Fail(ErrorCode::kTimeout, "no answer in time");
  const TimePoint deadline = loop_.Now() + kLimit;
  do {
    const auto answer = std::make_shared<std::optional<Result<T>>>();
    begin([answer](Result<T> result) { *answer = std::move(result); });
    if (!loop_.RunUntil([&] { return answer->has_value(); }, kLimit)) return last;
    last = std::move(**answer);
    if (last) return last;
    const bool lost = last.error().code == ErrorCode::kUnknownOutcome ||
                      last.error().code == ErrorCode::kSessionLost;
    if (last.error().code != ErrorCode::kUnavailable && !(lost && repeatable)) return last;
    Pump(milliseconds(50));
  } while (loop_.Now() < deadline);
  return last;
}

Result<zk::Node> DirectSession::Get(const std::string& path) {
  return Wait<zk::Node>([&](auto done) { client_->Get(path, {}, done); });
}

std::string DirectSession::Data(const std::string& path) {
  const auto node = Get(path);
  return node ? node->data : "";
}

bool DirectSession::Exists(const std::string& path) {
  const auto stat =
      Wait<std::optional<zk::Stat>>([&](auto done) { client_->Exists(path, {}, done); });
  REQUIRE_MESSAGE(stat.has_value(), path << ": " << stat.error().message);
  return stat->has_value();
}

std::vector<std::string> DirectSession::Children(const std::string& path) {
  auto names =
      Wait<std::vector<std::string>>([&](auto done) { client_->Children(path, {}, done); });
  if (!names) return {};
  std::sort(names->begin(), names->end());
  return std::move(*names);
}

Result<std::string> DirectSession::Create(const std::string& path, const std::string& data,
                                          zk::CreateMode mode) {
  return Wait<std::string>([&](auto done) { client_->Create(path, data, mode, done); }, false);
}

Result<void> DirectSession::Put(const std::string& path, const std::string& data) {
  const auto set =
      Wait<zk::Stat>([&](auto done) { client_->Set(path, data, zk::kAnyVersion, done); });
  if (!set) return Fail(set.error());
  return {};
}

Result<void> DirectSession::Delete(const std::string& path) {
  return Wait<void>([&](auto done) { client_->Delete(path, zk::kAnyVersion, done); }, false);
}

Result<Snapshot> DirectSession::Read(const ClusterPaths& paths) {
  return Wait<Snapshot>([&](auto done) { ReadSnapshot(loop_, *client_, paths, done); });
}

// --- Site ---

Site::Site()
    : root(NextRoot()),
      zookeeper(SharedZooKeeper()),
      direct(zookeeper.address()),
      manager(OpenManager(zookeeper.address(), root)) {}

// A failed case must not leave the shared server stopped or frozen for the next one.
Site::~Site() {
  zookeeper.Resume();
  try {
    zookeeper.Start();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
}

sandbox::CheckerOptions Site::CheckerDefaults(const std::string& id) const {
  sandbox::CheckerOptions options;
  options.id = id;
  options.rack = "rack-of-" + id;
  options.zookeeper = zookeeper.address();
  options.session_timeout = "2s";
  options.root = root;
  return options;
}

sandbox::CheckerProcess& Site::AddChecker(const std::string& id) {
  return AddChecker(CheckerDefaults(id));
}

sandbox::CheckerProcess& Site::AddChecker(sandbox::CheckerOptions options) {
  checkers.push_back(std::make_unique<sandbox::CheckerProcess>(std::move(options)));
  return *checkers.back();
}

void Site::AddCheckers(int count) {
  for (int i = 1; i <= count; ++i) AddChecker("c" + std::to_string(i));
}

sandbox::RedisServer& Site::AddRedis(sandbox::RedisOptions options) {
  redis.push_back(std::make_unique<sandbox::RedisServer>(std::move(options)));
  return *redis.back();
}

void Site::AddRedis(int count) {
  for (int i = 0; i < count; ++i) AddRedis(sandbox::RedisOptions{});
}

ClusterSpec Site::SpecOf(const std::string& name, std::vector<std::string> addresses) const {
  if (addresses.empty()) {
    for (const auto& server : redis) addresses.push_back(server->address());
  }
  ClusterSpec spec;
  spec.name = name;
  spec.checkers = checkers.empty() ? 3 : static_cast<int>(checkers.size());
  // The timeouts suit a busy machine: one late probe is not two failures.
  spec.probe.interval = milliseconds(100);
  spec.probe.timeout = milliseconds(250);
  spec.probe.threshold = milliseconds(600);
  spec.probe.refused_threshold = milliseconds(200);
  spec.probe.fast_interval = milliseconds(50);
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    spec.shards.push_back({"s" + std::to_string(i + 1), addresses[i]});
  }
  return spec;
}

void Site::Create(const ClusterSpec& spec) {
  const auto created = manager->Create(spec);
  REQUIRE_MESSAGE(created.has_value(), created.error().message);
}

ClusterOptions Site::ClientOptions(const std::string& name) const {
  ClusterOptions options;
  options.zookeeper = zookeeper.address();
  options.root = root;
  options.name = name;
  options.session_timeout = seconds(2);
  options.open_timeout = kLimit;
  return options;
}

std::unique_ptr<Cluster> Site::OpenClient(const std::string& name) {
  auto cluster = Cluster::Open(ClientOptions(name));
  REQUIRE_MESSAGE(cluster.has_value(), cluster.error().message);
  return std::move(*cluster);
}

std::string Site::Statuses(const std::string& name) {
  const auto snapshot = direct.Read(Paths(name));
  if (!snapshot) return snapshot.error().message;
  std::string letters;
  for (const auto& shard : snapshot->board.shards) letters += Letter(shard.status);
  return letters;
}

std::string Site::AwaitStatus(const std::string& name, const std::string& expected,
                              Duration limit) {
  std::string seen;
  const bool reached = direct.Await([&] { return (seen = Statuses(name)) == expected; }, limit);
  if (!reached) PrintLogs();
  return seen;
}

std::string Site::AwaitView(const Cluster& cluster, const std::string& expected, Duration limit) {
  std::string seen;
  const bool reached =
      direct.Await([&] { return (seen = Letters(cluster.view())) == expected; }, limit);
  if (!reached) PrintLogs();
  return seen;
}

Snapshot Site::Read(const std::string& name) {
  auto snapshot = direct.Read(Paths(name));
  REQUIRE_MESSAGE(snapshot.has_value(), snapshot.error().message);
  return std::move(*snapshot);
}

std::string Site::Candidates(const std::string& name) {
  const auto snapshot = direct.Read(Paths(name));
  if (!snapshot) return snapshot.error().message;
  std::set<std::string> ids;
  for (const auto& candidate : snapshot->candidates) ids.insert(candidate.name.id);
  return Join(ids, ",");
}

std::string Site::Voters(const std::string& name) {
  const auto snapshot = direct.Read(Paths(name));
  if (!snapshot) return snapshot.error().message;
  std::set<std::string> ids;
  for (const auto& voter : snapshot->voters) {
    if (voter.ballot) ids.insert(voter.id);
  }
  return Join(ids, ",");
}

std::string Site::AwaitVoters(const std::string& name, const std::string& expected) {
  std::string seen;
  if (!direct.Await([&] { return (seen = Voters(name)) == expected; })) PrintLogs();
  return seen;
}

sandbox::CheckerProcess& Site::AwaitLeader(const std::string& name) {
  sandbox::CheckerProcess* leader = nullptr;
  const bool found = direct.Await([&] {
    const auto snapshot = direct.Read(Paths(name));
    if (!snapshot || !snapshot->leader || snapshot->candidates.empty()) return false;
    if (snapshot->leader->id != snapshot->candidates.front().name.id) return false;
    for (const auto& checker : checkers) {
      if (checker->id() == snapshot->leader->id && checker->running()) leader = checker.get();
    }
    return leader != nullptr;
  });
  if (!found) PrintLogs();
  REQUIRE(found);
  return *leader;
}

std::vector<Event> Site::Journal(const std::string& name) {
  std::vector<Event> events;
  const ClusterPaths paths = Paths(name);
  for (const auto& node : direct.Children(paths.events())) {
    const auto event = DecodeEvent(direct.Data(paths.events() + "/" + node));
    REQUIRE_MESSAGE(event.has_value(), node << ": " << event.error().message);
    events.push_back(*event);
  }
  return events;
}

void Site::PrintLogs() const {
  for (const auto& checker : checkers) {
    std::fprintf(stderr, "--- the log of %s ends with ---\n%s\n", checker->id().c_str(),
                 sandbox::Tail(checker->log(), 25).c_str());
  }
}

// --- free functions ---

std::string Letters(const ClusterView& view) {
  std::string letters;
  for (const auto& shard : view.shards) letters += Letter(shard.status);
  return letters;
}

std::string KeyOwnedBy(const Cluster& cluster, const std::string& shard) {
  for (int i = 0; i < 100'000; ++i) {
    std::string key = "key:" + std::to_string(i);
    if (cluster.Locate(key).owner == shard) return key;
  }
  FAIL("no key is owned by " << shard);
  return {};
}

Ran RunChecker(const std::vector<std::string>& arguments) {
  const std::filesystem::path program = sandbox::FindChecker();
  REQUIRE_MESSAGE(!program.empty(), "zkchecker is not found: set ZKC_CHECKER");
  const sandbox::TempFolder folder("zkc-run");
  sandbox::SpawnOptions options;
  options.command = {program.string()};
  options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  options.output = folder.path() / "output";
  sandbox::ChildProcess process(options);
  const auto status = process.Wait(kLimit);
  REQUIRE_MESSAGE(status.has_value(), "zkchecker did not end");
  return {*status, sandbox::ReadFile(options.output)};
}

}  // namespace zkcluster::integration
