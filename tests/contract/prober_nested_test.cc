// SocketProber against servers whose replies hold other replies: arrays, pushes, bulk strings that
// look like a reply, lengths that lie.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/contract/prober_bench.h"
#include "tests/support/rude_server.h"

namespace zkcluster::contract::prober_nested_test {

using namespace std::chrono_literals;

namespace {

// Replies that hold a reply: only what is at the top is an answer.
struct Nested {
  std::string what;
  std::string answer;
  Reason reason = Reason::kProtocol;
  bool close = false;
};

std::string Deep(int levels, const std::string& inside) {
  std::string bytes;
  for (int i = 0; i < levels; ++i) bytes += "*1\r\n";
  return bytes + inside;
}

std::vector<Nested> NestedReplies() {
  const std::string pong = "+PONG\r\n";
  return {
      {"an array of PONG", "*1\r\n" + pong},
      {"an array of two", "*2\r\n" + pong + pong},
      {"PONG comes second", "*2\r\n:1\r\n" + pong},
      {"PONG comes last of three", "*3\r\n$1\r\nx\r\n$-1\r\n" + pong},
      {"an array of an array", "*1\r\n*1\r\n" + pong},
      {"an array beside an array", "*2\r\n*1\r\n" + pong + pong},
      {"as deep as can be read", Deep(7, pong)},
      {"deeper", Deep(9, pong)},
      {"very deep", Deep(1000, pong)},
      {"an array of an error that means alive", "*1\r\n-NOAUTH Authentication required.\r\n"},
      {"an array of an error that means busy", "*1\r\n-LOADING yes\r\n"},
      {"an array of a farewell", "*1\r\n-ERR max number of clients reached\r\n"},
      {"an array of a refusal", "*2\r\n-DENIED yes\r\n" + pong},
      {"an empty array, then PONG", "*0\r\n" + pong},
      {"no array, then PONG", "*-1\r\n" + pong},
      {"an array, then PONG", "*1\r\n+x\r\n" + pong},
      {"a message of a subscription", "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\nPONG\r\n"},
      {"the answer of a subscribed connection", "*2\r\n$4\r\npong\r\n$0\r\n\r\n"},
      {"a bulk string", "$4\r\nPONG\r\n"},
      {"a bulk string that holds a reply", "$7\r\n" + pong + "\r\n"},
      {"a bulk string that holds a reply, then PONG", "$7\r\n" + pong + "\r\n" + pong},
      {"no bulk string, then PONG", "$-1\r\n" + pong},
      {"a number, then PONG", ":1\r\n" + pong},
      {"a push", ">2\r\n" + pong + pong},
      {"a push, then PONG", ">1\r\n+x\r\n" + pong},
      {"an attribute, then PONG", "|1\r\n+a\r\n+b\r\n" + pong},
      {"a map", "%1\r\n" + pong + pong},
      {"a set", "~1\r\n" + pong},
      {"a truth, then PONG", "#t\r\n" + pong},
      {"nothing, then PONG", "_\r\n" + pong},
      {"a verbatim string", "=8\r\ntxt:PONG\r\n"},
      {"a bulk error", "!11\r\nLOADING yes\r\n"},
      {"a length that is too short", "$2\r\n" + pong},
      {"a length below nothing", "*-7\r\n" + pong},
      {"a length that overflows", "*18446744073709551617\r\n" + pong},
      {"a length that is no number", "*x\r\n" + pong},
      {"fourteen bytes, then the rest of an array", "*3\r\n:1\r\n:222\r\n" + pong},
      // Such a reply is never complete.
      {"an array that lacks one", "*2\r\n" + pong, Reason::kTimeout},
      {"a nested array that lacks one", "*1\r\n*2\r\n" + pong, Reason::kTimeout},
      {"seven bytes, then one of a thousand", "*1000\r\n" + pong, Reason::kTimeout},
      {"a bulk string that lacks bytes", "$100\r\n" + pong, Reason::kTimeout},
      {"an array that lacks one, and closed", "*2\r\n" + pong, Reason::kReset, true},
      {"an array that is cut in its last line, and closed", "*1\r\n+PONG\r", Reason::kReset, true},
      {"a bulk string that lacks bytes, and closed", "$9\r\n" + pong, Reason::kReset, true},
  };
}

}  // namespace

TEST_CASE("redis prober: what is inside of a reply is not the reply") {
  // At once, byte by byte, and in pieces of the size of the usual answer.
  for (const std::size_t chunk : {0u, 1u, 7u}) {
    for (const Nested& c : NestedReplies()) {
      if (chunk != 0 && c.answer.size() > 1000) continue;
      CAPTURE(c.what);
      CAPTURE(chunk);
      Bench bench;
      RudeServer server(bench.loop, {.answer = c.answer, .chunk = chunk, .close = c.close});
      const Duration timeout = c.reason == Reason::kTimeout ? Duration(100ms) : Duration(10s);
      CHECK(bench.Probe(server.addr(), timeout) == Failed(c.reason));
      if (chunk != 0) continue;
      // Nor is it that of the next probe.
      server.SetManners({});
      CHECK(bench.Again(1, 30ms) == Failed(Reason::kTimeout));
      CHECK(bench.hints == 0);
    }
  }
}

TEST_CASE("redis prober: an array in the place of a reply to AUTH, or of that after it") {
  struct Case {
    std::string what;
    std::string answer;
    ProbeResult result;
  };
  const std::string pong = "+PONG\r\n";
  for (const std::size_t chunk : {0u, 1u, 7u}) {
    for (const Case& c : {
             Case{"as it should be", "+OK\r\n" + pong, Alive()},
             Case{"an array of OK", "*1\r\n+OK\r\n" + pong, Alive(ProbeAlarm::kWrongPass)},
             Case{"a bulk string", "$2\r\nOK\r\n" + pong, Alive(ProbeAlarm::kWrongPass)},
             Case{"an array of both", "*2\r\n+OK\r\n" + pong, Failed(Reason::kTimeout)},
             Case{"an array of both, and deeper", "*1\r\n*2\r\n+OK\r\n" + pong,
                  Failed(Reason::kTimeout)},
             Case{"an array of PONG", "+OK\r\n*1\r\n" + pong, Failed(Reason::kProtocol)},
             Case{"two arrays", "*1\r\n+OK\r\n*1\r\n" + pong, Failed(Reason::kProtocol)},
             Case{"a farewell in an array", "*1\r\n-ERR max number of clients reached\r\n",
                  Failed(Reason::kTimeout)},
             Case{"a refusal in an array", "*1\r\n-DENIED yes\r\n", Failed(Reason::kTimeout)},
             Case{"a refusal in an array, then PONG", "*1\r\n-DENIED yes\r\n" + pong,
                  Alive(ProbeAlarm::kWrongPass)},
         }) {
      CAPTURE(c.what);
      CAPTURE(chunk);
      Bench bench;
      RudeServer server(bench.loop, {.answer = c.answer, .chunk = chunk});
      const Duration timeout =
          c.result.reason == Reason::kTimeout ? Duration(150ms) : Duration(10s);
      CHECK(bench.Probe(server.addr(), timeout, {"", "pw"}) == c.result);
    }
  }
}

}  // namespace zkcluster::contract::prober_nested_test
