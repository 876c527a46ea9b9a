// What a failed system call of a probe says about the server at the other end. Pure.
#pragma once

#include "checker/probe/prober.h"

namespace zkcluster {

// Beside errno values, all of which are above 0.
inline constexpr int kEndOfFile = 0;
inline constexpr int kTlsRefused = -1;    // the server has no TLS, or refuses our certificate
inline constexpr int kTlsUntrusted = -2;  // its certificate is expired, or of an unknown authority
inline constexpr int kTlsWrongName = -3;  // its certificate is for another name

// Takes the errno of socket, send or recv, or of a connect that failed at once.
[[nodiscard]] ProbeResult JudgeSocketError(int error);

// Takes the errno of a connect that was under way when it failed. "Unreachable" then came from
// outside: no answer to ARP, or a router's ICMP. It counts as a failure: otherwise the shards of a
// host that is switched off would never be dead.
[[nodiscard]] ProbeResult JudgeConnectError(int error);

}  // namespace zkcluster
