// Bytes of a newer zkcluster: what is kept, what is not changed, what is refused.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "codec/codec.h"
#include "codec/json_writer.h"

namespace newer_test {

using namespace zkcluster;

namespace {

const std::string kShards = R"([{"Name":"s1","Addr":"h:1"}])";

Result<ClusterSpec> WithOptions(const std::string& options) {
  return DecodeSpec("c", {"1", kShards, options});
}

}  // namespace

TEST_CASE("newer: an unknown reason is kept in a ballot, a chunk and an event") {
  const std::string ballot = R"({"Spec":1,"ShardsZxid":2,"Writes":3,"Shards":4,"Votes":"6g==",)"
                             R"("Reasons":[["tls_expired",2],["timeout",1],["tls_revoked",1]]})";
  const auto read = DecodeBallot(ballot);
  REQUIRE(read.has_value());
  CHECK(read->votes[0] == read->votes[1]);
  CHECK(read->votes[0].reason != read->votes[3].reason);
  CHECK(ReasonName(read->votes[3].reason) == "tls_revoked");
  CHECK(EncodeBallot(*read) == ballot);

  const std::string chunk =
      R"({"Rows":[[2,2,9,"tls_expired",0,2,1],[1,2,9,"tls_revoked",0,2,1],[1,1,5,"none",3,0,0]]})";
  const auto rows = DecodeChunk(chunk);
  REQUIRE(rows.has_value());
  CHECK(EncodeChunk({*rows}, 0) == chunk);

  const std::string event =
      R"({"Kind":"flips","At":5,"Flips":[{"Shard":"s","Addr":"h:1","From":"alive","To":"dead",)"
      R"("Reason":"tls_expired","Votes":{"Alive":0,"Dead":2,"Unknown":0}}]})";
  const auto flips = DecodeEvent(event);
  REQUIRE(flips.has_value());
  CHECK(EncodeEvent(*flips) == event);

  CHECK_FALSE(DecodeChunk(R"({"Rows":[[1,2,9,7,0,2,1]]})").has_value());
  CHECK_FALSE(DecodeChunk(R"({"Rows":[[1,2,9,null,0,2,1]]})").has_value());
  CHECK(DecodeChunk(R"({"Rows":[[1,2,9,"no word",0,2,1]]})")->at(0).reason == Reason::kOther);
}

TEST_CASE("newer: columns behind the seventh are ignored") {
  const auto rows = DecodeChunk(
      R"({"Rows":[[2,2,9,"timeout",0,2,1,1,41],[1,1,5,"none",3,0,0],[1,1,5,"none",3,0,0,{"a":[1]}]]})");
  REQUIRE(rows.has_value());
  CHECK(rows->size() == 4);
  CHECK(rows->at(1).counts.dead == 2);
  CHECK(rows->at(2) == rows->at(3));
  // A leader that writes them again drops the columns.
  CHECK(EncodeChunk({*rows}, 0) == R"({"Rows":[[2,2,9,"timeout",0,2,1],[2,1,5,"none",3,0,0]]})");
}

TEST_CASE("newer: a format adds its columns, and the newest that all read is chosen") {
  const Format two{
      2, [](JsonWriter& row, const ShardState& state) { row.Number(state.counts.alive + 10); }};
  const StatusBoard board{{{ShardStatus::kAlive, Micros(5), Reason::kNone, {3, 0, 0}}}};
  const std::string wide = EncodeChunk(board, 0, two);
  CHECK(wide == R"({"Rows":[[1,1,5,"none",3,0,0,13]]})");
  CHECK(DecodeChunk(wide) == DecodeChunk(EncodeChunk(board, 0)));

  const std::vector<Format> formats = {Format{1, nullptr}, two, Format{4, nullptr}};
  const auto chosen = [&](int number) { return NewestFormat(formats, number).number; };
  CHECK(chosen(0) == 1);
  CHECK(chosen(1) == 1);
  CHECK(chosen(2) == 2);
  CHECK(chosen(3) == 2);
  CHECK(chosen(4) == 4);
  CHECK(chosen(99) == 4);
  CHECK(kFormats.front().number == 1);
}

TEST_CASE("newer: an unknown kind of event is kept as its name and its bytes") {
  const std::string bytes =
      R"( {"Kind":"promotion","At":5,"Leader":"rack1","Epoch":3, "Shard":"s1","To":{"b":1.50,"a":[]}})";
  const auto event = DecodeEvent(bytes);
  REQUIRE(event.has_value());
  CHECK(EventKindName(*event) == "promotion");
  CHECK(event->at == Micros(5));
  CHECK(event->leader == "rack1");
  CHECK(event->epoch == 3);
  REQUIRE(event->As<Event::Unknown>() != nullptr);
  CHECK(EncodeEvent(*event) == bytes);
  CHECK_FALSE(DecodeEvent(R"({"Kind":"promotion"})").has_value());
  // A known kind with more keys is still that kind.
  const auto freeze = DecodeEvent(R"({"Kind":"freeze","At":5,"Dead":7,"Racks":["r1"]})");
  REQUIRE(freeze.has_value());
  CHECK(freeze->what == Event::What(Event::Freeze{7}));
}

TEST_CASE("newer: unknown keys of a ledger are written back as they were, in every part") {
  struct Row {
    const char* read;
    const char* written;
  };
  for (const Row& row : std::vector<Row>{
           {R"({"Electorate":[],"Penalties":{},"Later":1.50})",
            R"({"Electorate":[],"Penalties":{},"Later":1.50})"},
           // In their order, with their own spaces, whichever keys are between them; our own
           // nulls are dropped.
           {R"({ "z" : [ 1, {"Electorate":"}"} ] ,"Penalties":{},"a\"b":"\u003c]","Pause":null,)"
            R"("Electorate":["c1"] , "big":12345678901234567890123})",
            R"({"Electorate":["c1"],"Penalties":{},"z":[ 1, {"Electorate":"}"} ],"a\"b":"\u003c]",)"
            R"("big":12345678901234567890123})"},
           {R"({"Electorate":[],"Penalties":{"s2":{"Required":4,"Kin":{"a":[]},"Since":5},)"
            R"("s3":{"Required":1,"Since":6}}})",
            R"({"Electorate":[],"Penalties":{"s2":{"Required":4,"Since":5,"Kin":{"a":[]}},)"
            R"("s3":{"Required":1,"Since":6}}})"},
           {R"({"Electorate":[],"Penalties":{},"Freeze":{"Frozen":true,"Since":5,"Dead":6,)"
            R"("Accept":false,"Accepted":0,"Racks":["r1"]}})",
            R"({"Electorate":[],"Penalties":{},"Freeze":{"Frozen":true,"Since":5,"Dead":6,)"
            R"("Accept":false,"Accepted":0,"Racks":["r1"]}})"},
           {R"({"Electorate":[],"Penalties":{},"Pause":{"Scope":null,"Since":7,"Until":8,)"
            R"("By":"a","Reason":"b"}})",
            R"({"Electorate":[],"Penalties":{},"Pause":{"Since":7,"Until":8,)"
            R"("By":"a","Reason":"b","Scope":null}})"},
           {R"({"Electorate":[],"Penalties":{},"Maintenance":[)"
            R"({"Shards":["s1"],"Since":5,"Until":0,"By":"a","Reason":"b"},)"
            R"({"Shards":["s2"],"Since":5,"Until":0,"By":"a","Reason":"b","Members":[1]}]})",
            R"({"Electorate":[],"Penalties":{},"Maintenance":[)"
            R"({"Shards":["s1"],"Since":5,"Until":0,"By":"a","Reason":"b"},)"
            R"({"Shards":["s2"],"Since":5,"Until":0,"By":"a","Reason":"b","Members":[1]}]})"},
       }) {
    CAPTURE(row.read);
    const auto ledger = DecodeLedger(row.read);
    REQUIRE_MESSAGE(ledger.has_value(), ledger.error().message);
    CHECK(EncodeLedger(*ledger) == row.written);
    CHECK(DecodeLedger(row.written) == ledger);
  }
}

