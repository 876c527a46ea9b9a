// The reader of transaction logs, on bytes that the test writes. The test integration-history reads
// the logs of a real server.
#include "tests/history/transaction_log.h"

#include <doctest/doctest.h>

#include "tests/history/spot.h"

namespace log_test {

using namespace zkcluster;
using namespace zkcluster::history;

namespace {

std::string Number(std::uint64_t value, int size) {
  std::string bytes;
  for (int i = size - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

std::string Text(const std::string& text) {
  return Number(text.size(), 4) + text;
}

std::uint32_t Checksum(const std::string& bytes) {
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const char c : bytes) {
    a = (a + static_cast<unsigned char>(c)) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

const std::string kHeader = "ZKLG" + Number(2, 4) + Number(0, 8);

std::string Entry(std::uint64_t zxid, std::int32_t type, const std::string& record) {
  const std::string bytes = Number(0x101, 8) + Number(1, 4) + Number(zxid, 8) + Number(5, 8) +
                            Number(static_cast<std::uint32_t>(type), 4) + record;
  return Number(Checksum(bytes), 8) + Number(bytes.size(), 4) + bytes + "B";
}

// The record of a set of /z to "a" that gives it version `version`.
std::string SetRecord(std::uint32_t version) {
  return Text("/z") + Text("a") + Number(version, 4);
}

}  // namespace

TEST_CASE("transaction log: a set, a check and the end of a session, followed by a digest") {
  const std::string digest = Number(2, 4) + Number(77, 8);
  const std::string parts = Number(2, 4) + Number(13, 4) + Text(Text("/z") + Number(8, 4)) +
                            Number(5, 4) + Text(SetRecord(8));
  std::vector<sim::Transaction> history;
  const auto torn = ParseTransactionLog(
      kHeader + Entry(1, 5, SetRecord(7) + digest) + Entry(2, 14, parts + digest) +
          Entry(3, -11, Number(1, 4) + Text("/e") + digest) + std::string(100, '\0'),
      history);
  REQUIRE(torn.has_value());
  CHECK(!*torn);
  REQUIRE(history.size() == 3);
  CHECK(history[0].session_id == 0x101);
  CHECK(history[0].time == TimePoint(std::chrono::milliseconds(5)));
  CHECK(std::get<zk::SetOp>(history[0].ops[0]).version == 6);
  CHECK(history[0].results[0].version == 7);
  CHECK(std::get<zk::CheckOp>(history[1].ops[0]).version == 7);  // the log has the version after it
  CHECK(std::get<zk::SetOp>(history[1].ops[1]).version == 7);
  CHECK(history[2].ends_session);
  CHECK(std::get<zk::DeleteOp>(history[2].ops[0]).path == "/e");
}

TEST_CASE("transaction log: records without a change are left out, duplicates count once") {
  std::vector<sim::Transaction> history;
  const std::string refused = Number(2, 4) + Number(5, 4) + Text(SetRecord(9)) +
                              Number(static_cast<std::uint32_t>(-1), 4) + Text(Number(1, 4));
  const auto torn =
      ParseTransactionLog(kHeader + Entry(1, -10, Number(4000, 4)) + Entry(2, 5, SetRecord(1)) +
                              Entry(3, -1, Number(1, 4)) + Entry(4, 14, refused) +
                              Entry(5, 5, SetRecord(2)) + Entry(2, 5, SetRecord(1)),
                          history);
  REQUIRE(torn.has_value());
  REQUIRE(history.size() == 2);
  CHECK(history[0].zxid == 2);
  CHECK(history[1].zxid == 5);
}

TEST_CASE("transaction log: bytes that are not a transaction log") {
  const struct {
    std::string what;
    std::string bytes;
    std::string message;
  } cases[] = {
      {"another file", std::string(64, 'x'), "offset 0: not a transaction log of version 2"},
      {"an unknown type", kHeader + Entry(9, 99, ""),
       "offset 16: zxid 0x9: not a record of type 99"},
      {"a short record", kHeader + Entry(9, 5, Text("/z")),
       "offset 16: zxid 0x9: not a record of type 5"},
      {"back in time", kHeader + Entry(9, 5, SetRecord(1)) + Entry(8, 5, SetRecord(1)),
       "offset 76: zxid 0x8 after 0x9"},
  };
  for (const auto& bad : cases) {
    CAPTURE(bad.what);
    std::vector<sim::Transaction> history;
    const auto torn = ParseTransactionLog(bad.bytes, history);
    REQUIRE(!torn.has_value());
    CHECK(torn.error().code == ErrorCode::kBadData);
    CHECK(torn.error().message == bad.message);
  }
  const auto nowhere = ReadTransactionLog("/nowhere/at/all");
  REQUIRE(!nowhere.has_value());
  CHECK(nowhere.error().code == ErrorCode::kNotFound);
}

TEST_CASE("transaction log: an incomplete last record") {
  std::string damaged = Entry(2, 5, SetRecord(2));
  damaged[20] = static_cast<char>(damaged[20] ^ 1);
  for (const std::string& end : {Entry(2, 5, SetRecord(2)).substr(0, 30), damaged}) {
    std::vector<sim::Transaction> history;
    const auto torn = ParseTransactionLog(kHeader + Entry(1, 5, SetRecord(1)) + end, history);
    REQUIRE(torn.has_value());
    CHECK(*torn);
    CHECK(history.size() == 1);
  }
}

TEST_CASE("spots: where a znode is in a cluster's tree") {
  struct Case {
    std::string path;
    std::string cluster;
    Place place;
    std::string name;
  };
  const std::vector<Case> cases = {
      {"/r/c", "c", Place::kBase, ""},
      {"/r/c/shards", "c", Place::kShards, ""},
      {"/r/c/options", "c", Place::kOptions, ""},
      {"/r/c/status", "c", Place::kMirror, ""},
      {"/r/c/localstatus", "c", Place::kGoSignal, ""},
      {"/r/c/localstatus/n_0000000001", "c", Place::kGoVoter, "n_0000000001"},
      {"/r/c/quorum/election/x", "c", Place::kCandidate, "x"},
      {"/r/c/quorum/leader", "c", Place::kLeader, ""},
      {"/r/c/quorum/votes/c1", "c", Place::kVote, "c1"},
      {"/r/c/quorum/status/0", "c", Place::kChunk, "0"},
      {"/r/c/quorum/head", "c", Place::kHead, ""},
      {"/r/c/quorum/ledger", "c", Place::kLedger, ""},
      {"/r/c/quorum/events/e_1", "c", Place::kEvent, "e_1"},
      {"/r/c/quorum", "c", Place::kOther, ""},
      {"/r/c/quorum/status", "c", Place::kOther, ""},
      {"/r/c/quorum/votes/c1/below", "c", Place::kOther, ""},
  };
  for (const Case& known : cases) {
    const std::string& path = known.path;
    CAPTURE(path);
    const auto spot = FindSpot("/r", path);
    REQUIRE(spot.has_value());
    CHECK(spot->cluster == known.cluster);
    CHECK(spot->place == known.place);
    CHECK(spot->name == known.name);
    const Spot guess = GuessSpot(path);
    CHECK(guess.cluster == known.cluster);
    CHECK(guess.place == known.place);
    CHECK(guess.name == known.name);
    const std::string at_top = path.substr(2);
    CHECK(FindSpot("/", at_top)->place == known.place);
  }
  for (const char* path : {"/r", "/r/", "/other/c", "/rc/shards", "/"}) {
    CAPTURE(path);
    CHECK(!FindSpot("/r", path));
  }
}

}  // namespace log_test
