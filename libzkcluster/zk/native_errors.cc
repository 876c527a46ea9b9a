#include "zk/native_errors.h"

#include <zookeeper/zookeeper.h>

#include <algorithm>

namespace zkcluster::zk {
namespace {

// The frames of very many operations, and the permission lists of new znodes, must not take a
// multi above the server's packet limit. A list names operators, checkers and everybody, with
// users of up to kMaxAccessUserBytes.
constexpr std::size_t kBytesPerOp = 48;
constexpr std::size_t kBytesPerList = 300;
constexpr std::size_t kPacketLimit = 1'048'000;

std::optional<Error> WhyTooLarge(std::size_t bytes, std::size_t ops, std::size_t lists) {
  const std::size_t frames = ops * kBytesPerOp + lists * kBytesPerList;
  if (bytes <= kMaxRequestBytes && bytes + frames <= kPacketLimit) return std::nullopt;
  return Error{ErrorCode::kTooLarge, std::to_string(bytes) + " bytes in " + std::to_string(ops) +
                                         " operations, more than the server takes"};
}

ErrorCode CodeOf(int rc) {
  switch (rc) {
    case ZNONODE:
      return ErrorCode::kNotFound;
    case ZNODEEXISTS:
      return ErrorCode::kExists;
    case ZBADVERSION:
      return ErrorCode::kConflict;
    case ZNOTEMPTY:
      return ErrorCode::kNotEmpty;
    case ZNOAUTH:
    case ZAUTHFAILED:
    case ZINVALIDACL:
    case ZSESSIONCLOSEDREQUIRESASLAUTH:
      return ErrorCode::kDenied;
    case ZBADARGUMENTS:
    case ZNOCHILDRENFOREPHEMERALS:
    case ZUNIMPLEMENTED:
      return ErrorCode::kInvalid;
    // The connection broke, or the library lost its place in it, while the request was under way.
    case ZCONNECTIONLOSS:
    case ZOPERATIONTIMEOUT:
    case ZRUNTIMEINCONSISTENCY:
    case ZSYSTEMERROR:
      return ErrorCode::kUnknownOutcome;
    // The session or our end of it was closed.
    case ZSESSIONEXPIRED:
    case ZCLOSING:
    case ZINVALIDSTATE:
      return ErrorCode::kSessionLost;
    // The server did nothing.
    case ZSESSIONMOVED:
    case ZNOTREADONLY:
    case ZTHROTTLEDOP:
      return ErrorCode::kUnavailable;
    default:
      return ErrorCode::kInternal;
  }
}

}  // namespace

Error TranslateError(int rc, const std::string& what) {
  return Error{CodeOf(rc), what + ": " + zerror(rc)};
}

bool IsAnswer(int rc) {
  if (rc == ZOK) return true;
  return rc < ZAPIERROR && rc != ZSESSIONEXPIRED && rc != ZCLOSING && rc != ZINVALIDCALLBACK;
}

bool IsValidPath(std::string_view path, bool sequential) {
  if (path == "/") return true;
  if (path.empty() || path.front() != '/') return false;
  for (std::size_t start = 1; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view part = path.substr(start, end - start);
    const bool completed_by_server = sequential && end == path.size();
    if (!completed_by_server && (part.empty() || part == "." || part == "..")) return false;
    start = end + 1;
  }
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return false;
  }
  return true;
}

bool IsSequential(CreateMode mode) {
  return mode == CreateMode::kPersistentSequential || mode == CreateMode::kEphemeralSequential;
}

std::optional<Error> WhyNeverSent(std::string_view path, std::string_view data, bool sequential) {
  if (!IsValidPath(path, sequential)) return Error{ErrorCode::kInvalid, "malformed path"};
  return WhyTooLarge(path.size() + data.size(), 1, 1);
}

std::optional<Error> WhyNeverSent(const std::vector<Op>& ops) {
  std::size_t bytes = 0;
  std::size_t lists = 0;
  for (const Op& any : ops) {
    const bool valid = std::visit(
        [&](const auto& op) {
          bytes += op.path.size();
          if constexpr (requires { op.data; }) bytes += op.data.size();
          if constexpr (requires { op.mode; }) ++lists;
          if constexpr (requires { op.mode; }) return IsValidPath(op.path, IsSequential(op.mode));
          return IsValidPath(op.path);
        },
        any);
    if (!valid) return Error{ErrorCode::kInvalid, "malformed path"};
  }
  return WhyTooLarge(bytes, ops.size(), lists);
}

}  // namespace zkcluster::zk
