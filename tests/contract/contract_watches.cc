// The contract of zk::Client: watches.
#include "tests/contract/contract_bench.h"

namespace zkcluster::contract {
namespace {

constexpr Duration kQuiet = std::chrono::milliseconds(200);

TEST_CASE("watch of get: fires once, at the first change") {
  const Bench bench;
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path));
  const Watching watching;
  REQUIRE(bench.Get(path, watching.watch()));
  bench.world->RunFor(kQuiet);
  CHECK(watching.count() == 0);
  REQUIRE(bench.Set(path, "1", 0));
  REQUIRE(bench.Set(path, "2", 1));
  bench.world->RunFor(kQuiet);
  REQUIRE(watching.count() == 1);
  CHECK(watching.events()[0].kind == zk::WatchKind::kChanged);
  CHECK(watching.events()[0].path == path);
}

TEST_CASE("watch: fires before the answer that shows the change, own and another's") {
  const Bench bench;
  const auto other = bench.Connected();
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path, "0"));
  const Watching watching;
  REQUIRE(bench.Get(path, watching.watch()));
  std::optional<std::size_t> events_at_answer;
  bench.client->Set(path, "1", 0, [&](const auto&) { events_at_answer = watching.count(); });
  REQUIRE(bench.world->RunUntil([&] { return events_at_answer.has_value(); }));
  CHECK(*events_at_answer == 1);

  const Watching again;
  REQUIRE(bench.Get(path, again.watch()));
  // Reads race with the other's write; none may show the new value before the event came.
  bool shown = false;
  bool early = false;
  std::function<void()> read = [&] {
    bench.client->Get(path, {}, [&](const Result<zk::Node>& node) {
      if (node && node->data == "2") {
        shown = true;
        early = again.count() == 0;
      } else {
        read();
      }
    });
  };
  read();
  other->Set(path, "2", 1, [](const auto&) {});
  REQUIRE(bench.world->RunUntil([&] { return shown; }));
  CHECK_FALSE(early);
}

TEST_CASE("watch of get: announces the deletion") {
  const Bench bench;
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path));
  const Watching watching;
  REQUIRE(bench.Get(path, watching.watch()));
  REQUIRE(bench.Delete(path, 0));
  REQUIRE(bench.world->RunUntil([&] { return watching.count() > 0; }));
  CHECK(watching.events()[0].kind == zk::WatchKind::kDeleted);
}

TEST_CASE("watch of get and children on an absent znode: not set") {
  const Bench bench;
  const std::string path = bench.root + "/a";
  const Watching watching;
  CHECK_FALSE(bench.Get(path, watching.watch()));
  CHECK_FALSE(bench.Children(path, watching.watch()));
  REQUIRE(bench.Create(path));
  REQUIRE(bench.Create(path + "/b"));
  bench.world->RunFor(kQuiet);
  CHECK(watching.count() == 0);
}

TEST_CASE("watch of exists: set on an absent znode, announces its creation") {
  const Bench bench;
  const std::string path = bench.root + "/a";
  const Watching watching;
  REQUIRE(bench.Exists(path, watching.watch()));
  REQUIRE(bench.Create(path));
  REQUIRE(bench.world->RunUntil([&] { return watching.count() > 0; }));
  CHECK(watching.events()[0].kind == zk::WatchKind::kCreated);
  CHECK(watching.events()[0].path == path);
}

TEST_CASE("watch of exists: set on a present znode, announces changes and deletion") {
  const Bench bench;
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path));
  const Watching change;
  REQUIRE(bench.Exists(path, change.watch()));
  REQUIRE(bench.Set(path, "1", 0));
  REQUIRE(bench.world->RunUntil([&] { return change.count() > 0; }));
  CHECK(change.events()[0].kind == zk::WatchKind::kChanged);
  const Watching deletion;
  REQUIRE(bench.Exists(path, deletion.watch()));
  REQUIRE(bench.Delete(path, 1));
  REQUIRE(bench.world->RunUntil([&] { return deletion.count() > 0; }));
  CHECK(deletion.events()[0].kind == zk::WatchKind::kDeleted);
  CHECK(change.count() == 1);
}

