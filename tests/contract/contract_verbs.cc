// The contract of zk::Client: what each verb does, and each way in which it fails.
#include <algorithm>
#include <set>

#include "tests/contract/contract_bench.h"

namespace zkcluster::contract {
namespace {

const std::vector<std::string> kMalformedPaths = {"",
                                                  "a",
                                                  "a/b",
                                                  "/a/",
                                                  "//",
                                                  "//a",
                                                  "/a//b",
                                                  "/.",
                                                  "/..",
                                                  "/a/./b",
                                                  "/a/../b",
                                                  "/a/..",
                                                  "/a\x01",
                                                  "/a\nb",
                                                  std::string("/a\0b", 4),
                                                  std::string(1, '\0')};

TEST_CASE("create and get: the node reads as it was written") {
  const Bench bench;
  const std::string path = bench.root + "/a";
  const std::string data = std::string("bytes \0 of \xff any kind", 22);
  const auto created = bench.Create(path, data);
  REQUIRE(created);
  CHECK(*created == path);

  const auto node = bench.Get(path);
  REQUIRE(node);
  CHECK(node->data == data);
  CHECK(node->stat.version == 0);
  CHECK(node->stat.czxid > 0);
  CHECK(node->stat.czxid == node->stat.mzxid);
  CHECK(node->stat.ephemeral_owner == 0);
  CHECK(node->stat.num_children == 0);
  CHECK(node->stat.modified > Micros(std::chrono::hours(24 * 365 * 40)));

  const auto stat = bench.Exists(path);
  REQUIRE(stat);
  REQUIRE(stat->has_value());
  CHECK(**stat == node->stat);
}

TEST_CASE("server time: known from the first stamped write on, and close to the next stamp") {
  const Bench bench;
  REQUIRE(bench.Create(bench.root + "/a", ""));
  CHECK_FALSE(bench.client->server_time());
  REQUIRE(bench.Set(bench.root + "/a", "1", 0));
  const auto first = bench.client->server_time();
  REQUIRE(first);
  const auto node = bench.Get(bench.root + "/a");
  REQUIRE(node);
  CHECK(*first >= node->stat.modified);
  const auto multi =
      bench.Multi({zk::CheckOp{bench.root, zk::kAnyVersion}, zk::SetOp{bench.root + "/a", "2", 1}});
  REQUIRE(multi);
  const Micros stamp = (*multi)[1].modified;
  CHECK(stamp == bench.Get(bench.root + "/a")->stat.modified);
  CHECK((*multi)[0].modified == Micros(0));
  CHECK(stamp >= node->stat.modified);
  CHECK(*bench.client->server_time() >= stamp);
}

TEST_CASE("create and get: empty data stays empty") {
  const Bench bench;
  REQUIRE(bench.Create(bench.root + "/a", ""));
  const auto node = bench.Get(bench.root + "/a");
  REQUIRE(node);
  CHECK(node->data.empty());
}

TEST_CASE("reads of an absent znode") {
  const Bench bench;
  const std::string path = bench.root + "/absent";
  CHECK(CodeOf(bench.Get(path)) == ErrorCode::kNotFound);
  CHECK(CodeOf(bench.Children(path)) == ErrorCode::kNotFound);
  const auto stat = bench.Exists(path);
  REQUIRE(stat);
  CHECK_FALSE(stat->has_value());
}

TEST_CASE("create: twice, without a parent, under an ephemeral") {
  const Bench bench;
  REQUIRE(bench.Create(bench.root + "/a"));
  CHECK(CodeOf(bench.Create(bench.root + "/a")) == ErrorCode::kExists);
  CHECK(CodeOf(bench.Create(bench.root + "/none/a")) == ErrorCode::kNotFound);
  REQUIRE(bench.Create(bench.root + "/e", "", zk::CreateMode::kEphemeral));
  CHECK(CodeOf(bench.Create(bench.root + "/e/a")) == ErrorCode::kInvalid);
}

TEST_CASE("create: sequence numbers grow, also past deleted ones, and are ten digits") {
  const Bench bench;
  const auto first = bench.Create(bench.root + "/s_", "", zk::CreateMode::kPersistentSequential);
  const auto second = bench.Create(bench.root + "/s_", "", zk::CreateMode::kEphemeralSequential);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(*first == bench.root + "/s_0000000000");
  CHECK(*second == bench.root + "/s_0000000001");
  REQUIRE(bench.Delete(*second, 0));
  const auto third = bench.Create(bench.root + "/t_", "", zk::CreateMode::kPersistentSequential);
  REQUIRE(third);
  CHECK(*third == bench.root + "/t_0000000002");
}

TEST_CASE("create: an ephemeral names its owner") {
  const Bench bench;
  REQUIRE(bench.Create(bench.root + "/e", "x", zk::CreateMode::kEphemeral));
  const auto node = bench.Get(bench.root + "/e");
  REQUIRE(node);
  CHECK(bench.client->session_id() != 0);
  CHECK(node->stat.ephemeral_owner == bench.client->session_id());
}

TEST_CASE("set: versions grow by one and guard") {
  const Bench bench;
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path, "0"));
  std::int64_t mzxid = 0;
  for (int i = 0; i < 3; ++i) {
    const auto stat = bench.Set(path, std::to_string(i + 1), i);
    REQUIRE(stat);
    CHECK(stat->version == i + 1);
    CHECK(stat->mzxid > mzxid);
    CHECK(stat->mzxid > stat->czxid);
    mzxid = stat->mzxid;
  }
  CHECK(CodeOf(bench.Set(path, "x", 2)) == ErrorCode::kConflict);
  CHECK(CodeOf(bench.Set(path, "x", 4)) == ErrorCode::kConflict);
  CHECK(CodeOf(bench.Set(bench.root + "/none", "x", 0)) == ErrorCode::kNotFound);
  const auto node = bench.Get(path);
  REQUIRE(node);
  CHECK(node->data == "3");
  CHECK(node->stat.version == 3);
}

