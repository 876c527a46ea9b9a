#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "codec/codec.h"
#include "codec/json.h"

namespace codec_go_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

// The Go library's bytes in a real ZooKeeper.
class GoZnodes {
 public:
  GoZnodes() {
    std::ifstream file(ZKC_TESTDATA "/znodes.json");
    const auto json = nlohmann::json::parse(file);
    for (const auto& znode : json["znodes"]) data_[znode["path"]] = znode["data"];
  }
  const std::map<std::string, std::string>& all() const { return data_; }
  std::string operator[](const std::string& below) const {
    return data_.at("/goreclusters/sessions" + below);
  }
  SpecPayloads spec() const { return {(*this)[""], (*this)["/shards"], (*this)["/options"]}; }

 private:
  std::map<std::string, std::string> data_;
};

const std::string kOptions =
    R"({"FailoverEnabled":true,"RingType":"consistent","RingParams":"160"})";
const std::string kShards = R"([{"Name":"s1","Addr":"h:1"},{"Name":"s2","Addr":"h:2"}])";

Result<ClusterSpec> WithOptions(const std::string& options) {
  return DecodeSpec("c", {"1", kShards, options});
}
Result<ClusterSpec> WithShards(const std::string& shards) {
  return DecodeSpec("c", {"1", shards, kOptions});
}

}  // namespace

