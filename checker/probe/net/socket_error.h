// What a failed system call of a probe says about the server at the other end. Pure.
#pragma once

#include "checker/probe/prober.h"

namespace zkcluster {

// Beside errno values, all of which are above 0.
inline constexpr int kEndOfFile = 0;
inline constexpr int kTlsRefused = -1;    // no TLS over there, or it does not take our certificate
inline constexpr int kTlsUntrusted = -2;  // its certificate is expired, or of an unknown authority
inline constexpr int kTlsWrongName = -3;  // its certificate is for another name

// By the errno of socket, send or recv, or of a connect that failed at once.
[[nodiscard]] ProbeResult JudgeSocketError(int error);

// By the errno of a connect that failed after it had been under way. "Unreachable" then came from
// outside: no answer to ARP, a router's ICMP. If a host that is switched off were a mere doubt, its
// shards would never be dead.
[[nodiscard]] ProbeResult JudgeConnectError(int error);

}  // namespace zkcluster