TEST_CASE("delete: guarded by version and by children") {
  const Bench bench;
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path));
  REQUIRE(bench.Create(path + "/b"));
  CHECK(CodeOf(bench.Delete(path, 0)) == ErrorCode::kNotEmpty);
  CHECK(CodeOf(bench.Delete(path + "/b", 1)) == ErrorCode::kConflict);
  CHECK(bench.Delete(path + "/b", 0));
  CHECK(CodeOf(bench.Delete(path + "/b", 0)) == ErrorCode::kNotFound);
  CHECK(bench.Delete(path, zk::kAnyVersion));
  const auto stat = bench.Exists(path);
  REQUIRE(stat);
  CHECK_FALSE(stat->has_value());
}

TEST_CASE("create again after delete: another incarnation") {
  const Bench bench;
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path));
  const auto before = bench.Get(path);
  REQUIRE(bench.Delete(path, 0));
  REQUIRE(bench.Create(path));
  const auto after = bench.Get(path);
  REQUIRE(before);
  REQUIRE(after);
  CHECK(before->stat.version == after->stat.version);
  CHECK(before->stat.czxid < after->stat.czxid);
}

TEST_CASE("children: names without path; the parent's counters follow") {
  const Bench bench;
  const std::string path = bench.root + "/p";
  REQUIRE(bench.Create(path));
  const auto none = bench.Children(path);
  REQUIRE(none);
  CHECK(none->empty());
  for (const char* name : {"/b", "/a", "/c"}) REQUIRE(bench.Create(path + name));
  REQUIRE(bench.Delete(path + "/c", 0));
  auto names = bench.Children(path);
  REQUIRE(names);
  std::sort(names->begin(), names->end());
  CHECK(*names == std::vector<std::string>{"a", "b"});
  const auto node = bench.Get(path);
  REQUIRE(node);
  CHECK(node->stat.num_children == 2);
  CHECK(node->stat.children_version == 4);  // three creates and a delete
  CHECK(node->stat.pzxid > node->stat.mzxid);
  CHECK(node->stat.version == 0);
}

