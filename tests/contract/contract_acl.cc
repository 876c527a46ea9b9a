// The contract of zk::Client: identities, and what each may do under lists of permissions.
#include <algorithm>

#include "tests/contract/contract_bench.h"

namespace zkcluster::contract {
namespace {

constexpr const char* kOwner = "owner:one secret with: colons and blanks";
constexpr const char* kGuest = "guest:another";

// The owner may do everything, the guest may only read, others may do nothing.
Acl Private(const std::string&) {
  return {{DigestId(kOwner), kMayAll}, {DigestId(kGuest), kMayRead}};
}

struct Guests {
  std::unique_ptr<zk::Client> Join(zk::Identity identity) const {
    auto client = bench.world->NewClient(identity);
    REQUIRE(bench.AwaitState(*client, SessionState::kConnected));
    return client;
  }
  Result<zk::Node> Get(zk::Client& by, const std::string& at) const {
    return bench.Await<zk::Node>([&](auto done) { by.Get(at, {}, done); });
  }
  Result<void> Delete(zk::Client& by, const std::string& at) const {
    return bench.Await<void>([&](auto done) { by.Delete(at, 0, done); });
  }
  Result<void> ResetAcl(zk::Client& by, const std::string& at) const {
    return bench.Await<void>([&](auto done) { by.ResetAcl(at, done); });
  }
  zk::MultiResult Multi(zk::Client& by, const std::vector<zk::Op>& ops) const {
    return bench.MultiBy(by, ops);
  }
  // Every verb on the znode and below it, each with its result.
  using Codes = std::vector<std::optional<ErrorCode>>;
  Codes TryAll(zk::Client& by, const std::string& at) const {
    Codes codes;
    codes.push_back(CodeOf(Get(by, at)));
    codes.push_back(CodeOf(
        bench.Await<std::vector<std::string>>([&](auto done) { by.Children(at, {}, done); })));
    codes.push_back(
        CodeOf(bench.Await<std::optional<zk::Stat>>([&](auto done) { by.Exists(at, {}, done); })));
    codes.push_back(CodeOf(Multi(by, {zk::CheckOp{at, zk::kAnyVersion}})));
    codes.push_back(CodeOf(bench.SetBy(by, at, "x", zk::kAnyVersion)));
    codes.push_back(CodeOf(bench.CreateBy(by, at + "/new")));
    codes.push_back(CodeOf(Delete(by, at + "/child")));
    codes.push_back(CodeOf(ResetAcl(by, at)));
    return codes;
  }

