#include "checker/probe/net/redis_protocol.h"

#include <doctest/doctest.h>

#include <string>

namespace redis_protocol_test {

using namespace zkcluster;

namespace {

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

TEST_CASE("exchange: what is answered, and whether the connection may be kept") {
  struct Case {
    std::string what;
    bool opened;  // with a password: AUTH was sent
    std::string bytes;
    ProbeResult result;
    bool keep;
  };
  for (const Case& c : {
           Case{"pong", false, "+PONG\r\n", ProbeResult::Alive(), true},
           Case{"logged in", true, "+OK\r\n+PONG\r\n", ProbeResult::Alive(), true},
           Case{"logged in before, by another probe", false, "+PONG\r\n", ProbeResult::Alive(),
                true},
           Case{"wrong password: AUTH is sent again", true, "-WRONGPASS no\r\n-NOAUTH no\r\n",
                ProbeResult::Alive(ProbeAlarm::kWrongPass), false},
           Case{"no password", false, "-NOAUTH no\r\n", ProbeResult::Alive(ProbeAlarm::kNoAuth),
                false},
           Case{"loading", false, "-LOADING yes\r\n", ProbeResult::Failed(Reason::kLoading), true},
           Case{"farewell to AUTH", true, "-ERR max number of clients reached\r\n",
                ProbeResult::Failed(Reason::kMaxClients), false},
           Case{"another error", false, "-ERR oops\r\n", ProbeResult::Failed(Reason::kErrorReply),
                false},
           Case{"bytes left over", false, "+PONG\r\n+PO", ProbeResult::Alive(), false},
           Case{"no RESP", false, "HTTP/1.1 400 Bad Request\r\n",
                ProbeResult::Failed(Reason::kProtocol), false},
       }) {
    CAPTURE(c.what);
    const auto protocol = NewRedisProtocol({{"", "secret"}});
    CHECK(protocol->question() == kPing);
    CHECK(protocol->opening() == EncodeAuth({"", "secret"}));
    CHECK(!protocol->OnConnected());
    const auto exchange = protocol->NewExchange(c.opened);
    std::optional<Answer> answer;
    // Byte by byte, but for the last: what is left over has to be there already.
    const std::size_t cut = c.bytes.find_last_of('\n');
    for (std::size_t i = 0; i < cut && !answer; ++i) answer = exchange->Feed(c.bytes.substr(i, 1));
    if (!answer) answer = exchange->Feed(c.bytes.substr(cut));
    REQUIRE(answer.has_value());
    CHECK(answer->result == c.result);
    CHECK(answer->keep_connection == c.keep);
  }
}

TEST_CASE("recognize: a PONG and nothing else, as an exchange would judge it") {
  const auto protocol = NewRedisProtocol({});
  CHECK(protocol->opening().empty());
  const auto answer = protocol->Recognize("+PONG\r\n");
  REQUIRE(answer.has_value());
  CHECK(answer->result == ProbeResult::Alive());
  CHECK(answer->keep_connection);
  for (const char* bytes : {"", "+PONG", "+PONG\r\n+PONG\r\n", "-LOADING yes\r\n", "+pong\r\n"})
    CHECK(!protocol->Recognize(bytes));
}

}  // namespace redis_protocol_test
