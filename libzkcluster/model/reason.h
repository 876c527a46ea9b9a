// Why a shard is not alive in a checker's eyes, or why a status was decided. The names are an
// interface: they stand in ballots, status chunks, logs and JSON. Pure.
#pragma once

#include <optional>
#include <string_view>

namespace zkcluster {

enum class Reason : unsigned char {
  kNone,        // alive, or nothing known
  kRefused,     // connection: refused
  kReset,       // connection: reset or closed
  kTimeout,     // any layer: no answer within the probe's deadline
  kLoading,     // protocol: -LOADING
  kMasterDown,  // protocol: -MASTERDOWN
  kBusy,        // protocol: -BUSY
  kMisconf,     // protocol: -MISCONF on PING
  kMaxClients,  // protocol: -ERR max number of clients reached
  kErrorReply,  // protocol: another error to PING
  kProtocol,    // protocol: no RESP, or the wrong reply; also TLS that failed
  kUnresolved,  // name: it does not resolve
  // Connection: the network answers, after a while, that the host is off or cut off.
  kUnreachable,
  kNoRoute,     // this host: it has no route to the server
  kLocalLimit,  // this host: out of descriptors, ports, memory or time
  kMixed,       // in a status: the voters had different reasons
  kLost,        // in a status: what was decided cannot be read any more, and nothing was since
};
inline constexpr int kReasonCount = static_cast<int>(Reason::kLost) + 1;

[[nodiscard]] std::string_view ReasonName(Reason reason);  // "none", "refused", "timeout", ...
[[nodiscard]] std::optional<Reason> ParseReason(std::string_view name);

}  // namespace zkcluster