TEST_CASE("sync: what another session wrote before is read after it") {
  const Bench bench;
  const auto other = bench.Connected();
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path, "0"));
  REQUIRE(bench.SetBy(*other, path, "1", 0));
  CHECK(bench.Sync(path));
  const auto node = bench.Get(path);
  REQUIRE(node);
  CHECK(node->data == "1");
}

TEST_CASE("multi: each kind of operation, all at one moment") {
  const Bench bench;
  const std::string& root = bench.root;
  REQUIRE(bench.Create(root + "/check"));
  REQUIRE(bench.Create(root + "/set", "0"));
  REQUIRE(bench.Create(root + "/gone"));
  const auto done =
      bench.Multi({zk::CheckOp{root + "/check", 0},
                   zk::CreateOp{root + "/new", "n", zk::CreateMode::kPersistent},
                   zk::CreateOp{root + "/new/below", "", zk::CreateMode::kPersistent},
                   zk::SetOp{root + "/set", "1", 0}, zk::SetOp{root + "/set", "2", 1},
                   zk::DeleteOp{root + "/gone", 0}, zk::CheckOp{root + "/new", zk::kAnyVersion}});
  REQUIRE(done);
  REQUIRE(done->size() == 7);
  CHECK((*done)[1].created_path == root + "/new");
  CHECK((*done)[2].created_path == root + "/new/below");
  CHECK((*done)[3].version == 1);
  CHECK((*done)[4].version == 2);
  const auto created = bench.Get(root + "/new");
  const auto set = bench.Get(root + "/set");
  REQUIRE(created);
  REQUIRE(set);
  CHECK(set->data == "2");
  CHECK(created->stat.czxid == set->stat.mzxid);
  CHECK_FALSE(bench.Exists(root + "/gone")->has_value());
}

TEST_CASE("multi: an ephemeral sequential create gets its number and its owner") {
  const Bench bench;
  const auto done =
      bench.Multi({zk::CheckOp{bench.root, 0},
                   zk::CreateOp{bench.root + "/n_", "x", zk::CreateMode::kEphemeralSequential},
                   zk::CreateOp{bench.root + "/n_", "y", zk::CreateMode::kEphemeralSequential}});
  REQUIRE(done);
  CHECK((*done)[1].created_path == bench.root + "/n_0000000000");
  CHECK((*done)[2].created_path == bench.root + "/n_0000000001");
  const auto node = bench.Get((*done)[2].created_path);
  REQUIRE(node);
  CHECK(node->data == "y");
  CHECK(node->stat.ephemeral_owner == bench.client->session_id());
}