TEST_CASE("go spec: what its manager wrote is read, and written back to the same bytes") {
  const GoZnodes go;
  const auto spec = DecodeSpec("sessions", go.spec());
  REQUIRE(spec.has_value());
  CHECK(spec->name == "sessions");
  CHECK(spec->version == 1'795'228'044'224'923);
  CHECK(spec->failover);
  CHECK(spec->ring == RingSpec(ConsistentRing{160}));
  CHECK(spec->shards == std::vector<ShardSpec>{{"s<1>&a", "127.0.0.1:17901"},
                                               {"s2", ":17902"},
                                               {"s3", "127.0.0.1:17903"},
                                               {"s4", "127.0.0.1:17904"}});
  const SpecPayloads written = EncodeSpec(*spec);
  CHECK(written.version == go[""]);
  CHECK(written.shards == go["/shards"]);
  // Go reads the type in any case; ours is the contract's spelling.
  CHECK(written.options == kOptions);
}

TEST_CASE("go status: what its checkers wrote is read, and written back to the same bytes") {
  const GoZnodes go;
  const auto spec = DecodeSpec("sessions", go.spec());
  REQUIRE(spec.has_value());
  int seen = 0;
  for (const auto& znode : go.all()) {
    const std::string& path = znode.first;
    const std::string& data = znode.second;
    const bool is_status = path.ends_with("/status") || path.find("/n_") != std::string::npos;
    if (!is_status) continue;
    CAPTURE(path);
    const auto mirror = DecodeMirror(data);
    REQUIRE(mirror.has_value());
    CHECK(mirror->size() == 4);
    CHECK_FALSE(mirror->at("127.0.0.1:17904").alive);
    CHECK(mirror->at(":17902").alive);
    StatusBoard board;
    for (const ShardSpec& shard : spec->shards) {
      const MirrorEntry& entry = mirror->at(shard.addr);
      board.shards.push_back(
          {entry.alive ? ShardStatus::kAlive : ShardStatus::kDead, entry.since, {}, {}});
    }
    CHECK(EncodeMirror(spec->shards, board) == data);
    ++seen;
  }
  CHECK(seen == 4);
}

TEST_CASE("go spec: options of ours, only those that are set") {
  ClusterSpec spec;
  spec.name = "c";
  spec.version = 1;
  spec.shards = {{"s1", "h:1"}};
  spec.failover = false;
  spec.checkers = 3;
  spec.quorum = 2;
  spec.probe.interval = 1s;
  spec.probe.fast_interval = 250ms;
  spec.mirror_limit = 0;
  CHECK(
      EncodeSpec(spec).options ==
      R"({"FailoverEnabled":false,"RingType":"consistent","RingParams":"160","Checkers":3,"Quorum":2,)"
      R"("Probe":{"Interval":"1s","FastInterval":"250ms"},"MirrorLimit":0})");
  CHECK(DecodeSpec("c", EncodeSpec(spec)) == spec);
}

TEST_CASE("go spec: a ketama ring, its hash where Go keeps it, weights where Go ignores them") {
  ClusterSpec spec;
  spec.name = "c";
  spec.version = 1;
  spec.ring = KetamaRing{RingHash::kMd5};
  spec.shards = {{"s1", "h:1", 3}, {"s2", "h:2"}};
  const SpecPayloads payloads = EncodeSpec(spec);
  CHECK(payloads.options == R"({"FailoverEnabled":true,"RingType":"ketama","RingParams":"md5"})");
  CHECK(payloads.shards == R"([{"Name":"s1","Addr":"h:1","Weight":3},{"Name":"s2","Addr":"h:2"}])");
  CHECK(DecodeSpec("c", payloads) == spec);
  const auto any_case =
      DecodeSpec("c", {"1", payloads.shards, R"({"RingType":"Ketama","RingParams":"FNV1A_64"})"});
  REQUIRE(any_case.has_value());
  CHECK(any_case->ring == RingSpec(KetamaRing{}));
  for (const char* weight : {"0", "-1", "1.5", "\"2\"", "100001", "99999999999"}) {
    CAPTURE(weight);
    const std::string shards =
        R"([{"Name":"s1","Addr":"h:1","Weight":)" + std::string(weight) + "}]";
    CHECK_FALSE(DecodeSpec("c", {"1", shards, payloads.options}).has_value());
    // An unknown key, to the other ring.
    CHECK(WithShards(shards).has_value());
  }
}

TEST_CASE("go spec: random specs come back as they were") {
  std::mt19937_64 random(4);
  const std::vector<std::string> pieces = {"a",
                                           "<",
                                           ">",
                                           "&",
                                           "\"",
                                           "\\",
                                           "/",
                                           "'",
                                           " ",
                                           "\xc3\xbc",
                                           "\xe2\x80\xa8",
                                           "\xe2\x80\xa9",
                                           "\xf0\x9f\x98\x80",
                                           "\xef\xbf\xbd"};
  const auto maybe = [&](std::chrono::milliseconds limit) -> std::optional<Duration> {
    if (random() % 2 == 0) return std::nullopt;
    return std::chrono::milliseconds(
        10 + static_cast<int>(random() % static_cast<unsigned>(limit.count() - 9)));
  };
  for (int round = 0; round < 500; ++round) {
    ClusterSpec spec;
    spec.name = "c" + std::to_string(round);
    spec.version = random() >> (1 + random() % 63);
    spec.ring = ConsistentRing{static_cast<int>(1 + random() % 10'000)};
    const bool is_ketama = random() % 3 == 0;
    if (is_ketama) {
      spec.ring = KetamaRing{random() % 2 ? RingHash::kMd5 : RingHash::kFnv1a64};
    }
    spec.failover = random() % 2 == 0;
    if (random() % 2 == 0) spec.checkers = 1 + static_cast<int>(random() % 1000);
    if (random() % 2 == 0)
      spec.min_racks =
          1 + static_cast<int>(random() % static_cast<unsigned>(spec.checkers.value_or(1000)));
    if (random() % 2 == 0)
      spec.max_dead_fraction = (1 + static_cast<double>(random() % 1000)) / 1000;
    if (random() % 2 == 0)
      spec.quorum =
          1 + static_cast<int>(random() % static_cast<unsigned>(spec.checkers.value_or(1000)));
    spec.probe = {maybe(1h), maybe(1min), maybe(1h), maybe(1h), maybe(1h)};
    if (random() % 2 == 0) spec.mirror_limit = random() % 1'000'001;
    for (std::size_t i = 0, count = 1 + random() % 20; i < count; ++i) {
      std::string name = std::to_string(i);
      for (std::size_t n = random() % 8; n > 0; --n) name += pieces[random() % pieces.size()];
      spec.shards.push_back({name, ":" + std::to_string(i + 1)});
      if (is_ketama) spec.shards.back().weight = static_cast<int>(1 + random() % kMaxWeight);
    }
    const auto decoded = DecodeSpec(spec.name, EncodeSpec(spec));
    CAPTURE((decoded ? std::string() : decoded.error().message));
    REQUIRE(decoded.has_value());
    REQUIRE(*decoded == spec);
  }
}

TEST_CASE("go spec: read as Go reads it") {
  const auto shards = WithShards(
      R"( [ {"name":"s1","ADDR":"h:1","Weight":7,"x":{"y":[]}}, {"addr":"h:2","Addr":"h:3","NAME":"s2"} ] )");
  REQUIRE(shards.has_value());
  CHECK(shards->shards == std::vector<ShardSpec>{{"s1", "h:1"}, {"s2", "h:3"}});

  struct Case {
    std::string options;
    int points;
    bool failover;
  };
  for (const Case& c : std::vector<Case>{
           {R"({"RingType":"CONSISTENT","RingParams":"7"})", 7, false},
           {R"({"ringtype":"Consistent","ringparams":"+7","failoverenabled":true,"New":null})", 7,
            true},
           {R"({"RingType":"consistent","RingParams":""})", 2, false},
           {R"({"RingType":"consistent","RingParams":"many"})", 2, false},
           {R"({"RingType":"consistent","RingParams":"1e2"})", 2, false},
           {R"({"RingType":"consistent","RingParams":"160 "})", 2, false},
           {R"({"RingType":"consistent","RingParams":"99999999999999999999"})", 2, false},
           {R"({"RingType":"consistent","RingParams":null,"Checkers":null,"Probe":null})", 2,
            false}}) {
    CAPTURE(c.options);
    const auto spec = WithOptions(c.options);
    REQUIRE(spec.has_value());
    CHECK(spec->ring == RingSpec(ConsistentRing{c.points}));
    CHECK(spec->failover == c.failover);
    CHECK_FALSE(spec->checkers.has_value());
  }
}

TEST_CASE("go spec: what cannot be decoded, and where it is wrong") {
  const auto check = [](const Result<ClusterSpec>& spec, const std::string& why) {
    CAPTURE(why);
    REQUIRE_FALSE(spec.has_value());
    CAPTURE(spec.error().message);
    CHECK(spec.error().code == ErrorCode::kBadData);
    CHECK(spec.error().message.find(why) != std::string::npos);
  };
  for (const char* version :
       {"", "x", "-1", "1.5", " 1", "1\n", "9223372036854775808", "+1", "0x1"}) {
    CAPTURE(version);
    check(DecodeSpec("c", {version, kShards, kOptions}), "version: expected decimal microseconds");
  }
  check(DecodeSpec("a/b", {"1", kShards, kOptions}), "'/'");
  check(WithShards(""), "shards: not JSON at byte");
  check(WithShards("[{\"Name\":\"s1\" \"Addr\"}]"), "shards: not JSON at byte 20");
  check(WithShards("null"), "shards: empty: a cluster has");
  check(WithShards("[]"), "shards: empty: a cluster has");
  check(WithShards("{}"), "shards: expected a list");
  check(WithShards("[7]"), "shards: row 0: expected an object");
  check(WithShards(R"([{"Name":"s1","Addr":"h:1"},{"Name":7,"Addr":"h:2"}])"),
        "shards: row 1: Name: expected a text");
  check(WithShards(R"([{"Name":"s1"}])"), "row 0: Addr: is missing");
  check(WithShards(R"([{"Name":"s1","Addr":"h:1"},{"Name":"s1","Addr":"h:2"}])"), "\"s1\"");
  check(WithShards("[{\"Name\":\"\xff\",\"Addr\":\"h:1\"}]"), "not JSON at byte");
  check(WithShards(std::string(33, '[') + std::string(33, ']')), "nested deeper than 32");
  check(WithShards(std::string(1'000'000, '[')), "nested deeper");
  std::string objects;
  for (int i = 0; i < 33; ++i) objects += R"({"a": )";
  check(WithShards(objects + "1" + std::string(33, '}')), "nested deeper than 32");
  check(WithShards(std::string(kMaxPayloadBytes + 1, ' ')), "larger than 1048576");
  check(WithOptions("[]"), "options: expected an object");
  check(WithOptions(R"({"RingType":"modulo","RingParams":"1"})"), "RingType");
  check(WithOptions(R"({"RingParams":"1"})"), "RingType");
  check(WithOptions(R"({"RingType":"ketama","RingParams":"160"})"),
        "RingParams: expected fnv1a_64 or md5");
  check(WithOptions(R"({"RingType":"ketama"})"), "RingParams: expected fnv1a_64 or md5");
  check(WithOptions(R"({"RingType":"consistent","RingParams":160})"),
        "RingParams: expected a text");
  check(WithOptions(R"({"RingType":"consistent","RingParams":"0"})"), "RingParams");
  check(WithOptions(R"({"RingType":"consistent","RingParams":"-5"})"), "RingParams");
  check(WithOptions(R"({"RingType":"consistent","RingParams":"10001"})"), "ring.points");
  check(WithOptions(R"({"RingType":"consistent","FailoverEnabled":"yes"})"),
        "FailoverEnabled: expected true");
  for (const char* number :
       {"-1", "1.0", "1e0", "\"3\"", "true", "[]", "99999999999999999999", "2147483648"}) {
    check(WithOptions(R"({"RingType":"consistent","Checkers":)" + std::string(number) + "}"),
          "Checkers: expected");
  }
  check(WithOptions(R"({"RingType":"consistent","Quorum":0})"),
        "quorum: expected a whole number from 1 to 1000, not 0");
  check(WithOptions(R"({"RingType":"consistent","Probe":7})"), "Probe: expected an object");
  check(WithOptions(R"({"RingType":"consistent","Probe":{"Interval":"soon"}})"),
        "Probe: Interval: expected a duration");
  check(WithOptions(R"({"RingType":"consistent","Probe":{"Timeout":5}})"),
        "Probe: Timeout: expected a text");
  check(WithOptions(R"({"RingType":"consistent","MirrorLimit":-1})"), "MirrorLimit");
}

TEST_CASE("go text: escapes are Go's, and bytes that are no UTF-8 never throw") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a<b>&c", R"("a\u003cb\u003e\u0026c")"},
      {"\"\\/", R"("\"\\/")"},
      {std::string("\n\r\t\b\f\x01\x1f\0", 8), R"("\n\r\t\u0008\u000c\u0001\u001f\u0000")"},
      {"\x7f\xc3\xbc\xf0\x9f\x98\x80", "\"\x7f\xc3\xbc\xf0\x9f\x98\x80\""},
      {"\xe2\x80\xa7\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa",
       "\"\xe2\x80\xa7\\u2028\\u2029\xe2\x80\xaa\""},
      {"\xff", R"("\ufffd")"},
      {"a\xc3", R"("a\ufffd")"},
      {"\xc3(", R"("\ufffd(")"},
      {"\xed\xa0\x80", R"("\ufffd\ufffd\ufffd")"},
      {"\xc0\xaf", R"("\ufffd\ufffd")"},
      {"\xf4\x90\x80\x80", R"("\ufffd\ufffd\ufffd\ufffd")"},
      {"\xe2\x80", R"("\ufffd\ufffd")"},
  };
  for (const auto& [text, written] : cases) {
    std::string out;
    AppendJsonText(out, text);
    CHECK(out == written);
    CHECK(ParseJson(out).has_value());
  }
}

TEST_CASE("mirror: unknown shards are left out, keys are sorted by their bytes") {
  const std::vector<ShardSpec> shards = {{"a", "b:1"},         {"b", ":9"},
                                         {"c", "B:1"},         {"d", "[::1]:1"},
                                         {"e", "10.0.0.10:1"}, {"f", "10.0.0.1:1"}};
  StatusBoard board;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    board.shards.push_back(
        {i % 2 == 0 ? ShardStatus::kAlive : ShardStatus::kDead, Micros(i), {}, {}});
  }
  CHECK(EncodeMirror({}, {}) == "{}");
  const std::string all = EncodeMirror(shards, board);
  CHECK(
      all ==
      R"({"10.0.0.10:1":{"Addr":"10.0.0.10:1","Alive":true,"Since":4},)"
      R"("10.0.0.1:1":{"Addr":"10.0.0.1:1","Alive":false,"Since":5},)"
      R"(":9":{"Addr":":9","Alive":false,"Since":1},"B:1":{"Addr":"B:1","Alive":true,"Since":2},)"
      R"("[::1]:1":{"Addr":"[::1]:1","Alive":false,"Since":3},"b:1":{"Addr":"b:1","Alive":true,"Since":0}})");
  board.shards[0].status = ShardStatus::kUnknown;
  CHECK(EncodeMirror({shards[0]}, {{board.shards[0]}}) == "{}");
  CHECK(DecodeMirror(EncodeMirror(shards, board))->size() == 5);
}

TEST_CASE("mirror: how large it is at least is known without encoding it") {
  CHECK(LeastMirrorBytes({}, {}) <= EncodeMirror({}, {}).size());
  std::vector<ShardSpec> shards;
  StatusBoard board;
  for (int i = 0; i < 100; ++i) {
    shards.push_back({"s", "10.0.0.1:" + std::to_string(i)});
    const auto status = i % 3 == 0   ? ShardStatus::kUnknown
                        : i % 3 == 1 ? ShardStatus::kAlive
                                     : ShardStatus::kDead;
    board.shards.push_back({status, Micros(i == 1 ? 0 : 1'795'224'346'402'646), {}, {}});
    const std::size_t bytes = EncodeMirror(shards, board).size();
    CHECK(LeastMirrorBytes(shards, board) <= bytes);
    CHECK(LeastMirrorBytes(shards, board) >= bytes / 2);
  }
}

TEST_CASE("mirror: read as Go reads it, refused where Go would refuse it") {
  CHECK(DecodeMirror("null")->empty());
  CHECK(DecodeMirror("{}")->empty());
  const auto mirror =
      DecodeMirror(R"({"h:1":{"alive":true,"SINCE":7,"More":[]},"h:2":{},"h:3":null})");
  REQUIRE(mirror.has_value());
  CHECK(*mirror == std::map<std::string, MirrorEntry>{{"h:1", {true, Micros(7)}}, {"h:2", {}}});
  for (const char* bytes :
       {"", "sessions", "[]", "7", R"({"h:1":true})", R"({"h:1":{"Alive":1}})",
        R"({"h:1":{"Since":-1}})", R"({"h:1":{"Since":1.5}})",
        R"({"h:1":{"Since":9223372036854775808}})", R"({"h:1":{"Since":"1"}})"}) {
    CAPTURE(bytes);
    REQUIRE_FALSE(DecodeMirror(bytes).has_value());
    CHECK(DecodeMirror(bytes).error().code == ErrorCode::kBadData);
  }
}

TEST_CASE("go form: cut and changed bytes are bad data or a good value, never the end") {
  const GoZnodes go;
  const SpecPayloads good = go.spec();
  const auto try_shards = [&](const std::string& bytes) {
    const auto spec = DecodeSpec("c", {good.version, bytes, good.options});
    if (spec) return DecodeSpec("c", EncodeSpec(*spec)) == spec;
    return spec.error().code == ErrorCode::kBadData && !spec.error().message.empty();
  };
  const auto try_options = [&](const std::string& bytes) {
    const auto spec = DecodeSpec("c", {good.version, good.shards, bytes});
    if (spec) return DecodeSpec("c", EncodeSpec(*spec)) == spec;
    return spec.error().code == ErrorCode::kBadData && !spec.error().message.empty();
  };
  const auto try_mirror = [](const std::string& bytes) {
    const auto mirror = DecodeMirror(bytes);
    return mirror.has_value() || mirror.error().code == ErrorCode::kBadData;
  };
  const auto torture = [](const std::string& payload, const auto& survives) {
    for (std::size_t size = 0; size < payload.size(); ++size)
      REQUIRE(survives(payload.substr(0, size)));
    for (std::size_t at = 0; at < payload.size(); ++at) {
      for (const int byte : {0x00, 0x0a, 0x20, 0x22, 0x2c, 0x2d, 0x2e, 0x30, 0x39, 0x3a, 0x5b, 0x5c,
                             0x5d, 0x65, 0x7b, 0x7d, 0x80, 0xff}) {
        std::string changed = payload;
        changed[at] = static_cast<char>(byte);
        REQUIRE(survives(changed));
      }
    }
  };
  torture(good.shards, try_shards);
  torture(good.options, try_options);
  torture(go["/status"], try_mirror);
  for (std::size_t size = 0; size < good.shards.size(); ++size) {
    CHECK_FALSE(
        DecodeSpec("c", {good.version, good.shards.substr(0, size), good.options}).has_value());
  }
}

}  // namespace codec_go_test
