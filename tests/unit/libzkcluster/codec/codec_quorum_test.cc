#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "codec/codec.h"
#include "codec/json.h"

namespace codec_quorum_test {

using namespace zkcluster;

namespace {

template <class T>
void CheckBad(const Result<T>& value, const std::string& why) {
  CAPTURE(why);
  REQUIRE_FALSE(value.has_value());
  CAPTURE(value.error().message);
  CHECK(value.error().code == ErrorCode::kBadData);
  CHECK(value.error().message.find(why) != std::string::npos);
}

std::string Repeated(const std::string& text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("quorum codecs: the forms in ZooKeeper, byte for byte") {
  Ballot ballot;
  ballot.spec = {1'795'228'044'224'923, 42};
  ballot.writes = 7;
  ballot.votes = {{Opinion::kAlive, Reason::kNone},
                  {Opinion::kDead, Reason::kTimeout},
                  {Opinion::kNotProbed, Reason::kNone},
                  {Opinion::kDead, Reason::kTimeout},
                  {Opinion::kUnknown, Reason::kRefused}};
  // 1 + 2*4 + 0*16 + 2*64 = 0x89, then 3.
  CHECK(EncodeBallot(ballot) ==
        R"({"Spec":1795228044224923,"ShardsZxid":42,"Writes":7,"Shards":5,"Votes":"iQM=",)"
        R"("Reasons":[["timeout",2],["refused",1]]})");
  Ballot racked;
  racked.rack = "r1";
  CHECK(EncodeBallot(racked) ==
        R"({"Spec":0,"ShardsZxid":0,"Writes":0,"Shards":0,"Votes":"","Reasons":[],"Rack":"r1"})");
  CHECK(EncodeHead({{1, 2}, 3, 17, "rack1", 2, 3, 600, {4, 0}}) ==
        R"({"Spec":1,"ShardsZxid":2,"Epoch":3,"Seq":17,"Leader":"rack1","Quorum":2,"Electorate":3,)"
        R"("Shards":600,"Chunks":[4,0]})");
  const ShardState alive{ShardStatus::kAlive, Micros(5), Reason::kNone, {3, 0, 0}};
  const ShardState dead{ShardStatus::kDead, Micros(9), Reason::kTimeout, {0, 2, 1}};
  CHECK(
      EncodeChunk({{alive, alive, dead, alive, {}}}, 0) ==
      R"({"Rows":[[2,1,5,"none",3,0,0],[1,2,9,"timeout",0,2,1],[1,1,5,"none",3,0,0],[1,0,0,"none",0,0,0]]})");
  CHECK(EncodeRegistration({"rack1", "node17", "r1", 812, "0.1.0", Micros(17)}) ==
        R"({"Id":"rack1","Host":"node17","Rack":"r1","Pid":812,"Version":"0.1.0","Since":17})");
  CHECK(EncodeLeader({"rack1", 3, Micros(17)}) == R"({"Id":"rack1","Epoch":3,"Since":17})");
  CHECK(EncodeLedger({{"rack2", "rack1"}, {{"s2", {4, Micros(5)}}}}) ==
        R"({"Electorate":["rack1","rack2"],"Penalties":{"s2":{"Required":4,"Since":5}}})");
  CHECK(EncodeLedger({}) == R"({"Electorate":[],"Penalties":{}})");
  Ledger orders;
  orders.at_least = 3;
  orders.freeze = {true, Micros(5), 6, false, 0};
  orders.pause = Pause{Micros(7), Micros(8), "ann@ops1", "switch replaced"};
  CHECK(EncodeLedger(orders) ==
        R"({"Electorate":[],"Penalties":{},"AtLeast":3,"Freeze":{"Frozen":true,"Since":5,"Dead":6,)"
        R"("Accept":false,"Accepted":0},"Pause":{"Since":7,"Until":8,"By":"ann@ops1",)"
        R"("Reason":"switch replaced"}})");
  Ledger guarded;
  guarded.safeguards = Safeguards{5, 3, 2, 0.25, {"quorum"}, ""};
  CHECK(EncodeLedger(guarded) ==
        R"({"Electorate":[],"Penalties":{},"Safeguards":{"Checkers":5,"Quorum":3,"MinRacks":2,)"
        R"("MaxDeadFraction":"0.25","Lost":["quorum"]}})");
  // A reason is written once for all shards of an order.
  Ledger maintenance;
  const Maintenance memory{Micros(5), Micros(0), "ann@ops1", "memory"};
  maintenance.maintenance = {
      {"s1", memory}, {"s2", {Micros(6), Micros(7), "bob@ops2", "disk"}}, {"s3", memory}};
  CHECK(EncodeLedger(maintenance) ==
        R"({"Electorate":[],"Penalties":{},"Maintenance":[)"
        R"({"Shards":["s1","s3"],"Since":5,"Until":0,"By":"ann@ops1","Reason":"memory"},)"
        R"({"Shards":["s2"],"Since":6,"Until":7,"By":"bob@ops2","Reason":"disk"}]})");
  Event event;
  event.at = Micros(5);
  CHECK(EncodeEvent(event) == R"({"Kind":"flips","At":5})");
  event.leader = "rack1";
  event.epoch = 3;
  event.quorum = 2;
  event.spec_version = 6;
  event.what = Event::Flips{
      {{"s2", "h:2", ShardStatus::kAlive, ShardStatus::kDead, Reason::kTimeout, {0, 3, 0}}}, 12};
  const std::string start = R"(,"At":5,"Leader":"rack1","Epoch":3,"Quorum":2,"Spec":6,)";
  CHECK(EncodeEvent(event) ==
        R"({"Kind":"flips")" + start +
            R"("Flips":[{"Shard":"s2","Addr":"h:2","From":"alive","To":"dead","Reason":"timeout",)"
            R"("Votes":{"Alive":0,"Dead":3,"Unknown":0}}],"More":12})");
  event.what = Event::Electorate{{"rack3"}};
  CHECK(EncodeEvent(event) == R"({"Kind":"electorate")" + start + R"("Ids":["rack3"]})");
}

TEST_CASE("quorum codecs: a number that leaves no room to go on is bad data") {
  const auto chunk = [](std::int64_t since) {
    return EncodeChunk({{{ShardStatus::kAlive, Micros(since), Reason::kNone, {}}}}, 0);
  };
  CHECK(DecodeChunk(chunk(kLatestMicros)));
  CHECK_FALSE(DecodeChunk(chunk(kLatestMicros + 1)));
  CHECK_FALSE(DecodeLeader(EncodeLeader({"c1", kInt64Max, Micros(1)})));
  CHECK(DecodeHead(EncodeHead({{}, 1, kMostCounted, "c1", 2, 3, 0, {}})));
  CHECK_FALSE(DecodeHead(EncodeHead({{}, kInt64Max, 1, "c1", 2, 3, 0, {}})));
  CHECK_FALSE(DecodeHead(EncodeHead({{}, 1, kInt64Max, "c1", 2, 3, 0, {}})));
}

TEST_CASE("ballot: undecodable ones, and why") {
  const auto ballot = [](const std::string& shards, const std::string& votes,
                         const std::string& reasons) {
    return DecodeBallot(R"({"Spec":1,"ShardsZxid":2,"Writes":3,"Shards":)" + shards +
                        R"(,"Votes":")" + votes + R"(","Reasons":)" + reasons + "}");
  };
  CHECK(ballot("2", "Bg==", R"([["busy",1]])").has_value());  // dead, alive
  CHECK(ballot("0", "", "[]").has_value());
  CheckBad(ballot("2", "Bg=", "[]"), "Votes: expected base64");
  CheckBad(ballot("2", "Bg", "[]"), "Votes: expected base64");
  CheckBad(ballot("2", "Bh==", "[]"), "Votes: expected base64");  // not the canonical last digit
  CheckBad(ballot("2", "B===", "[]"), "Votes: expected base64");
  CheckBad(ballot("2", "B!==", "[]"), "Votes: expected base64");
  CheckBad(ballot("9", "Bg==", "[]"), "Votes: expected base64");
  CheckBad(ballot("40000", "Bg==", "[]"), "Votes: expected base64");
  CheckBad(ballot("40001", "Bg==", "[]"), "Shards: expected a number from 0 to 40000");
  CheckBad(ballot("2", "Vg==", R"([["busy",1]])"), "more shards than there are");
  CheckBad(ballot("99999999999", "", "[]"), "Shards: expected a number from");
  CheckBad(ballot("-1", "", "[]"), "Shards: expected a number from");
  CheckBad(ballot("1.0", "AQ==", "[]"), "Shards: expected a whole number");
  const auto first = [&](const std::string& runs) {
    return ballot("4", "Pw==", R"([["busy",3]],"First":)" + runs);  // unknown, unknown, unknown
  };
  REQUIRE(first("[[0,1],[2,1]]").has_value());
  CHECK(first("[[0,1],[2,1]]")->votes[0].first);
  CHECK(!first("[[0,1],[2,1]]")->votes[1].first);
  CHECK(first("[]").has_value());
  CheckBad(first("[[0,4]]"), "First: a shard that is not unknown");
  CheckBad(first("[[0,5]]"), "First: expected a number");
  CheckBad(first("[[4,1]]"), "First: expected a number");
  CheckBad(first("[[5,1]]"), "First: expected a number");
  CheckBad(first("[[0,0]]"), "First: expected a number");
  CheckBad(first("[[1,2],[2,1]]"), "First: expected a number");
  CheckBad(first("[1]"), "First: expected [place, count]");
  CheckBad(first("{}"), "First: expected a list");
  const auto returning = [&](const std::string& rows) {
    return ballot("2", "Bg==", R"([["busy",1]],"Returning":)" + rows);
  };
  REQUIRE(returning("[[0,16,3],[1,2,0]]").has_value());
  CHECK(returning("[[0,16,3],[1,2,0]]")->returning ==
        std::vector<ReturningServer>{{0, 16, 3}, {1, 2, 0}});
  CheckBad(returning("[[2,16,3]]"), "Returning: expected a number");
  CheckBad(returning("[[1,2,0],[1,2,0]]"), "Returning: expected a number");
  CheckBad(returning("[[0,-1,0]]"), "Returning: expected a number");
  CheckBad(returning("[[0,1]]"), "Returning: expected [place, required, good]");
  CheckBad(returning("[0]"), "Returning: expected [place, required, good]");
  CheckBad(ballot("2", "Bg==", "[]"), "Reasons: fewer");
  CheckBad(ballot("2", "Bg==", R"([["busy",2]])"), "Reasons: more");
  CheckBad(ballot("2", "Bg==", R"([["busy",1],["busy",1]])"), "Reasons: more");
  CheckBad(ballot("2", "Bg==", R"([["busy",0]])"), "Reasons: expected a number");
  CheckBad(ballot("2", "Bg==", R"([["busy",3]])"), "Reasons: expected a number");
  CheckBad(ballot("2", "Bg==", R"([[1,"busy"]])"), "Reasons: expected a text");
  CheckBad(ballot("2", "Bg==", R"([["busy"]])"), "Reasons: expected [reason, count]");
  CheckBad(ballot("2", "Bg==", R"({"busy":1})"), "Reasons: expected a list");
  CheckBad(DecodeBallot(R"({"Spec":1,"ShardsZxid":2,"Writes":3,"Shards":0,"Votes":""})"),
           "Reasons: is missing");
  CheckBad(DecodeBallot(R"({"Spec":9223372036854775808,"ShardsZxid":2})"),
           "Spec: expected a number from 0");
  CheckBad(DecodeBallot(R"({"spec":1})"), "Spec: is missing");
}

TEST_CASE("chunk, head, ledger, event: undecodable ones, and why") {
  CheckBad(DecodeChunk(R"({"Rows":[[1,1,5,"none",3,0]]})"), "row 0: expected [count");
  CheckBad(DecodeChunk(R"({"Rows":[[1,1,5,"none",3,0,0],[1,3,5,"none",3,0,0]]})"),
           "row 1: expected a number from 0 to 2");
  CheckBad(DecodeChunk(R"({"Rows":[[1,1,"5","none",3,0,0]]})"), "row 0: expected a whole number");
  CheckBad(DecodeChunk(R"({"Rows":[[0,1,5,"none",3,0,0]]})"),
           "row 0: expected a number from 1 to 512");
  CheckBad(DecodeChunk(R"({"Rows":[[513,1,5,"none",3,0,0]]})"),
           "row 0: expected a number from 1 to 512");
  CheckBad(DecodeChunk(R"({"Rows":[[512,1,5,"none",3,0,0],[1,1,6,"none",3,0,0]]})"),
           "row 1: more than 512 shards");
  CheckBad(DecodeChunk(R"({"Rows":[[1,1,5,"none",-3,0,0]]})"), "row 0: expected a number from 0");
  CheckBad(DecodeChunk(R"({"Rows":[7]})"), "row 0: expected [count");
  CHECK(DecodeChunk(R"({"Rows":[[512,1,5,"none",3,0,0]],"Later":{}})")->size() == 512);

  const std::string head =
      R"({"Spec":1,"ShardsZxid":2,"Epoch":3,"Seq":4,"Leader":"a","Quorum":2,"Electorate":3,"Shards":)";
  CHECK(DecodeHead(head + R"(600,"Chunks":[-2147483648,2147483647]})").has_value());
  CheckBad(DecodeHead(head + R"(600,"Chunks":[4]})"), "Chunks: expected 2 of them");
  CheckBad(DecodeHead(head + R"(512,"Chunks":[2147483648]})"), "Chunks: expected a number from");
  CheckBad(DecodeHead(head + R"(512,"Chunks":null})"), "Chunks: is missing");
  // A leader makes a board of that size, and a client asks for every chunk.
  CheckBad(DecodeHead(head + "40001,\"Chunks\":[0" + Repeated(",0", 78) + "]}"),
           "Shards: expected a number from 0 to 40000");

  CheckBad(DecodeLedger(R"({"Electorate":[7],"Penalties":{}})"), "Electorate: expected a text");
  CheckBad(DecodeLedger(R"({"Electorate":[],"Penalties":{"s2":{"Required":0,"Since":1}}})"),
           "Penalties: s2: Required");
  CheckBad(DecodeLedger(R"({"Electorate":[],"Penalties":[]})"), "Penalties: expected an object");
  CheckBad(DecodeLedger(R"({"Electorate":[],"Penalties":{},"Maintenance":{}})"),
           "Maintenance: expected a list");
  CheckBad(DecodeLedger(R"({"Electorate":[],"Penalties":{},"Maintenance":[{"Shards":["s1","s1"],)"
                        R"("Since":1,"Until":0,"By":"a","Reason":"b"}]})"),
           "\"s1\" is there twice");

  CheckBad(DecodeEvent(R"({"Kind":7,"At":5})"), "Kind");
  CheckBad(DecodeEvent(R"({"Kind":"flips"})"), "At: is missing");
  CheckBad(
      DecodeEvent(
          R"({"Kind":"flips","At":5,"Flips":[{"Shard":"a","Addr":"b","From":"Alive","To":"dead","Votes":{}}]})"),
      "From: expected alive, dead or unknown");
}

TEST_CASE("event: flips beyond the limit are only counted") {
  Event::Flips flips;
  flips.more = 5;
  flips.flips.assign(kMaxEventFlips + 30,
                     {"s", "h:1", ShardStatus::kAlive, ShardStatus::kDead, Reason::kReset, {}});
  Event event;
  event.what = flips;
  const auto read = DecodeEvent(EncodeEvent(event));
  REQUIRE(read.has_value());
  REQUIRE(read->As<Event::Flips>() != nullptr);
  CHECK(read->As<Event::Flips>()->flips.size() == kMaxEventFlips);
  CHECK(read->As<Event::Flips>()->more == 35);
}

TEST_CASE("event: flips beyond the limit that somebody else wrote are only counted") {
  const std::string flip =
      R"({"Shard":"s","Addr":"h:1","From":"alive","To":"dead","Reason":"reset",)"
      R"("Votes":{"Alive":0,"Dead":1,"Unknown":0}})";
  const auto read = DecodeEvent(R"({"Kind":"flips","At":5,"Flips":[)" + flip +
                                Repeated("," + flip, kMaxEventFlips) + R"(],"More":2147483647})");
  REQUIRE(read.has_value());
  REQUIRE(read->As<Event::Flips>() != nullptr);
  CHECK(read->As<Event::Flips>()->flips.size() == kMaxEventFlips);
  CHECK(read->As<Event::Flips>()->more == 2'147'483'648);
  CheckBad(DecodeEvent(R"({"Kind":"flips","At":5,"More":2147483648})"), "More: expected a number");
}

TEST_CASE("undecodable: what is said of foreign names is one short line") {
  const auto ledger = DecodeLedger(R"({"Electorate":[],"Penalties":{"\u001b[31m\n)" +
                                   std::string(100'000, 'x') + R"(":7}})");
  REQUIRE_FALSE(ledger.has_value());
  CHECK(ledger.error().message.starts_with("Penalties: \\x1b[31m\\x0axxx"));
  CHECK(ledger.error().message.ends_with("x...: expected an object"));
  CHECK(ledger.error().message.size() < 300);
}

TEST_CASE("quorum codecs: sizes at 20,000 shards") {
  Ballot ballot;
  ballot.spec = {1'795'228'044'224'923, 4'294'967'296};
  ballot.writes = 1'000'000;
  ballot.votes.assign(20'000, {Opinion::kAlive, Reason::kNone});
  CHECK(EncodeBallot(ballot).size() < 7'000);
  for (std::size_t i = 0; i < 20'000; i += 200)
    ballot.votes[i] = {Opinion::kDead, i % 400 == 0 ? Reason::kTimeout : Reason::kRefused};
  CHECK(EncodeBallot(ballot).size() < 10'000);
  ballot.votes.assign(20'000, {Opinion::kDead, Reason::kTimeout});
  CHECK(EncodeBallot(ballot).size() < 10'000);
  CHECK(DecodeBallot(EncodeBallot(ballot)) == ballot);

  Head head{{1'795'228'044'224'923, 4'294'967'296},
            1'000'000,
            1'000'000'000,
            std::string(200, 'x'),
            2,
            3,
            20'000,
            {}};
  head.chunks.assign(ChunkCount(head.shards), -1'000'000'000);
  CHECK(EncodeHead(head).size() < 4'096);
}

}  // namespace codec_quorum_test
