// The contract of the log reader: the same operations on a real server and on FakeEnsemble leave
// the same history.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/event_loop.h"
#include "base/log.h"
#include "tests/fakes/fake_ensemble.h"
#include "tests/history/transaction_log.h"
#include "tools/sandbox/sandbox.h"
#include "zk/native_client.h"

namespace history_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

constexpr const char* kRoot = "/history";

std::string At(const std::string& name) {
  return std::string(kRoot) + "/" + name;
}

// Two sessions, to any server.
class World {
 public:
  virtual ~World() = default;
  virtual std::unique_ptr<zk::Client> NewClient() = 0;
  virtual bool RunUntil(const std::function<bool()>& done) = 0;
  virtual std::vector<sim::Transaction> History() = 0;

  std::unique_ptr<zk::Client> Connect() {
    auto client = NewClient();
    REQUIRE(RunUntil([&] { return client->state() == SessionState::kConnected; }));
    return client;
  }
  // Waits for the answer of `begin`; whether it was a good one.
  template <class T>
  bool Good(const std::function<void(zk::Callback<T>)>& begin) {
    std::optional<bool> good;
    begin([&](const Result<T>& result) { good = result.has_value(); });
    REQUIRE(RunUntil([&] { return good.has_value(); }));
    return *good;
  }
  bool Create(zk::Client& client, const std::string& name, const std::string& data,
              zk::CreateMode mode = zk::CreateMode::kPersistent) {
    return Good<std::string>([&](auto done) { client.Create(At(name), data, mode, done); });
  }
  bool Set(zk::Client& client, const std::string& name, const std::string& data, int version) {
    return Good<zk::Stat>([&](auto done) { client.Set(At(name), data, version, done); });
  }
  bool Delete(zk::Client& client, const std::string& name, int version) {
    return Good<void>([&](auto done) { client.Delete(At(name), version, done); });
  }
  bool Multi(zk::Client& client, const std::vector<zk::Op>& ops) {
    return Good<std::vector<zk::OpResult>>([&](auto done) { client.Multi(ops, done); });
  }
  void Close(zk::Client& client) {
    bool closed = false;
    client.Close([&] { closed = true; });
    REQUIRE(RunUntil([&] { return closed; }));
  }
};

class FakeWorld final : public World {
 public:
  std::unique_ptr<zk::Client> NewClient() override { return ensemble_.NewClient(loop_, 4s); }
  bool RunUntil(const std::function<bool()>& done) override { return world_.RunUntil(done, 30s); }
  std::vector<sim::Transaction> History() override {
    return {ensemble_.history().begin(), ensemble_.history().end()};
  }

 private:
  sim::SimWorld world_;
  sim::FakeEnsemble ensemble_{world_};
  sim::SimLoop loop_{world_};
};

class RealWorld final : public World {
 public:
  std::unique_ptr<zk::Client> NewClient() override {
    return zk::NewNativeClient(loop_, *logger_,
                               {.servers = {server.address()}, .session_timeout = 4s});
  }
  bool RunUntil(const std::function<bool()>& done) override { return loop_.RunUntil(done, 30s); }
  std::vector<sim::Transaction> History() override {
    auto history = history::ReadTransactionLog(server.data());
    REQUIRE_MESSAGE(history.has_value(), history.error().message);
    return *std::move(history);
  }

  sandbox::ZooKeeperServer server;

 private:
  EventLoop loop_;
  std::shared_ptr<Logger> logger_ = NullLogger();
};