  Bench bench;
  std::string path = bench.root + "/private";
  std::unique_ptr<zk::Client> owner = Join({{kOwner}, Private});
};

TEST_CASE("a list of permissions: what each verb comes to, for the owner, a guest and strangers") {
  const Guests w;
  REQUIRE(w.bench.CreateBy(*w.owner, w.path));
  REQUIRE(w.bench.CreateBy(*w.owner, w.path + "/child"));

  const auto ok = std::optional<ErrorCode>();
  const std::optional<ErrorCode> no = ErrorCode::kDenied;
  const auto guest = w.Join({{kGuest}, {}});
  const auto liar = w.Join({{"owner:wrong"}, {}});
  //                                      get child exist check set create delete list
  CHECK(w.TryAll(*guest, w.path) == Guests::Codes{ok, ok, ok, ok, no, no, no, no});
  CHECK(w.TryAll(*liar, w.path) == Guests::Codes{no, no, ok, no, no, no, no, no});
  CHECK(w.TryAll(*w.bench.client, w.path) == Guests::Codes{no, no, ok, no, no, no, no, no});
  CHECK(w.TryAll(*w.owner, w.path) == Guests::Codes{ok, ok, ok, ok, ok, ok, ok, ok});
}

TEST_CASE("a list of permissions: several credentials of one client all count") {
  const Guests w;
  REQUIRE(w.bench.CreateBy(*w.owner, w.path, "data"));
  const auto both = w.Join({{"somebody:else", kGuest}, {}});
  const auto node = w.Get(*both, w.path);
  REQUIRE(node);
  CHECK(node->data == "data");
}

TEST_CASE("a list of permissions: whether a znode may be deleted is its parent's affair") {
  const Guests w;
  REQUIRE(w.bench.CreateBy(*w.owner, w.path));
  const auto guest = w.Join({{kGuest}, {}});
  CHECK(w.Delete(*guest, w.path));  // the parent is open
}

TEST_CASE("a list of permissions: a denied multi names its operation, does nothing") {
  const Guests w;
  REQUIRE(w.bench.CreateBy(*w.owner, w.path));
  const auto guest = w.Join({{kGuest}, {}});
  const auto result = w.Multi(*guest, {zk::CreateOp{w.bench.root + "/open", ""},
                                       zk::CheckOp{w.path, 0}, zk::SetOp{w.path, "x", 0}});
  REQUIRE(CodeOf(result) == ErrorCode::kDenied);
  CHECK(result.error().failed_op == 2U);
  CHECK_FALSE(*w.bench.Exists(w.bench.root + "/open"));
}

TEST_CASE("a list of permissions: denial comes before versions and what exists") {
  const Guests w;
  REQUIRE(w.bench.CreateBy(*w.owner, w.path));
  REQUIRE(w.bench.CreateBy(*w.owner, w.path + "/child"));
  const auto guest = w.Join({{kGuest}, {}});
  CHECK(CodeOf(w.bench.SetBy(*guest, w.path, "x", 7)) == ErrorCode::kDenied);
  CHECK(CodeOf(w.bench.CreateBy(*guest, w.path + "/child")) == ErrorCode::kDenied);
  CHECK(CodeOf(w.Delete(*guest, w.path + "/absent")) == ErrorCode::kDenied);
  CHECK(CodeOf(w.Delete(*guest, w.path + "/absent/child")) == ErrorCode::kNotFound);
  CHECK(CodeOf(w.bench.SetBy(*guest, w.path + "/absent", "x", 0)) == ErrorCode::kNotFound);
}

TEST_CASE("a list of permissions: made by path, of a multi's and of sequential znodes too") {
  const Guests w;
  std::vector<std::string> asked;
  const auto maker = w.Join({{kOwner}, [&asked](const std::string& path) {
                               asked.push_back(path);
                               return path.ends_with("/open") ? Acl() : Private(path);
                             }});
  const std::string& root = w.bench.root;
  REQUIRE(w.Multi(*maker, {zk::CreateOp{root + "/open", ""}, zk::CreateOp{w.path, ""}}));
  const auto numbered =
      w.bench.CreateBy(*maker, root + "/n_", "", zk::CreateMode::kEphemeralSequential);
  REQUIRE(numbered);
  CHECK(CodeOf(w.bench.Set(root + "/open", "x", 0)) == std::nullopt);
  CHECK(CodeOf(w.bench.Set(w.path, "x", 0)) == ErrorCode::kDenied);
  CHECK(CodeOf(w.bench.Set(*numbered, "x", 0)) == ErrorCode::kDenied);
  CHECK(std::ranges::find(asked, root + "/n_") != asked.end());
}

TEST_CASE("an identity outlives a connection that breaks, and a session that ends") {
  const Guests w;
  REQUIRE(w.bench.CreateBy(*w.owner, w.path));
  w.bench.world->Break(*w.owner);
  w.bench.world->RunFor(std::chrono::milliseconds(300));
  w.bench.world->Mend(*w.owner);
  REQUIRE(w.bench.AwaitState(*w.owner, SessionState::kConnected));
  CHECK(w.bench.SetBy(*w.owner, w.path, "again", 0));

  const auto generation = w.owner->generation();
  w.bench.world->ExpireSession(*w.owner);
  REQUIRE(w.bench.world->RunUntil([&] {
    return w.owner->generation() > generation && w.owner->state() == SessionState::kConnected;
  }));
  CHECK(w.bench.SetBy(*w.owner, w.path, "once more", 1));
}

TEST_CASE("an ephemeral that only its owner may write goes with its owner's session") {
  Guests w;
  REQUIRE(w.bench.CreateBy(*w.owner, w.path));
  const std::string below = w.path + "/ephemeral";
  {
    const auto short_lived = w.Join({{kOwner}, Private});
    REQUIRE(w.bench.CreateBy(*short_lived, below, "", zk::CreateMode::kEphemeral));
    bool closed = false;
    short_lived->Close([&] { closed = true; });
    REQUIRE(w.bench.world->RunUntil([&] { return closed; }));
  }
  CHECK(w.bench.world->RunUntil([&] {
    const auto there = w.bench.Exists(below);
    return there && !*there;
  }));
}

TEST_CASE("reset the list: closed, then opened again; the znode's version stays") {
  const Guests w;
  REQUIRE(w.bench.Create(w.path));
  REQUIRE(w.ResetAcl(*w.owner, w.path));
  CHECK(CodeOf(w.bench.Set(w.path, "x", 0)) == ErrorCode::kDenied);
  CHECK(CodeOf(w.ResetAcl(*w.bench.client, w.path)) == ErrorCode::kDenied);

  const auto opener = w.Join({{kOwner}, {}});
  REQUIRE(w.ResetAcl(*opener, w.path));
  CHECK(w.bench.Set(w.path, "x", 0));
  CHECK(CodeOf(w.ResetAcl(*opener, w.path + "/absent")) == ErrorCode::kNotFound);
  CHECK(CodeOf(w.ResetAcl(*opener, "malformed")) == ErrorCode::kInvalid);
}

}  // namespace
}  // namespace zkcluster::contract
