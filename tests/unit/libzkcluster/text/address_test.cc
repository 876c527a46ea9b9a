#include "text/address.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace address_test {

using namespace zkcluster;

TEST_CASE("address: what users write") {
  struct Case {
    std::string text, host;
    int port;
    std::string formatted;
  };
  const std::vector<Case> cases = {
      {"10.0.0.1:6379", "10.0.0.1", 6379, "10.0.0.1:6379"},
      {":6379", "", 6379, ":6379"},
      {"[::1]:6379", "::1", 6379, "[::1]:6379"},
      {"[fe80::1%eth0]:1", "fe80::1%eth0", 1, "[fe80::1%eth0]:1"},
      {"[::ffff:10.0.0.1]:80", "::ffff:10.0.0.1", 80, "[::ffff:10.0.0.1]:80"},
      {"cache-1.rack_2.example.:65535", "cache-1.rack_2.example.", 65535,
       "cache-1.rack_2.example.:65535"},
      {"localhost:1", "localhost", 1, "localhost:1"},
      {"1a:1", "1a", 1, "1a:1"},
      {std::string(63, 'a') + ":1", std::string(63, 'a'), 1, std::string(63, 'a') + ":1"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto address = ParseAddress(c.text);
    REQUIRE(address.has_value());
    CHECK(address->host == c.host);
    CHECK(address->port == c.port);
    CHECK(FormatAddress(*address) == c.formatted);
    CHECK(ParseAddress(FormatAddress(*address)) == address);
  }
}

TEST_CASE("address: what is refused, and why") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "empty"},
      {":", "port"},
      {"host", "port is missing"},
      {"host:", "port"},
      {"host:0", "port"},
      {"host:65536", "port"},
      {"host:00000080", "port"},
      {"host:+80", "port"},
      {"host:-1", "port"},
      {"host:80 ", "port"},
      {"host:8o", "port"},
      {" host:80", "no host name"},
      {"ho st:80", "no host name"},
      {"a..b:80", "no host name"},
      {".a:80", "no host name"},
      {".:80", "no IPv4"},
      {"10.1:80", "no IPv4"},
      {"300.1.1.1:80", "no IPv4"},
      {"h\xc3\xb6st:80", "no host name"},
      {"a/b:80", "no host name"},
      {"::1:6379", "brackets"},
      {"[::1:6379", "never closed"},
      {"[::1]6379", ":port after"},
      {"[]:1", "no IPv6"},
      {"[10.0.0.1]:1", "no IPv6"},
      {"[fe80::1%]:1", "no IPv6"},
      {"[::1%a b]:1", "no IPv6"},
      {std::string("10.0.0.1\0x:80", 13), "zero byte"},
      {std::string(64, 'a') + ":1", "no host name"},
      {std::string(300, 'a') + ":1", "no host name"},
  };
  for (const auto& c : cases) {
    const auto& text = c.first;
    const auto& why = c.second;
    CAPTURE(text);
    const auto address = ParseAddress(text);
    REQUIRE_FALSE(address.has_value());
    CHECK(address.error().code == ErrorCode::kInvalid);
    CAPTURE(address.error().message);
    CHECK(address.error().message.find(why) != std::string::npos);
  }
}

TEST_CASE("address: what is said of a bad one moves no terminal, and is short") {
  CHECK(ParseAddress("\x1b[31m").error().message ==
        "address \"\\x1b[31m\": no host name or IP address");
  CHECK(ParseAddress(std::string(1'000'000, '\n')).error().message.size() < 200);
}

TEST_CASE("address: a missing port is the default, a wrong one is not") {
  CHECK(ParseAddress("zk1", 2181) == Address{"zk1", 2181});
  CHECK(ParseAddress("zk1:9", 2181) == Address{"zk1", 9});
  CHECK(ParseAddress("[::1]", 2181) == Address{"::1", 2181});
  CHECK_FALSE(ParseAddress("zk1:", 2181).has_value());
  CHECK_FALSE(ParseAddress("", 2181).has_value());
}

TEST_CASE("address: IP literals") {
  for (const char* host : {"10.0.0.1", "::1", "fe80::1%eth0"}) CHECK(IsIpLiteral(host));
  for (const char* host : {"", "localhost", "10.1", "[::1]", "1:2"}) CHECK_FALSE(IsIpLiteral(host));
}

}  // namespace address_test