TEST_CASE("newer: too many unknown keys to write a ledger again are refused") {
  const auto with = [](std::size_t bytes) {
    return DecodeLedger(R"({"Electorate":[],"Penalties":{},"Later":")" + std::string(bytes, 'x') +
                        "\"}");
  };
  CHECK(with(65'000).has_value());
  const auto large = with(66'000);
  REQUIRE_FALSE(large.has_value());
  CHECK(large.error().code == ErrorCode::kBadData);
  CHECK(large.error().message == "unknown keys: larger than 65536");
}

TEST_CASE("newer: a registration says its format and keeps unknown keys") {
  const std::string bytes =
      R"({"Id":"rack1","Host":"node17","Rack":"r1","Pid":812,"Version":"0.3.0","Since":17,)"
      R"("Format":3,"Zone":{"Name":"z1"}})";
  const auto registration = DecodeRegistration(bytes);
  REQUIRE(registration.has_value());
  CHECK(registration->format == 3);
  CHECK(registration->unknown_keys == R"("Zone":{"Name":"z1"})");
  CHECK(EncodeRegistration(*registration) == bytes);
  // Absent, as of 0.1.0.
  CHECK(DecodeRegistration(R"({"Id":"a","Host":"","Rack":"","Pid":1,"Version":"0.1.0","Since":1})")
            ->format == 1);
  CHECK(DecodeRegistration(
            R"({"Id":"a","Host":"","Rack":"","Pid":1,"Version":"0.1.0","Since":1,"Format":0})")
            ->format == 1);
}

TEST_CASE("newer: a spec that needs what is not known is refused by that name") {
  struct Row {
    const char* options;
    const char* error;  // empty: a good spec
    std::vector<std::string> unknown;
  };
  for (const Row& row : std::vector<Row>{
           {R"({"RingType":"consistent","RingParams":"160","Needs":[]})", "", {}},
           {R"({"RingType":"consistent","RingParams":"160","Needs":null})", "", {}},
           {R"({"RingType":"consistent","RingParams":"160","Later":{"Needs":["x"]}})", "", {}},
           {R"({"RingType":"consistent","RingParams":"160","Needs":["replicas"]})",
            "options: made for a newer zkcluster: it needs replicas",
            {"replicas"}},
           // Independently of its other keys, with Go's matching of keys.
           {R"({"ringtype":"slots","RingParams":7,"needs":["slots","replicas"]})",
            "options: made for a newer zkcluster: it needs slots, replicas",
            {"slots", "replicas"}},
           {R"({"Needs":["a\u001b[31m"]})",
            "options: made for a newer zkcluster: it needs a\\x1b[31m",
            {"a\x1b[31m"}},
           {R"({"RingType":"consistent","Needs":"replicas"})",
            "options: Needs: expected a list",
            {}},
           {R"({"RingType":"consistent","Needs":[7]})", "options: Needs: expected a text", {}},
           {R"({"RingType":"slots"})", "options: RingType: expected consistent or ketama", {}},
           {"nonsense", "options: not JSON at byte 2", {}},
       }) {
    CAPTURE(row.options);
    const auto spec = WithOptions(row.options);
    CHECK(UnknownNeeds(row.options) == row.unknown);
    CHECK(spec.has_value() == std::string(row.error).empty());
    if (!spec) {
      CHECK(spec.error().code == ErrorCode::kBadData);
      CHECK(spec.error().message == row.error);
    }
  }
}

}  // namespace newer_test
