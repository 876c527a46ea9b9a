// hosts(5), the search list of resolv.conf(5), and the token bucket.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "names/hosts_file.h"
#include "names/search_list.h"
#include "names/token_bucket.h"

namespace files_test {

using namespace zkcluster;

namespace {

using namespace std::chrono_literals;
using List = std::vector<std::string>;

}  // namespace

TEST_CASE("hosts file: names, aliases, comments, families, and lines that make no sense") {
  const HostsTable table = ParseHosts(
      "127.0.0.1\tlocalhost\n"
      "::1 localhost ip6-localhost # this host\n"
      "# 10.0.0.9 s9\n"
      "nonsense s8\n"
      "10.0.0.1 S1.Test s1\r\n"
      "10.0.0.1 s1\n"
      "10.0.0.2\n"
      "10.0.0.2 s1");
  CHECK(table.at("localhost") == List{"127.0.0.1", "::1"});
  CHECK(table.at("s1.test") == List{"10.0.0.1"});
  CHECK(table.at("s1") == List{"10.0.0.1", "10.0.0.2"});
  CHECK(table.size() == 4);
  CHECK(ParseHosts("").empty());
  CHECK(ParseHosts("\n\n#").empty());
}

TEST_CASE("search list: ndots decides what is tried first") {
  const DnsSetup setup{{}, {"a.test", "b.test.", "."}, 2};
  CHECK(SearchList("db", setup) == List{"db.a.test", "db.b.test", "db"});
  CHECK(SearchList("x.db", setup) == List{"x.db.a.test", "x.db.b.test", "x.db"});
  CHECK(SearchList("y.x.db", setup) == List{"y.x.db", "y.x.db.a.test", "y.x.db.b.test"});
  CHECK(SearchList("db.", setup) == List{"db"});
  CHECK(SearchList("db", {}) == List{"db"});
}

TEST_CASE("token bucket: never more than rate and burst in a second") {
  TokenBucket bucket(40, 10);
  TimePoint now = TimePoint(1000s);
  std::vector<TimePoint> taken;
  for (int i = 0; i < 10'000; ++i) {
    while (bucket.Take(now)) taken.push_back(now);
    CHECK(bucket.Next(now) > now);
    now += i % 7 == 0 ? 900us : 100us;
    if (i % 1000 == 0) now += 3s;
  }
  for (std::size_t i = 50; i < taken.size(); ++i) CHECK(taken[i] - taken[i - 50] >= 1s);
  CHECK(taken.size() > 100);
}

}  // namespace files_test
