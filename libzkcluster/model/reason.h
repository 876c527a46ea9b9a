// Why a shard is not alive in a checker's eyes, or why a status was decided. The names are an
// interface: they stand in ballots, status chunks, logs and JSON. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace zkcluster {

enum class Reason : unsigned char {
  kNone,        // alive, or nothing known
  kRefused,     // connect refused
  kReset,       // the connection was reset or closed
  kTimeout,     // no answer within the probe's deadline
  kLoading,     // -LOADING
  kMasterDown,  // -MASTERDOWN
  kBusy,        // -BUSY
  kMisconf,     // -MISCONF on PING
  kMaxClients,  // -ERR max number of clients reached
  kErrorReply,  // another error to PING
  kProtocol,    // bytes that are no RESP, or the wrong reply; TLS that failed
  kUnresolved,  // its name does not resolve
  // The network answered, after a while, that its host is not reached: it is off, or cut off.
  kUnreachable,
  kNoRoute,     // this host itself has no route to it
  kLocalLimit,  // this host ran out of descriptors, ports, memory or time
  kMixed,       // in a status: the voters had different reasons
  kLost,        // in a status: what was decided cannot be read any more, and nothing was since
};
inline constexpr int kReasonCount = static_cast<int>(Reason::kLost) + 1;

[[nodiscard]] std::string_view ReasonName(Reason reason);  // "none", "refused", "timeout", ...
[[nodiscard]] std::optional<Reason> ParseReason(std::string_view name);

}  // namespace zkcluster
