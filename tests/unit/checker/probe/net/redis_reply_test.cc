#include "checker/probe/net/redis_reply.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

namespace redis_reply_test {

using namespace zkcluster;

namespace {

std::vector<RedisReply> ReadAll(ReplyReader& reader) {
  std::vector<RedisReply> replies;
  while (auto reply = reader.Next()) replies.push_back(*reply);
  return replies;
}

RedisReply Error(std::string text) {
  return {RedisReply::Type::kError, std::move(text)};
}
const RedisReply kOk{RedisReply::Type::kStatus, "OK"};
const RedisReply kPong{RedisReply::Type::kStatus, "PONG"};

}  // namespace

TEST_CASE("reader: replies cut at every byte") {
  const std::string stream = "+OK\r\n-ERR no\r\n$5\r\nhello\r\n*2\r\n:1\r\n$1\r\nx\r\n+PONG\r\n";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    ReplyReader reader;
    reader.Feed(stream.substr(0, cut));
    auto replies = ReadAll(reader);
    reader.Feed(stream.substr(cut));
    for (auto& reply : ReadAll(reader)) replies.push_back(reply);
    REQUIRE(replies.size() == 5);
    CHECK(replies[0] == kOk);
    CHECK(replies[1] == Error("ERR no"));
    CHECK(replies[2].type == RedisReply::Type::kOther);
    CHECK(replies[3].type == RedisReply::Type::kOther);
    CHECK(replies[4] == kPong);
    CHECK(!reader.broken());
    CHECK(reader.empty());
  }
}

TEST_CASE("reader: one reply is taken at a time, and what it holds is none") {
  struct Case {
    std::string what;
    std::string bytes;
  };
  std::string deep;
  for (int i = 0; i < 7; ++i) deep += "*1\r\n";
  for (const Case& c :
       {Case{"an array", "*1\r\n+PONG\r\n"}, Case{"of an error", "*1\r\n-LOADING\r\n"},
        Case{"of two", "*2\r\n+PONG\r\n-DENIED\r\n"}, Case{"of nothing", "*0\r\n"},
        Case{"none", "*-1\r\n"}, Case{"an array of arrays", "*2\r\n*1\r\n+a\r\n*1\r\n+PONG\r\n"},
        Case{"deep", deep + "+PONG\r\n"}, Case{"with a number last", "*2\r\n+PONG\r\n:1\r\n"},
        Case{"with nothing last", "*2\r\n+PONG\r\n$-1\r\n"},
        Case{"a bulk string", "$7\r\n+PONG\r\n\r\n"}, Case{"a number", ":7\r\n"},
        Case{"no bulk string", "$-1\r\n"}}) {
    // It follows a reply that has a text, and precedes one.
    const std::string stream = "+OK\r\n" + c.bytes + "-ERR no\r\n";
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
      CAPTURE(c.what);
      CAPTURE(cut);
      ReplyReader reader;
      reader.Feed(stream.substr(0, cut));
      auto replies = ReadAll(reader);
      reader.Feed(stream.substr(cut));
      for (auto& reply : ReadAll(reader)) replies.push_back(reply);
      REQUIRE(replies.size() == 3);
      CHECK(replies[0] == kOk);
      CHECK(replies[1].type == RedisReply::Type::kOther);
      CHECK(replies[2] == Error("ERR no"));
      CHECK(reader.empty());
    }
  }
}

TEST_CASE("reader: bytes left over are seen") {
  ReplyReader reader;
  reader.Feed("+PONG\r\n+PO");
  CHECK(reader.Next() == kPong);
  CHECK(!reader.empty());
  CHECK(!reader.Next());
  CHECK(!reader.broken());
}

TEST_CASE("reader: hostile streams break it, and cost nothing") {
  struct Case {
    std::string what;
    std::string bytes;
  };
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "*1\r\n";
  for (const Case& c :
       {Case{"no RESP", "HTTP/1.1 400 Bad Request\r\n\r\n"}, Case{"zeros", std::string(100, '\0')},
        Case{"nested deep", deep}, Case{"a bulk of bad length", "$-7\r\n"},
        Case{"a line without end", "+" + std::string(70'000, 'x')},
        Case{"a huge bulk", "$1000000000\r\n" + std::string(70'000, 'x')}}) {
    CAPTURE(c.what);
    ReplyReader reader;
    for (std::size_t at = 0; at < c.bytes.size() && !reader.broken(); at += 16'384) {
      reader.Feed(std::string_view(c.bytes).substr(at, 16'384));
      static_cast<void>(ReadAll(reader));
    }
    CHECK(reader.broken());
    reader.Feed("+PONG\r\n");
    CHECK(!reader.Next());
  }
  ReplyReader claims;
  claims.Feed("*1000000000\r\n");  // would be 8 GB of pointers
  CHECK(!claims.Next());
}

TEST_CASE("reader: random bytes never crash it") {
  std::mt19937 random(7);
  const std::string alphabet = "+-:$*0123456789\r\n\r\nPONG xX\\";
  for (int round = 0; round < 3000; ++round) {
    ReplyReader reader;
    for (int chunk = 0; chunk < 5; ++chunk) {
      std::string bytes;
      for (auto i = random() % 30; i > 0; --i) bytes += alphabet[random() % alphabet.size()];
      reader.Feed(bytes);
      for (const auto& reply : ReadAll(reader)) CHECK(reply.text.size() <= 256);
    }
  }
}

}  // namespace redis_reply_test