TEST_CASE("watch of children: announces creates and deletes, not data") {
  const Bench bench;
  const std::string path = bench.root + "/p";
  REQUIRE(bench.Create(path));
  REQUIRE(bench.Create(path + "/a"));
  const Watching creation;
  REQUIRE(bench.Children(path, creation.watch()));
  REQUIRE(bench.Set(path, "data", 0));
  REQUIRE(bench.Set(path + "/a", "data", 0));
  bench.world->RunFor(kQuiet);
  CHECK(creation.count() == 0);
  REQUIRE(bench.Create(path + "/b"));
  REQUIRE(bench.world->RunUntil([&] { return creation.count() > 0; }));
  CHECK(creation.events()[0].kind == zk::WatchKind::kChildren);
  CHECK(creation.events()[0].path == path);
  const Watching deletion;
  REQUIRE(bench.Children(path, deletion.watch()));
  REQUIRE(bench.Delete(path + "/b", 0));
  REQUIRE(bench.world->RunUntil([&] { return deletion.count() > 0; }));
  CHECK(deletion.events()[0].kind == zk::WatchKind::kChildren);
  CHECK(creation.count() == 1);
}

TEST_CASE("watch of children: announces when the parent itself goes") {
  const Bench bench;
  const std::string path = bench.root + "/p";
  REQUIRE(bench.Create(path));
  const Watching watching;
  REQUIRE(bench.Children(path, watching.watch()));
  REQUIRE(bench.Delete(path, 0));
  REQUIRE(bench.world->RunUntil([&] { return watching.count() > 0; }));
  CHECK(watching.events()[0].kind == zk::WatchKind::kDeleted);
}

TEST_CASE("watch: the same function set twice on a path fires once, two functions once each") {
  const Bench bench;
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path));
  const Watching twice;
  const Watching once;
  REQUIRE(bench.Get(path, twice.watch()));
  REQUIRE(bench.Get(path, once.watch()));
  REQUIRE(bench.Get(path, twice.watch()));
  REQUIRE(bench.Exists(path, twice.watch()));
  REQUIRE(bench.Set(path, "1", 0));
  bench.world->RunFor(kQuiet);
  CHECK(twice.count() == 1);
  CHECK(once.count() == 1);
}

TEST_CASE("watch: one function on two paths fires for each") {
  const Bench bench;
  const Watching watching;
  for (const char* name : {"/a", "/b"}) {
    REQUIRE(bench.Create(bench.root + name));
    REQUIRE(bench.Get(bench.root + name, watching.watch()));
  }
  REQUIRE(bench.Set(bench.root + "/b", "", 0));
  REQUIRE(bench.Set(bench.root + "/a", "", 0));
  REQUIRE(bench.world->RunUntil([&] { return watching.count() == 2; }));
  CHECK(watching.events()[0].path == bench.root + "/b");
  CHECK(watching.events()[1].path == bench.root + "/a");
}

TEST_CASE("watch: events come in the order of the changes, also of one multi") {
  const Bench bench;
  const auto other = bench.Connected();
  const Watching watching;
  for (const char* name : {"/a", "/b", "/c", "/d"}) {
    REQUIRE(bench.Create(bench.root + name));
    REQUIRE(bench.Get(bench.root + name, watching.watch()));
  }
  REQUIRE(bench.Children(bench.root, watching.watch()));
  other->Multi({zk::SetOp{bench.root + "/c", "", 0}, zk::SetOp{bench.root + "/a", "", 0}},
               [](const auto& done) { CHECK(done); });
  other->Set(bench.root + "/d", "", 0, [](const auto& done) { CHECK(done); });
  other->Delete(bench.root + "/b", 0, [](const auto& done) { CHECK(done); });
  REQUIRE(bench.world->RunUntil([&] { return watching.count() == 5; }));
  std::vector<std::string> paths;
  for (const auto& event : watching.events()) paths.push_back(event.path);
  CHECK(paths == std::vector<std::string>{bench.root + "/c", bench.root + "/a", bench.root + "/d",
                                          bench.root + "/b", bench.root});
}

