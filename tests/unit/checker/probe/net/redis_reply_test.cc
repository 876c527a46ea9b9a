#include "checker/probe/net/redis_reply.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

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

TEST_CASE("reply to PING: what each answer says of the server") {
  struct Case {
    RedisReply ping;
    ProbeVerdict verdict;
    Reason reason;
    ProbeAlarm alarm;
  };
  constexpr auto kAlive = ProbeVerdict::kAlive;
  constexpr auto kFailed = ProbeVerdict::kFailed;
  for (const Case& c : {
           Case{kPong, kAlive, Reason::kNone, ProbeAlarm::kNone},
           Case{Error("NOAUTH Authentication required."), kAlive, Reason::kNone,
                ProbeAlarm::kNoAuth},
           Case{Error("ERR operation not permitted"), kAlive, Reason::kNone, ProbeAlarm::kNoAuth},
           Case{Error("WRONGPASS invalid username-password pair or user is disabled."), kAlive,
                Reason::kNone, ProbeAlarm::kWrongPass},
           Case{Error("ERR invalid password"), kAlive, Reason::kNone, ProbeAlarm::kWrongPass},
           Case{Error("NOPERM this user has no permissions to run the 'ping' command"), kAlive,
                Reason::kNone, ProbeAlarm::kNoPerm},
           Case{Error("DENIED Redis is running in protected mode"), kAlive, Reason::kNone,
                ProbeAlarm::kDenied},
           Case{Error("ERR unknown command 'PING', with args beginning with: "), kAlive,
                Reason::kNone, ProbeAlarm::kUnknownCommand},
           Case{Error("LOADING Redis is loading the dataset in memory"), kFailed, Reason::kLoading,
                ProbeAlarm::kNone},
           Case{Error("MASTERDOWN Link with MASTER is down"), kFailed, Reason::kMasterDown,
                ProbeAlarm::kNone},
           Case{Error("BUSY Redis is busy running a script."), kFailed, Reason::kBusy,
                ProbeAlarm::kNone},
           Case{Error("BUSYGROUP Consumer Group name already exists"), kFailed, Reason::kErrorReply,
                ProbeAlarm::kNone},
           Case{Error("MISCONF Redis is configured to save RDB snapshots"), kFailed,
                Reason::kMisconf, ProbeAlarm::kNone},
           Case{Error("ERR max number of clients reached"), kFailed, Reason::kMaxClients,
                ProbeAlarm::kNone},
           Case{Error("ERR something else"), kFailed, Reason::kErrorReply, ProbeAlarm::kNone},
           Case{Error(""), kFailed, Reason::kErrorReply, ProbeAlarm::kNone},
           Case{kOk, kFailed, Reason::kProtocol, ProbeAlarm::kNone},
           Case{RedisReply{}, kFailed, Reason::kProtocol, ProbeAlarm::kNone},
       }) {
    CAPTURE(c.ping.text);
    CHECK(JudgeReplies(std::nullopt, c.ping) ==
          ProbeResult{c.verdict, c.reason, c.alarm, Duration(0)});
    CHECK(JudgeReplies(kOk, c.ping) == ProbeResult{c.verdict, c.reason, c.alarm, Duration(0)});
  }
}

TEST_CASE("reply to AUTH: both replies judge together") {
  const RedisReply none_set =
      Error("ERR AUTH <password> called without any password configured for the default user.");
  const RedisReply wrong = Error("WRONGPASS invalid username-password pair or user is disabled.");
  struct Case {
    RedisReply auth;
    RedisReply ping;
    ProbeVerdict verdict;
    ProbeAlarm alarm;
  };
  for (const Case& c : {
           Case{none_set, kPong, ProbeVerdict::kAlive, ProbeAlarm::kWrongPass},
           Case{wrong, kPong, ProbeVerdict::kAlive, ProbeAlarm::kWrongPass},
           Case{wrong, Error("NOAUTH Authentication required."), ProbeVerdict::kAlive,
                ProbeAlarm::kWrongPass},
           Case{wrong, Error("NOPERM no"), ProbeVerdict::kAlive, ProbeAlarm::kNoPerm},
           Case{wrong, Error("LOADING yes"), ProbeVerdict::kFailed, ProbeAlarm::kNone},
           Case{kOk, kPong, ProbeVerdict::kAlive, ProbeAlarm::kNone},
           Case{kPong, kPong, ProbeVerdict::kAlive, ProbeAlarm::kWrongPass},
       }) {
    CAPTURE(c.auth.text);
    CAPTURE(c.ping.text);
    const ProbeResult result = JudgeReplies(c.auth, c.ping);
    CHECK(result.verdict == c.verdict);
    CHECK(result.alarm == c.alarm);
  }
}

TEST_CASE("farewell: errors after which no reply to PING comes") {
  CHECK(IsFarewell(Error("ERR max number of clients reached")));
  CHECK(IsFarewell(Error("DENIED Redis is running in protected mode")));
  CHECK(!IsFarewell(Error("WRONGPASS invalid")));
  CHECK(!IsFarewell(kOk));
}

TEST_CASE("encode: AUTH with a password, with a user, with bytes that RESP gives a meaning") {
  CHECK(EncodeAuth({"", ""}) == "");
  CHECK(EncodeAuth({"user", ""}) == "");
  CHECK(EncodeAuth({"", "pw"}) == "*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n");
  CHECK(EncodeAuth({"me", "a\r\nb"}) == "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$4\r\na\r\nb\r\n");
}

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