TEST_CASE("multi: the failing operation is named by its place and nothing is done") {
  const Bench bench;
  const std::string& root = bench.root;
  REQUIRE(bench.Create(root + "/there", "0"));
  REQUIRE(bench.Create(root + "/full"));
  REQUIRE(bench.Create(root + "/full/child"));
  struct Case {
    const char* what;
    zk::Op bad;
    ErrorCode code;
  };
  const std::vector<Case> cases = {
      {"check of an absent znode", zk::CheckOp{root + "/none", 0}, ErrorCode::kNotFound},
      {"existence of an absent one", zk::CheckOp{root + "/none", zk::kAnyVersion},
       ErrorCode::kNotFound},
      {"check of another version", zk::CheckOp{root + "/there", 1}, ErrorCode::kConflict},
      {"create of what is there", zk::CreateOp{root + "/there", "", zk::CreateMode::kPersistent},
       ErrorCode::kExists},
      {"create without parent", zk::CreateOp{root + "/none/a", "", zk::CreateMode::kPersistent},
       ErrorCode::kNotFound},
      {"set of another version", zk::SetOp{root + "/there", "x", 7}, ErrorCode::kConflict},
      {"set of an absent znode", zk::SetOp{root + "/none", "x", 0}, ErrorCode::kNotFound},
      {"delete of another version", zk::DeleteOp{root + "/there", 3}, ErrorCode::kConflict},
      {"delete of one with children", zk::DeleteOp{root + "/full", 0}, ErrorCode::kNotEmpty},
      {"delete of an absent znode", zk::DeleteOp{root + "/none", 0}, ErrorCode::kNotFound}};
  for (const Case& c : cases) {
    for (std::size_t place = 0; place < 4; ++place) {
      CAPTURE(c.what);
      CAPTURE(place);
      std::vector<zk::Op> ops = {zk::SetOp{root + "/there", "changed", 0},
                                 zk::CreateOp{root + "/new", "", zk::CreateMode::kPersistent},
                                 zk::CheckOp{root + "/full", 0}};
      // Operations before a check of /there must not be the ones that fail.
      if (place > 0) ops[0] = zk::CheckOp{root + "/there", 0};
      ops.insert(ops.begin() + static_cast<std::ptrdiff_t>(place), c.bad);
      const auto done = bench.Multi(ops);
      REQUIRE_FALSE(done);
      CHECK(CodeOf(done) == c.code);
      CHECK(done.error().failed_op == place);
      CHECK(bench.Get(root + "/there")->data == "0");
      CHECK_FALSE(bench.Exists(root + "/new")->has_value());
    }
  }
  CHECK(bench.Get(root)->stat.num_children == 2);
}

TEST_CASE("malformed paths: every verb refuses them and the session stays") {
  const Bench bench;
  const auto session = bench.client->session_id();
  for (const std::string& path : kMalformedPaths) {
    CAPTURE(path);
    CHECK(CodeOf(bench.Get(path)) == ErrorCode::kInvalid);
    CHECK(CodeOf(bench.Exists(path)) == ErrorCode::kInvalid);
    CHECK(CodeOf(bench.Children(path)) == ErrorCode::kInvalid);
    CHECK(CodeOf(bench.Create(path)) == ErrorCode::kInvalid);
    CHECK(CodeOf(bench.Set(path, "", 0)) == ErrorCode::kInvalid);
    CHECK(CodeOf(bench.Delete(path, 0)) == ErrorCode::kInvalid);
    CHECK(CodeOf(bench.Sync(path)) == ErrorCode::kInvalid);
  }
  CHECK(bench.client->session_id() == session);
  CHECK(bench.client->state() == SessionState::kConnected);
}

TEST_CASE("malformed paths in a multi: refused whole, wherever they are") {
  const Bench bench;
  const auto session = bench.client->session_id();
  for (const std::string& path : kMalformedPaths) {
    const std::vector<zk::Op> bad = {zk::CheckOp{path, 0},
                                     zk::CreateOp{path, "x", zk::CreateMode::kPersistent},
                                     zk::SetOp{path, "x", 0}, zk::DeleteOp{path, 0}};
    for (const zk::Op& op : bad) {
      for (std::size_t place = 0; place < 3; ++place) {
        CAPTURE(path);
        std::vector<zk::Op> ops = {
            zk::CheckOp{bench.root, 0},
            zk::CreateOp{bench.root + "/a", "", zk::CreateMode::kPersistent}};
        ops.insert(ops.begin() + static_cast<std::ptrdiff_t>(place), op);
        CHECK(CodeOf(bench.Multi(ops)) == ErrorCode::kInvalid);
      }
    }
  }
  CHECK_FALSE(bench.Exists(bench.root + "/a")->has_value());
  CHECK(bench.client->session_id() == session);
}

