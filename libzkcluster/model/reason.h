// Why a shard is not alive in a checker's eyes, or why a status was decided. The names are an
// interface: they appear in ballots, status chunks, events, logs and JSON.
//
// A newer zkcluster may write words that this build does not know. Such a word is a Reason, too: a
// value from kOther on, one for each word, so that it is compared, counted and written back like
// every other reason, and costs a ballot or a board no more bytes. Two unknown words are equal if
// their texts are, so shards whose voters agree on one keep it and only different ones are kMixed.
// A process keeps kMaxOtherReasons of these words; each further word, and any text that is no word,
// is kOther itself, "other". Thread-safe.
#pragma once

#include <cstddef>
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
  kLost,        // in a status: the decided row can no longer be read, and nothing was decided since
  kOther,       // a newer zkcluster's; values above it have their words, see KnownReason
};
inline constexpr int kReasonCount = static_cast<int>(Reason::kOther) + 1;
inline constexpr std::size_t kMaxOtherReasons = 128;
// A word is 1 to this many visible ASCII characters.
inline constexpr std::size_t kMaxReasonBytes = 64;

// The reason itself where this build knows it, kOther for every other one: below kReasonCount.
[[nodiscard]] constexpr Reason KnownReason(Reason reason) {
  return reason > Reason::kOther ? Reason::kOther : reason;
}

// "none", "refused", "timeout", ...; the text of an unknown word as it was read.
[[nodiscard]] std::string_view ReasonName(Reason reason);
// The reason of that name. Every text has one.
[[nodiscard]] Reason ReasonOf(std::string_view name);

}  // namespace zkcluster
