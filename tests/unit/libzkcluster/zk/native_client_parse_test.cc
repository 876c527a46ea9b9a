#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "zk/native_client.h"
#include "zk/native_errors.h"
#include "zk/watch_table.h"

namespace zkcluster::zk::native_client_parse_test {
namespace {

TEST_CASE("parse servers: good lists") {
  const struct {
    const char* text;
    std::vector<std::string> servers;
  } cases[] = {
      {"h1:2182", {"h1:2182"}},
      {"h1", {"h1:2181"}},
      {"h1:2182,[::1]:2183,h2", {"h1:2182", "[::1]:2183", "h2:2181"}},
      {" a.example.org:1 ,\tb-1 ", {"a.example.org:1", "b-1:2181"}},
      {"[fe80::1]", {"[fe80::1]:2181"}},
      {"10.0.0.1,10.0.0.2", {"10.0.0.1:2181", "10.0.0.2:2181"}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    const auto servers = ParseServers(c.text);
    REQUIRE(servers.has_value());
    CHECK(*servers == c.servers);
  }
}

TEST_CASE("parse servers: bad lists name the entry") {
  const struct {
    const char* text;
    const char* named;
  } cases[] = {
      {"", "empty entry"},
      {"h1,,h2", "empty entry"},
      {"h1,", "empty entry"},
      {"h1, ", "empty entry"},
      {"h1:0", "h1:0"},
      {"h1:2181,h2:70000", "h2:70000"},
      {"h1:x", "h1:x"},
      {"::1", "::1"},
      {"[::1", "[::1"},
      {"h_1!:5", "h_1!:5"},
      {"h1:2181/chroot", "root option"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    const auto servers = ParseServers(c.text);
    REQUIRE(!servers.has_value());
    CHECK(servers.error().code == ErrorCode::kInvalid);
    CHECK(servers.error().message.find(c.named) != std::string::npos);
  }
}

TEST_CASE("parse servers: no more than can be meant, and one short line about it") {
  std::string list = "h";
  for (std::size_t i = 1; i < kMaxServers; ++i) list += ",h";
  CHECK(ParseServers(list)->size() == kMaxServers);
  CHECK(ParseServers(list + ",h").error().message == "ZooKeeper servers: more than 100");
  for (const std::string& bad : {std::string(100'000, ','), std::string("h,\x1b[31m,"),
                                 std::string("\n/") + std::string(100'000, 'x')}) {
    const auto servers = ParseServers(bad);
    REQUIRE(!servers.has_value());
    CHECK(servers.error().message.size() < 400);
    CHECK(servers.error().message.find_first_of("\x1b\n") == std::string::npos);
  }
}

TEST_CASE("paths: what is handed to the library") {
  const struct {
    const char* path;
    bool valid;
    bool valid_sequential;
  } cases[] = {
      {"/", true, true},        {"/a", true, true},        {"/a/b", true, true},
      {"/a.b/..c", true, true}, {"/\xc3\xa4", true, true}, {"", false, false},
      {"a", false, false},      {"//", false, false},      {"/a//b", false, false},
      {"/a/", false, true},     {"/a/.", false, true},     {"/a/..", false, true},
      {"/./a", false, false},   {"/../a", false, false},   {"/a\x1f", false, false},
      {"/a\n", false, false},   {"/a//", false, false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.path);
    CHECK(IsValidPath(c.path) == c.valid);
    CHECK(IsValidPath(c.path, true) == c.valid_sequential);
  }
  CHECK(!IsValidPath(std::string("/a\0b", 4)));
}

TEST_CASE("errors: each return code means one action") {
  const struct {
    int rc;
    ErrorCode code;
    bool answered;
  } cases[] = {
      {-101, ErrorCode::kNotFound, true},      {-110, ErrorCode::kExists, true},
      {-103, ErrorCode::kConflict, true},      {-111, ErrorCode::kNotEmpty, true},
      {-102, ErrorCode::kDenied, true},        {-114, ErrorCode::kDenied, true},
      {-108, ErrorCode::kInvalid, true},       {-8, ErrorCode::kInvalid, false},
      {-4, ErrorCode::kUnknownOutcome, false}, {-7, ErrorCode::kUnknownOutcome, false},
      {-2, ErrorCode::kUnknownOutcome, false}, {-1, ErrorCode::kUnknownOutcome, false},
      {-112, ErrorCode::kSessionLost, false},  {-116, ErrorCode::kSessionLost, false},
      {-118, ErrorCode::kUnavailable, true},   {-127, ErrorCode::kUnavailable, true},
      {-9999, ErrorCode::kInternal, true},
  };
  for (const auto& c : cases) {
    CAPTURE(c.rc);
    CHECK(TranslateError(c.rc, "get /x").code == c.code);
    CHECK(TranslateError(c.rc, "get /x").message.starts_with("get /x: "));
    CHECK(IsAnswer(c.rc) == c.answered);
  }
  CHECK(IsAnswer(0));
}

std::shared_ptr<WatchFunction> NewWatch() {
  return std::make_shared<WatchFunction>([](const WatchEvent&) {});
}

TEST_CASE("watch table: which event takes which watch") {
  const auto data = NewWatch();
  const auto children = NewWatch();
  const struct {
    WatchKind kind;
    bool takes_data;
    bool takes_children;
  } cases[] = {
      {WatchKind::kCreated, true, false},
      {WatchKind::kChanged, true, false},
      {WatchKind::kDeleted, true, true},
      {WatchKind::kChildren, false, true},
  };
  for (const auto& c : cases) {
    WatchTable table;
    table.Add("/a", false, data);
    table.Add("/a", true, children);
    CHECK(table.Take({c.kind, "/b"}).empty());
    const auto taken = table.Take({c.kind, "/a"});
    std::size_t index = 0;
    if (c.takes_data) CHECK(taken.at(index++).lock() == data);
    if (c.takes_children) CHECK(taken.at(index++).lock() == children);
    CHECK(taken.size() == index);
    // Once only.
    CHECK(table.Take({c.kind, "/a"}).empty());
    CHECK(table.size() == (index == 2 ? 0u : 1u));
  }
}

TEST_CASE("watch table: one function set twice fires once") {
  const auto watch = NewWatch();
  const auto other = NewWatch();
  WatchTable table;
  table.Add("/a", false, watch);
  table.Add("/a", false, other);
  table.Add("/a", false, watch);
  table.Add("/a", true, watch);
  const auto taken = table.Take({WatchKind::kDeleted, "/a"});
  REQUIRE(taken.size() == 2);
  CHECK(taken[0].lock() == watch);
  CHECK(taken[1].lock() == other);
}

TEST_CASE("watch table: watches whose owner is gone do not pile up") {
  WatchTable table;
  for (int i = 0; i < 10'000; ++i) table.Add("/" + std::to_string(i), false, NewWatch());
  CHECK(table.size() <= 64);
  for (int i = 0; i < 10'000; ++i) {
    const auto watch = NewWatch();
    table.Add("/same", false, watch);
  }
  CHECK(table.Take({WatchKind::kChanged, "/same"}).size() <= 1);
}

}  // namespace
}  // namespace zkcluster::zk::native_client_parse_test
