#include "zk/access.h"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

namespace zkcluster::access_test {
namespace {

// From the server itself:
//   java org.apache.zookeeper.server.auth.DigestAuthenticationProvider super:test
constexpr const char* kSuper = "super:D/InIHSb7yEEbrWz8b9l71RjZJU=";

constexpr const char* kFile = R"(# who is who
operators digest   super:D/InIHSb7yEEbrWz8b9l71RjZJU=

checkers  password checkers:a secret: with blanks
own	password	rack7:other
)";

TEST_CASE("a digest is the server's own") {
  CHECK(DigestId("super:test") == kSuper);
  CHECK(DigestId("super:test2") != kSuper);
}

TEST_CASE("an access file: roles, passwords, hashes") {
  const auto access = ParseAccess("zk.access", kFile);
  REQUIRE(access);
  CHECK(access->operators == kSuper);
  CHECK(access->checkers == DigestId("checkers:a secret: with blanks"));
  CHECK(access->own == DigestId("rack7:other"));
  CHECK(access->credentials ==
        std::vector<std::string>{"checkers:a secret: with blanks", "rack7:other"});
}

TEST_CASE("an access file: windows line ends, no end of the last line") {
  const auto access = ParseAccess("f", "checkers password a:b\r\nown password c:d");
  REQUIRE(access);
  CHECK(access->credentials == std::vector<std::string>{"a:b", "c:d"});
}

TEST_CASE("an access file: TLS to ZooKeeper") {
  const auto access = ParseAccess("f", "tls ca /a b.pem\ntls key k\ntls cert c\n");
  REQUIRE(access);
  CHECK(access->tls == Access::Tls{"/a b.pem", "c", "k"});
}

TEST_CASE("an access file by digest: read again it knows the same, and no password") {
  const auto access = ParseAccess("zk.access", kFile);
  REQUIRE(access);
  const std::string text = FormatAccessByDigest(*access);
  CHECK(text.find("secret") == std::string::npos);
  const auto again = ParseAccess("f", text);
  REQUIRE(again);
  CHECK(again->operators == access->operators);
  CHECK(again->checkers == access->checkers);
  CHECK(again->own == access->own);
  CHECK(again->credentials.empty());
  CHECK(HasPasswordOf(*access, access->checkers));
  CHECK_FALSE(HasPasswordOf(*again, access->checkers));
}

TEST_CASE("bad access files: file and line, never the password") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "f:1: empty"},
      {"# nothing\n\n", "f:2: empty"},
      {"tls ca", "f:1: tls ca: expected a file"},
      {"tls pem x", "f:1: tls: expected the word ca, cert or key"},
      {"tls ca a,b", "f:1: tls ca: expected a file, without a comma"},
      {"tls ca a\ntls ca b", "f:2: tls ca: is given twice"},
      {"tls ca a\ntls cert b", "f:2: tls: ca, cert and key go together"},
      {"operator password a:SECRET", "f:1: expected operators, checkers, own or tls"},
      {"a:SECRET", "f:1: expected operators, checkers, own or tls"},
      {"own password a:b\nown password a:SECRET", "f:2: own: is given twice"},
      {"own SECRET", "f:1: own: expected the word password or digest"},
      {"own password", "f:1: own: expected user:password"},
      {"own password SECRET", "f:1: own: expected user:password"},
      {"own password :SECRET", "f:1: own: expected user:password"},
      {"own password SECRET:", "f:1: own: expected user:password"},
      {"own password a b:SECRET", "f:1: own: a user has no blanks"},
      {"own password " + std::string(101, 'a') + ":SECRET",
       "f:1: own: a user is at most 100 bytes"},
      {"own digest a:SECRET", "f:1: own: expected user:digest"},
      {"own digest a:SECRET/InIHSb7yEEbrWz8b9l71Rj=", "f:1: own: expected user:digest"},
      {std::string("own password a:SECRET\0x", 23), "f:1: is not text"},
  };
  for (const auto& row : cases) {
    CAPTURE(row.first);
    const auto access = ParseAccess("f", row.first);
    REQUIRE_FALSE(access);
    CHECK(access.error().code == ErrorCode::kInvalid);
    CHECK(access.error().message.starts_with(row.second));
    CHECK(access.error().message.find("SECRET") == std::string::npos);
  }
}

// Permissions of each identity, as letters: "r", "w", "c"reate, "d"elete, "a"dmin.
std::string Letters(Permissions permissions) {
  std::string text;
  for (const auto& [bit, letter] :
       {std::pair{kMayRead, 'r'}, std::pair{kMayWrite, 'w'}, std::pair{kMayCreate, 'c'},
        std::pair{kMayDelete, 'd'}, std::pair{kMayAdmin, 'a'}}) {
    if ((permissions & bit) != 0) text += letter;
  }
  return text;
}

std::string Shown(const Acl& acl) {
  std::string text;
  for (const AclEntry& entry : acl) {
    text += (text.empty() ? "" : " ") + (entry.id.empty() ? "anyone" : entry.id) + "=" +
            Letters(entry.permissions);
  }
  return text;
}

TEST_CASE("restricted: the list of each znode") {
  const Access access{{}, "ops", "chk", "me"};
  const std::string spec = "ops=rwcda anyone=r";
  const std::string shared = "ops=rwcda chk=rwcd anyone=r";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"/a", spec},
      {"/a/b", spec},
      {"/a/b/x", "ops=rwcda chk=rc anyone=r"},
      {"/a/b/x/shards", spec},
      {"/a/b/x/options", spec},
      {"/a/b/x/localstatus", spec},
      {"/a/b/x/localstatus/n_", spec},
      {"/a/b/x/status", "ops=rwcda chk=rw anyone=r"},
      {"/a/b/x/quorum", shared},
      {"/a/b/x/quorum/election", shared},
      {"/a/b/x/quorum/votes", shared},
      {"/a/b/x/quorum/head", shared},
      {"/a/b/x/quorum/status/7", shared},
      {"/a/b/x/quorum/events/e_", shared},
      {"/a/b/x/quorum/votes/me", "me=rw anyone=r"},
      {"/a/b/x/quorum/election/me-guid-", "me=rw anyone=r"},
      // A cluster of that name is a cluster.
      {"/a/b/quorum", "ops=rwcda chk=rc anyone=r"},
      {"/a/bc/quorum/votes/me", spec},
  };
  const auto acl = RestrictedAcl("/a/b", access);
  for (const auto& row : cases) {
    CAPTURE(row.first);
    CHECK(Shown(acl(row.first)) == row.second);
  }
  CHECK(Shown(RestrictedAcl("/", access)("/x/quorum/votes/me")) == "me=rw anyone=r");
}

TEST_CASE("restricted, without an identity of its own: the ballot is the checkers'") {
  const auto acl = RestrictedAcl("/r", {{}, "ops", "chk", ""});
  CHECK(Shown(acl("/r/x/quorum/votes/me")) == "chk=rw ops=ra anyone=r");
}

}  // namespace
}  // namespace zkcluster::access_test