TEST_CASE("size: the largest request passes, a byte more is refused and the session stays") {
  const Bench bench;
  const auto session = bench.client->session_id();
  const std::string path = bench.root + "/big";
  const std::string fits(zk::kMaxRequestBytes - path.size(), 'x');
  REQUIRE(bench.Create(path, fits));
  CHECK(CodeOf(bench.Set(path, fits + "x", 0)) == ErrorCode::kTooLarge);
  CHECK(CodeOf(bench.Create(bench.root + "/more", fits)) == ErrorCode::kTooLarge);
  const std::string half(zk::kMaxRequestBytes / 2, 'x');
  CHECK(CodeOf(bench.Multi({zk::SetOp{path, half, 0}, zk::SetOp{path, half, 1}})) ==
        ErrorCode::kTooLarge);
  const auto node = bench.Get(path);
  REQUIRE(node);
  CHECK(node->data.size() == fits.size());
  CHECK(node->stat.version == 0);
  CHECK(bench.client->session_id() == session);
}

TEST_CASE("order: answers come in the order of the calls") {
  const Bench bench;
  const std::string path = bench.root + "/a";
  std::vector<int> order;
  const auto note = [&order](int place) {
    return [&order, place](const auto&) { order.push_back(place); };
  };
  bench.client->Create(path, "", zk::CreateMode::kPersistent, note(0));
  bench.client->Exists(path, {}, note(1));
  bench.client->Set(path, "1", 0, note(2));
  bench.client->Sync(path, note(3));
  bench.client->Multi({zk::CheckOp{path, 1}}, note(4));
  bench.client->Children(path, {}, note(5));
  bench.client->Set(path, "1", 0, note(6));  // one that fails keeps its place
  bench.client->Get(path, {}, note(7));
  bench.client->Delete(path, 1, note(8));
  CHECK(order.empty());
  REQUIRE(bench.world->RunUntil([&] { return order.size() == 9; }));
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8});
}

TEST_CASE("order: a read called right behind a write sees it") {
  const Bench bench;
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path, "-"));
  std::vector<std::string> read;
  for (int i = 0; i < 20; ++i) {
    bench.client->Set(path, std::to_string(i), i, [](const auto& stat) { CHECK(stat); });
    bench.client->Get(path, {}, [&](const Result<zk::Node>& node) { read.push_back(node->data); });
  }
  REQUIRE(bench.world->RunUntil([&] { return read.size() == 20; }));
  for (int i = 0; i < 20; ++i) {
    CHECK(read[static_cast<std::size_t>(i)] == std::to_string(i));
  }
}

TEST_CASE("order: a new session sees what was answered to another before") {
  const Bench bench;
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path, "-"));
  for (int i = 0; i < 5; ++i) {
    REQUIRE(bench.Set(path, std::to_string(i), i));
    const auto fresh = bench.Connected();
    const auto node = bench.Await<zk::Node>([&](auto done) { fresh->Get(path, {}, done); });
    REQUIRE(node);
    CHECK(node->data == std::to_string(i));
  }
}

TEST_CASE("order: a sync called right behind another session's answer makes its write seen") {
  const Bench bench;
  const auto other = bench.Connected();
  const std::string path = bench.root + "/a";
  REQUIRE(bench.Create(path, "-"));
  for (int i = 0; i < 20; ++i) {
    REQUIRE(bench.SetBy(*other, path, std::to_string(i), i));
    std::optional<std::string> read;
    bench.client->Sync(path, [](const auto&) {});
    bench.client->Get(path, {}, [&](const Result<zk::Node>& node) { read = node->data; });
    REQUIRE(bench.world->RunUntil([&] { return read.has_value(); }));
    CHECK(*read == std::to_string(i));
  }
}

TEST_CASE("order: a verb called within a callback is answered later, not within it") {
  const Bench bench;
  bool within = false;
  bool second = false;
  bench.client->Exists(bench.root, {}, [&](const auto&) {
    within = true;
    bench.client->Exists(bench.root, {}, [&](const auto&) {
      CHECK_FALSE(within);
      second = true;
    });
    bench.client->Get("not a path", {}, [&](const auto&) { CHECK_FALSE(within); });
    within = false;
  });
  CHECK(bench.world->RunUntil([&] { return second; }));
}

}  // namespace
}  // namespace zkcluster::contract