// Every kind of change, and every kind of refusal.
void Play(World& world) {
  using zk::CreateMode;
  const auto a = world.Connect();
  const auto b = world.Connect();
  REQUIRE(world.Good<std::string>(
      [&](auto done) { a->Create(kRoot, "", CreateMode::kPersistent, done); }));
  CHECK(world.Create(*a, "plain", "one"));
  CHECK(!world.Create(*a, "plain", "again"));
  CHECK(!world.Create(*a, "no/parent", ""));
  CHECK(world.Set(*a, "plain", "two", 0));
  CHECK(!world.Set(*b, "plain", "late", 0));
  CHECK(world.Set(*b, "plain", std::string("\0\xff\n", 3), zk::kAnyVersion));
  CHECK(world.Create(*b, "gone", ""));
  CHECK(!world.Delete(*b, "gone", 7));
  CHECK(world.Delete(*b, "gone", 0));
  CHECK(world.Create(*a, "large", std::string(300'000, 'x')));
  for (int i = 0; i < 3; ++i) {
    CHECK(world.Create(*a, "p-", "", CreateMode::kPersistentSequential));
    CHECK(world.Create(*b, "e-", "mine", CreateMode::kEphemeralSequential));
  }
  CHECK(world.Create(*b, "ephemeral", "b", CreateMode::kEphemeral));
  CHECK(!world.Create(*b, "ephemeral/child", ""));
  CHECK(world.Create(*a, "kept", "a", CreateMode::kEphemeral));
  // Multis: all kinds of operations, one znode twice, made and removed within one.
  CHECK(world.Multi(*a, {zk::CheckOp{At("plain"), 2}, zk::CheckOp{At("kept"), zk::kAnyVersion},
                         zk::SetOp{At("plain"), "three", 2}, zk::SetOp{At("plain"), "four", 3},
                         zk::CreateOp{At("brief"), "x"}, zk::DeleteOp{At("brief"), 0},
                         zk::CreateOp{At("m-"), "", CreateMode::kPersistentSequential},
                         zk::CreateOp{At("m-"), "", CreateMode::kEphemeralSequential}}));
  CHECK(!world.Multi(*a, {zk::SetOp{At("plain"), "no", 4}, zk::CheckOp{At("plain"), 4}}));
  CHECK(!world.Multi(*a, {zk::CheckOp{At("absent"), 0}, zk::SetOp{At("plain"), "no", 4}}));
  CHECK(!world.Multi(*a, {zk::DeleteOp{At("p-0000000002"), 3}}));
  CHECK(world.Multi(*b, {zk::CheckOp{At("plain"), 4}}));
  world.Close(*b);
  const auto c = world.Connect();
  CHECK(world.Set(*c, "plain", "after", 4));
  world.Close(*c);
  CHECK(world.Delete(*a, "kept", 0));
  world.Close(*a);
}

std::string Text(const zk::Op& op, const zk::OpResult& result) {
  if (const auto* check = std::get_if<zk::CheckOp>(&op)) {
    // The log has the version that was there: 0 for the one that asked for any.
    return fmt::format("check {} {}", check->path, std::max(check->version, 0));
  }
  if (const auto* create = std::get_if<zk::CreateOp>(&op)) {
    return fmt::format("create {} {} bytes {:x}{} got {}", create->path, create->data.size(),
                       std::hash<std::string>()(create->data),
                       sim::IsEphemeral(create->mode) ? " ephemeral" : "", result.created_path);
  }
  if (const auto* set = std::get_if<zk::SetOp>(&op)) {
    return fmt::format("set {} {} bytes {:x} got {}", set->path, set->data.size(),
                       std::hash<std::string>()(set->data), result.version);
  }
  return fmt::format("delete {}", std::get<zk::DeleteOp>(op).path);
}

// One line a transaction; sessions by the order in which they first appear.
std::vector<std::string> Lines(const std::vector<sim::Transaction>& history) {
  std::map<std::int64_t, std::size_t> sessions;
  std::vector<std::string> lines;
  std::int64_t zxid = 0;
  for (const auto& transaction : history) {
    CHECK(transaction.zxid > zxid);
    zxid = transaction.zxid;
    CHECK(transaction.time.time_since_epoch().count() > 0);
    REQUIRE(transaction.results.size() == transaction.ops.size());
    const auto session =
        sessions.try_emplace(transaction.session_id, sessions.size()).first->second;
    std::vector<std::string> ops;
    for (std::size_t i = 0; i < transaction.ops.size(); ++i) {
      ops.push_back(Text(transaction.ops[i], transaction.results[i]));
    }
    // A server has no order among a session's ephemerals.
    if (transaction.ends_session) std::sort(ops.begin(), ops.end());
    lines.push_back(fmt::format("session {}{}: {}", session,
                                transaction.ends_session ? " ends" : "", fmt::join(ops, ", ")));
  }
  return lines;
}

}  // namespace

TEST_CASE("transaction log: a real server's history is that of the fake") {
  FakeWorld fake;
  RealWorld real;
  Play(fake);
  Play(real);
  const auto expected = Lines(fake.History());
  const auto actual = Lines(real.History());
  REQUIRE(expected.size() > 20);
  for (std::size_t i = 0; i < std::max(expected.size(), actual.size()); ++i) {
    CAPTURE(i);
    CHECK((i < actual.size() ? actual[i] : "nothing") ==
          (i < expected.size() ? expected[i] : "nothing"));
  }
}

TEST_CASE("transaction log: several files, of a server that was stopped, killed and runs") {
  RealWorld real;
  for (const char* name : {"one", "two", "three"}) {
    const auto client = real.Connect();
    static_cast<void>(real.Good<std::string>(
        [&](auto done) { client->Create(kRoot, "", zk::CreateMode::kPersistent, done); }));
    CHECK(real.Create(*client, name, name));
    real.Close(*client);
    if (name == std::string("one")) {
      real.server.Stop();
    } else {
      real.server.Kill();
    }
    real.server.Start();
  }
  const auto client = real.Connect();
  CHECK(real.Set(*client, "three", "", 0));
  std::vector<std::string> written;
  for (const auto& transaction : real.History()) {
    for (const auto& op : transaction.ops) {
      written.push_back(std::visit([](const auto& o) { return o.path; }, op));
    }
  }
  CHECK(written == std::vector<std::string>{kRoot, At("one"), At("two"), At("three"), At("three")});
  real.Close(*client);
}

TEST_CASE("transaction log: cut anywhere, it is the beginning of the same history") {
  RealWorld real;
  const auto client = real.Connect();
  REQUIRE(real.Good<std::string>(
      [&](auto done) { client->Create(kRoot, "", zk::CreateMode::kPersistent, done); }));
  for (int i = 0; i < 5; ++i) CHECK(real.Create(*client, fmt::format("n{}", i), "data"));
  CHECK(real.Multi(*client, {zk::CheckOp{At("n0"), 0}, zk::SetOp{At("n0"), "multi", 0}}));
  real.Close(*client);
  const auto whole = Lines(real.History());
  std::string bytes;
  for (const auto& entry : std::filesystem::directory_iterator(real.server.data())) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("log.")) bytes = sandbox::ReadFile(entry.path());
  }
  bytes.resize(bytes.find_last_not_of('\0') + 1);
  std::size_t longest = 0;
  for (std::size_t size = 16; size <= bytes.size(); ++size) {
    CAPTURE(size);
    std::vector<sim::Transaction> history;
    const auto torn =
        history::ParseTransactionLog(std::string_view(bytes).substr(0, size), history);
    REQUIRE_MESSAGE(torn.has_value(), torn.error().message);
    const auto actual = Lines(history);
    REQUIRE(actual.size() <= whole.size());
    CHECK(std::equal(actual.begin(), actual.end(), whole.begin()));
    CHECK(actual.size() >= longest);
    longest = actual.size();
  }
  CHECK(longest == whole.size());
}

}  // namespace history_test
