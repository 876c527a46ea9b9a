#include "tests/history/transaction_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "tests/history/jute.h"

namespace zkcluster::history {
namespace {

constexpr std::int32_t kMagic = 0x5a4b4c47;  // "ZKLG"
constexpr std::int32_t kVersion = 2;
constexpr char kEndOfEntry = 'B';

// org.apache.zookeeper.ZooDefs.OpCode
enum Type : std::int32_t {
  kCloseSession = -11,
  kCreateSession = -10,
  kError = -1,
  kCreate = 1,
  kDelete = 2,
  kSetData = 5,
  kSetAcl = 7,
  kCheck = 13,
  kMulti = 14,
  kCreate2 = 15,
  kReconfig = 16,
  kCreateContainer = 19,
  kDeleteContainer = 20,
  kCreateTtl = 21,
};

std::uint32_t Adler32(std::string_view bytes) {
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const char c : bytes) {
    a = (a + static_cast<unsigned char>(c)) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

zk::Version Before(zk::Version version) {
  return static_cast<zk::Version>(static_cast<std::uint32_t>(version) - 1U);
}

void SkipAcls(JuteReader& reader) {
  for (std::size_t n = reader.Count(); n > 0; --n) {
    static_cast<void>(reader.Int());
    static_cast<void>(reader.Text());
    static_cast<void>(reader.Text());
  }
}

void Add(sim::Transaction& transaction, zk::Op op, zk::OpResult result = {}) {
  transaction.ops.push_back(std::move(op));
  transaction.results.push_back(std::move(result));
}

// Returns false for an unknown type.
bool ReadRecord(std::int32_t type, JuteReader& reader, sim::Transaction& transaction) {
  switch (type) {
    case kCreate:
    case kCreate2:
    case kCreateContainer:
    case kCreateTtl: {
      zk::CreateOp create;
      create.path = reader.Text();
      create.data = reader.Text();
      SkipAcls(reader);
      const bool plain = type == kCreate || type == kCreate2;
      if (plain && reader.Bool()) create.mode = zk::CreateMode::kEphemeral;
      static_cast<void>(reader.Int());  // the parent's counter
      if (type == kCreateTtl) static_cast<void>(reader.Long());
      std::string path = create.path;
      Add(transaction, std::move(create), {std::move(path), 0});
      return true;
    }
    case kDelete:
    case kDeleteContainer:
      Add(transaction, zk::DeleteOp{reader.Text(), zk::kAnyVersion});
      return true;
    case kSetData: {
      zk::SetOp set;
      set.path = reader.Text();
      set.data = reader.Text();
      const zk::Version version = reader.Int();
      set.version = Before(version);
      Add(transaction, std::move(set), {"", version});
      return true;
    }
    case kCheck: {
      zk::CheckOp check;
      check.path = reader.Text();
      check.version = Before(reader.Int());  // the log has the version after it
      Add(transaction, std::move(check));
      return true;
    }
    case kCloseSession:
      transaction.ends_session = true;
      if (reader.left() == 0) return true;  // before 3.6 the paths were not logged
      for (std::size_t n = reader.Count(); n > 0; --n) {
        Add(transaction, zk::DeleteOp{reader.Text(), zk::kAnyVersion});
      }
      return true;
    case kMulti:
      for (std::size_t n = reader.Count(); n > 0; --n) {
        const std::int32_t part = reader.Int();
        JuteReader inner(reader.Buffer());
        // With one error, the whole multi was refused.
        if (part == kError) {
          transaction.ops.clear();
          transaction.results.clear();
          return true;
        }
        if (!ReadRecord(part, inner, transaction) || !inner.ok()) return false;
      }
      return true;
    case kCreateSession:
    case kError:
    case kSetAcl:
    case kReconfig:
      return true;
    default:
      return false;
  }
}

// Nothing: the transaction changed no znode and ended no session.
Result<std::optional<sim::Transaction>> ReadTransaction(std::string_view bytes) {
  JuteReader reader(bytes);
  sim::Transaction transaction;
  transaction.session_id = reader.Long();
  static_cast<void>(reader.Int());  // cxid
  transaction.zxid = reader.Long();
  transaction.stamp = std::chrono::milliseconds(reader.Long());
  transaction.time = TimePoint(transaction.stamp);
  const std::int32_t type = reader.Int();
  if (!reader.ok()) return Fail(ErrorCode::kBadData, "shorter than its header");
  // A digest of the server's tree may follow the record.
  if (!ReadRecord(type, reader, transaction) || !reader.ok()) {
    return Fail(ErrorCode::kBadData,
                fmt::format("zxid {:#x}: not a record of type {}", transaction.zxid, type));
  }
  if (transaction.ops.empty() && !transaction.ends_session) return std::nullopt;
  return transaction;
}

// A follower that joins while a request is under way gets it with the history and again with the
// commit, and logs it twice.
bool Holds(const std::vector<sim::Transaction>& history, std::int64_t zxid) {
  const auto found = std::lower_bound(history.begin(), history.end(), zxid,
                                      [](const sim::Transaction& transaction, std::int64_t sought) {
                                        return transaction.zxid < sought;
                                      });
  return found != history.end() && found->zxid == zxid;
}

std::optional<std::int64_t> ZxidOf(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  constexpr std::string_view kPrefix = "log.";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::int64_t zxid = 0;
  const char* const end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + kPrefix.size(), end, zxid, 16);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return zxid;
}

}  // namespace

Result<bool> ParseTransactionLog(std::string_view bytes, std::vector<sim::Transaction>& history) {
  const auto bad = [](std::size_t offset, const std::string& what) {
    return Fail(ErrorCode::kBadData, fmt::format("offset {}: {}", offset, what));
  };
  JuteReader reader(bytes);
  if (bytes.empty()) return true;  // created, and not written yet
  const bool ours = reader.Int() == kMagic && reader.Int() == kVersion;
  static_cast<void>(reader.Long());  // database id
  if (!ours || !reader.ok()) return bad(0, "not a transaction log of version 2");
  while (reader.left() > 0) {
    const std::size_t offset = reader.offset();
    const auto checksum = static_cast<std::uint64_t>(reader.Long());
    const std::int32_t length = reader.Int();
    if (!reader.ok()) return true;
    if (length == 0) return false;  // the rest is space that the server preallocated
    const std::string_view entry = reader.Take(length < 0 ? 0 : static_cast<std::size_t>(length));
    const std::string_view end = reader.Take(1);
    if (!reader.ok() || end.front() != kEndOfEntry || checksum != Adler32(entry)) {
      return true;  // partly written
    }
    auto transaction = ReadTransaction(entry);
    if (!transaction) return bad(offset, transaction.error().message);
    if (!*transaction) continue;
    if (!history.empty() && (*transaction)->zxid <= history.back().zxid) {
      if (Holds(history, (*transaction)->zxid)) continue;
      return bad(offset,
                 fmt::format("zxid {:#x} after {:#x}", (*transaction)->zxid, history.back().zxid));
    }
    history.push_back(*std::move(*transaction));
  }
  return false;
}

Result<std::vector<sim::Transaction>> ReadTransactionLog(const std::filesystem::path& folder) {
  std::vector<std::pair<std::int64_t, std::filesystem::path>> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (const auto zxid = ZxidOf(entry.path())) files.emplace_back(*zxid, entry.path());
  }
  if (files.empty()) {
    return Fail(ErrorCode::kNotFound, folder.string() + ": no transaction log in this folder");
  }
  std::sort(files.begin(), files.end());
  std::vector<sim::Transaction> history;
  for (const auto& [zxid, path] : files) {
    std::ifstream stream(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    const auto torn = ParseTransactionLog(bytes, history);
    if (!torn) return Fail(torn.error().Within(path.string()));
  }
  return history;
}

}  // namespace zkcluster::history
