// Transaction logs as real servers leave them behind after faults.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/faults/recorder.h"
#include "tests/history/transaction_log.h"
#include "tools/sandbox/process.h"

namespace zkcluster::faults {
namespace {

template <class Number>
void Append(std::string& bytes, Number number) {
  for (std::size_t i = sizeof(Number); i > 0; --i) {
    bytes += static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * (i - 1)));
  }
}

std::int64_t Checksum(const std::string& bytes) {  // Adler-32
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const char c : bytes) {
    a = (a + static_cast<unsigned char>(c)) % 65521;
    b = (b + a) % 65521;
  }
  return static_cast<std::int64_t>(b << 16 | a);
}

// The log of a server on which sessions end, one a zxid.
std::string Log(const std::vector<std::int64_t>& zxids) {
  std::string log;
  Append<std::int32_t>(log, 0x5a4b4c47);
  Append<std::int32_t>(log, 2);
  Append<std::int64_t>(log, 0);
  for (const std::int64_t zxid : zxids) {
    std::string entry;
    Append<std::int64_t>(entry, 77);  // session
    Append<std::int32_t>(entry, 0);   // cxid
    Append<std::int64_t>(entry, zxid);
    Append<std::int64_t>(entry, 1000);  // time
    Append<std::int32_t>(entry, -11);   // closeSession
    Append(log, Checksum(entry));
    Append(log, static_cast<std::int32_t>(entry.size()));
    log += entry + 'B';
  }
  return log;
}

std::vector<std::int64_t> Zxids(const std::vector<sim::Transaction>& history) {
  std::vector<std::int64_t> zxids;
  zxids.reserve(history.size());
  for (const auto& transaction : history) zxids.push_back(transaction.zxid);
  return zxids;
}

TEST_CASE("transaction log: a transaction that a joining follower logged twice counts once") {
  std::vector<sim::Transaction> history;
  const auto torn = history::ParseTransactionLog(Log({1, 2, 3, 2, 3, 4}), history);
  REQUIRE_MESSAGE(torn.has_value(), torn.error().message);
  CHECK_FALSE(*torn);
  CHECK(Zxids(history) == std::vector<std::int64_t>{1, 2, 3, 4});
}

TEST_CASE("transaction log: a step back to a zxid that was never logged is an error") {
  std::vector<sim::Transaction> history;
  CHECK_FALSE(history::ParseTransactionLog(Log({1, 3, 2}), history).has_value());
}

TEST_CASE("recording: the logs of three servers are one history") {
  struct Row {
    const char* what;
    std::vector<std::vector<std::int64_t>> logs;
    std::vector<std::int64_t> history;
  };
  const Row rows[] = {
      {"all in step", {{1, 2, 3}, {1, 2, 3}, {1, 2, 3}}, {1, 2, 3}},
      {"the newest has a gap, as a snapshot leaves it",
       {{1, 2, 3}, {1, 4}, {1, 2, 3}},
       {1, 2, 3, 4}},
      {"a killed leader logged a transaction that no other server saw",
       {{1, 2, 3}, {1, 2, 9}, {1, 2, 9}},
       {1, 2, 9}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const sandbox::TempFolder folder;
    std::vector<std::filesystem::path> logs;
    for (const auto& zxids : row.logs) {
      logs.push_back(folder.path() / std::to_string(logs.size()));
      std::filesystem::create_directory(logs.back());
      sandbox::WriteFile(logs.back() / "log.1", Log(zxids));
    }
    CHECK(Zxids(ReadRecording(logs)) == row.history);
  }
}

}  // namespace
}  // namespace zkcluster::faults