TEST_CASE("watch: a function let go is never called") {
  const Bench bench;
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path));
  Watching watching;
  REQUIRE(bench.Get(path, watching.watch()));
  watching.LetGo();
  REQUIRE(bench.Set(path, "1", 0));
  bench.world->RunFor(kQuiet);
  CHECK(watching.count() == 0);
}

TEST_CASE("watch: survives a broken connection, and announces what changed meanwhile") {
  const Bench bench;
  const auto other = bench.Connected();
  const std::string& root = bench.root;
  for (const char* name : {"/changed", "/deleted", "/parent", "/later"}) {
    REQUIRE(bench.Create(root + name));
  }
  const Watching changed, deleted, created, children, later;
  REQUIRE(bench.Get(root + "/changed", changed.watch()));
  REQUIRE(bench.Get(root + "/deleted", deleted.watch()));
  REQUIRE(bench.Exists(root + "/created", created.watch()));
  REQUIRE(bench.Children(root + "/parent", children.watch()));
  REQUIRE(bench.Get(root + "/later", later.watch()));
  const auto session = bench.client->session_id();

  bench.world->Break(*bench.client);
  REQUIRE(bench.AwaitState(*bench.client, SessionState::kSuspended));
  REQUIRE(bench.SetBy(*other, root + "/changed", "1", 0));
  REQUIRE(bench.CreateBy(*other, root + "/created"));
  REQUIRE(bench.CreateBy(*other, root + "/parent/child"));
  REQUIRE(bench.Await<void>([&](auto done) { other->Delete(root + "/deleted", 0, done); }));
  bench.world->Mend(*bench.client);
  REQUIRE(bench.AwaitState(*bench.client, SessionState::kConnected));
  REQUIRE(bench.client->session_id() == session);
  REQUIRE(bench.world->RunUntil(
      [&] { return changed.count() + deleted.count() + created.count() + children.count() >= 4; }));
  CHECK(changed.events()[0].kind == zk::WatchKind::kChanged);
  CHECK(deleted.events()[0].kind == zk::WatchKind::kDeleted);
  CHECK(created.events()[0].kind == zk::WatchKind::kCreated);
  CHECK(children.events()[0].kind == zk::WatchKind::kChildren);
  CHECK(later.count() == 0);
  REQUIRE(bench.SetBy(*other, root + "/later", "1", 0));
  REQUIRE(bench.world->RunUntil([&] { return later.count() == 1; }));
}

TEST_CASE("watch: dies silently with its session") {
  const Bench bench;
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path));
  const Watching watching;
  REQUIRE(bench.Get(path, watching.watch()));
  const auto generation = bench.client->generation();
  bench.world->ExpireSession(*bench.client);
  REQUIRE(bench.world->RunUntil([&] {
    return bench.client->generation() > generation &&
           bench.client->state() == SessionState::kConnected;
  }));
  REQUIRE(bench.Set(path, "1", 0));
  bench.world->RunFor(kQuiet);
  CHECK(watching.count() == 0);
}

TEST_CASE("watch: a function may set itself again and may read from within") {
  const Bench bench;
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path));
  std::vector<int> versions;
  std::shared_ptr<zk::WatchFunction> function;
  const auto read = [&] {
    bench.client->Get(path, function, [&](const Result<zk::Node>& node) {
      if (node) versions.push_back(node->stat.version);
    });
  };
  function = std::make_shared<zk::WatchFunction>([&](const zk::WatchEvent&) { read(); });
  read();
  for (int i = 0; i < 5; ++i) {
    REQUIRE(bench.world->RunUntil(
        [&] { return static_cast<int>(versions.size()) == i + 1 && versions.back() == i; }));
    REQUIRE(bench.Set(path, "x", i));
  }
}

}  // namespace
}  // namespace zkcluster::contract
