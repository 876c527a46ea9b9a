// The bytes that 0.1.0 (commit bd6cb13) wrote: testdata/wire-0.1 holds one file for each kind of
// znode and of event. Every later version must read them as these values, and write these values
// as these bytes.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "codec/codec.h"

namespace wire_test {

using namespace zkcluster;

namespace {

constexpr Micros kThen{1795228044224923};
constexpr Micros kLater{1795229844224923};
constexpr SpecId kId{1795228000000000, 4294967338};
const std::filesystem::path kFolder = ZKC_TESTDATA "/wire-0.1";

// The files that a test has read.
std::set<std::string>& Used() {
  static std::set<std::string> used;
  return used;
}

std::string Bytes(const std::string& name) {
  Used().insert(name);
  std::ifstream file(kFolder / name, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), name);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <class T>
void Check(const std::string& name, const T& value, Result<T> (*decode)(std::string_view),
           std::string (*encode)(const T&)) {
  CAPTURE(name);
  const std::string bytes = Bytes(name);
  const auto read = decode(bytes);
  REQUIRE_MESSAGE(read.has_value(), read.error().message);
  CHECK(*read == value);
  CHECK(encode(*read) == bytes);
  CHECK(encode(value) == bytes);
}

constexpr int kReasons = 17;  // that it knew, in this order
constexpr Reason kLastReason = Reason::kLost;

ClusterSpec PlainSpec() {
  ClusterSpec spec;
  spec.name = "sessions";
  spec.version = kId.version;
  spec.shards = {
      {"s1", "10.0.0.1:6379"}, {"s<2>&\xc3\xbc", ":6379"}, {"s3", "redis-3.example:6380"}};
  return spec;
}

ClusterSpec FullSpec() {
  ClusterSpec spec = PlainSpec();
  spec.shards[2].weight = 3;
  spec.ring = KetamaRing{RingHash::kMd5};
  spec.failover = false;
  spec.checkers = 5;
  spec.quorum = 3;
  spec.min_racks = 2;
  spec.max_dead_fraction = 0.25;
  spec.mirror_limit = 65'536;
  spec.probe.interval = std::chrono::seconds(1);
  spec.probe.timeout = std::chrono::milliseconds(250);
  spec.probe.threshold = std::chrono::seconds(3);
  spec.probe.refused_threshold = std::chrono::milliseconds(1500);
  spec.probe.fast_interval = std::chrono::milliseconds(200);
  return spec;
}

void CheckSpec(const ClusterSpec& spec, const std::string& suffix) {
  CAPTURE(suffix);
  const SpecPayloads bytes = {Bytes("version"), Bytes("shards" + suffix),
                              Bytes("options" + suffix)};
  const auto read = DecodeSpec("sessions", bytes);
  REQUIRE_MESSAGE(read.has_value(), read.error().message);
  CHECK(*read == spec);
  const SpecPayloads written = EncodeSpec(*read);
  CHECK(written.version == bytes.version);
  CHECK(written.shards == bytes.shards);
  CHECK(written.options == bytes.options);
}

Event ByLeader(Event::What what) {
  Event event;
  event.at = kThen;
  event.leader = "rack1";
  event.epoch = 3;
  event.quorum = 2;
  event.spec_version = kId.version;
  event.what = std::move(what);
  return event;
}

Event ByOperator(Event::What what) {
  Event event;
  event.at = kThen;
  event.by = "ann@ops1";
  event.what = std::move(what);
  return event;
}

}  // namespace

TEST_CASE("wire of 0.1.0: spec and mirror") {
  CheckSpec(PlainSpec(), "");
  CheckSpec(FullSpec(), "-full");
  StatusBoard board;
  board.shards = {{ShardStatus::kAlive, kThen, Reason::kNone, {3, 0, 0}},
                  {ShardStatus::kDead, kThen + Micros(1), Reason::kTimeout, {0, 2, 1}},
                  {ShardStatus::kUnknown, Micros(0), Reason::kNone, {}}};
  const std::string bytes = Bytes("mirror");
  CHECK(EncodeMirror(PlainSpec().shards, board) == bytes);
  const auto mirror = DecodeMirror(bytes);
  REQUIRE(mirror.has_value());
  CHECK(*mirror == std::map<std::string, MirrorEntry>{{"10.0.0.1:6379", {true, kThen}},
                                                      {":6379", {false, kThen + Micros(1)}}});
}

TEST_CASE("wire of 0.1.0: ballot, head and chunk") {
  Ballot ballot;
  ballot.spec = kId;
  ballot.writes = 7;
  ballot.rack = "r1";
  StatusBoard board;
  board.shards.assign(5, {ShardStatus::kAlive, kThen, Reason::kNone, {3, 0, 0}});
  for (int i = 0; i < kReasons; ++i) {
    const auto reason = static_cast<Reason>(i);
    ballot.votes.push_back({Opinion::kDead, reason});
    ballot.votes.push_back({Opinion::kAlive, Reason::kNone});
    ballot.votes.push_back({Opinion::kUnknown, reason});
    ballot.votes.push_back({Opinion::kNotProbed, Reason::kNone});
    board.shards.push_back({reason == kLastReason ? ShardStatus::kUnknown : ShardStatus::kDead,
                            kThen + Micros(i),
                            reason,
                            {i % 2, 3, 1}});
  }
  Check("ballot", ballot, DecodeBallot, EncodeBallot);
  Ballot plain;
  plain.spec = kId;
  plain.writes = 1;
  plain.votes.assign(3, {Opinion::kAlive, Reason::kNone});
  Check("ballot-plain", plain, DecodeBallot, EncodeBallot);
  Check("head", Head{kId, 3, 17, "rack1", 2, 3, 600, {4, -5}}, DecodeHead, EncodeHead);

  const std::string chunk = Bytes("chunk");
  const auto rows = DecodeChunk(chunk);
  REQUIRE(rows.has_value());
  CHECK(*rows == board.shards);
  CHECK(EncodeChunk({*rows}, 0) == chunk);
  CHECK(EncodeChunk({}, 0) == Bytes("chunk-empty"));
  CHECK(DecodeChunk(Bytes("chunk-empty"))->empty());
}

TEST_CASE("wire of 0.1.0: registration, leader and ledger") {
  Registration registration{"rack1", "node17", "r1", 812, "0.1.0", kThen, std::chrono::seconds(10)};
  CHECK(registration.format == 1);
  Check("registration", registration, DecodeRegistration, EncodeRegistration);
  Registration bare;
  bare.id = "c";
  Check("registration-plain", bare, DecodeRegistration, EncodeRegistration);
  Check("leader", LeaderRecord{"rack1", 3, kThen}, DecodeLeader, EncodeLeader);
  Ledger ledger;
  Check("ledger-empty", ledger, DecodeLedger, EncodeLedger);
  ledger.electorate = {"rack1", "rack2",
                       "r\xc3\xa4"
                       "ck-3"};
  ledger.penalties = {{"s2", {4, kThen}}, {"s1", {1, Micros(0)}}};
  ledger.at_least = 5;
  ledger.freeze = {true, kThen, 9, true, 3};
  ledger.pause = Pause{kThen, kLater, "ann@ops1", "switch \"a\" <replaced>"};
  ledger.maintenance = {{"s1", {kThen, Micros(0), "ann@ops1", "memory"}},
                        {"s2", {kThen, kLater, "bob@ops2", "disk"}},
                        {"s3", {kThen, Micros(0), "ann@ops1", "memory"}}};
  Check("ledger", ledger, DecodeLedger, EncodeLedger);
}

TEST_CASE("wire of 0.1.0: events of each kind") {
  Event took_over = ByLeader(Event::Leader{});
  took_over.quorum = 0;
  took_over.spec_version = 0;
  const Event::Flips flips{
      {{"s2",
        "10.0.0.2:6379",
        ShardStatus::kAlive,
        ShardStatus::kDead,
        Reason::kTimeout,
        {0, 3, 1}},
       {"s3", ":6379", ShardStatus::kUnknown, ShardStatus::kAlive, Reason::kNone, {2, 0, 0}}},
      12};
  const std::vector<std::pair<const char*, Event>> events = {
      {"flips", ByLeader(flips)},
      {"leader", took_over},
      {"spec", ByLeader(Event::Spec{})},
      {"electorate", ByLeader(Event::Electorate{{"rack2", "rack3"}})},
      {"forget", ByOperator(Event::Forget{{"rack3"}})},
      {"freeze", ByLeader(Event::Freeze{5})},
      {"unfreeze", ByLeader(Event::Unfreeze{2, false})},
      {"unfreeze-accepted", ByOperator(Event::Unfreeze{0, true})},
      {"pause", ByOperator(Event::Pause{"switch replaced", kLater})},
      {"resume", ByOperator(Event::Resume{})},
      {"resume-over", ByLeader(Event::Resume{})},
      {"maintenance", ByOperator(Event::Maintenance{{"s1", "s2"}, "memory", kLater})},
      {"maintenance-over", ByLeader(Event::MaintenanceOver{{"s1"}})},
  };
  for (const auto& [name, event] : events) {
    Check("event-" + std::string(name), event, DecodeEvent, EncodeEvent);
  }
}

// The last of this file: doctest runs the cases of a file in their order.
TEST_CASE("wire of 0.1.0: no file was left out") {
  for (const auto& file : std::filesystem::directory_iterator(kFolder)) {
    CAPTURE(file.path().filename().string());
    CHECK(Used().contains(file.path().filename().string()));
  }
}

}  // namespace wire_test
