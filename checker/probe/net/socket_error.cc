#include "checker/probe/net/socket_error.h"

#include <cerrno>

namespace zkcluster {

ProbeResult JudgeSocketError(int error) {
  switch (error) {
    case ECONNREFUSED:
      return ProbeResult::Failed(Reason::kRefused);
    case kEndOfFile:
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
    case ENOTCONN:
      return ProbeResult::Failed(Reason::kReset);
    case ETIMEDOUT:
      return ProbeResult::Failed(Reason::kTimeout);
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:  // no free local port
      return ProbeResult::Inconclusive(Reason::kLocalLimit, ProbeAlarm::kLocalLimit);
    // Somebody answers, but cannot be trusted: a fault of configuration, perhaps ours.
    case kTlsRefused:
      return ProbeResult::Inconclusive(Reason::kProtocol, ProbeAlarm::kTlsRefused);
    case kTlsUntrusted:
      return ProbeResult::Inconclusive(Reason::kProtocol, ProbeAlarm::kTlsUntrusted);
    case kTlsWrongName:
      return ProbeResult::Inconclusive(Reason::kProtocol, ProbeAlarm::kTlsWrongName);
    default:
      // EHOSTUNREACH, ENETUNREACH, EAFNOSUPPORT, and EACCES or EPERM from a local firewall: nothing
      // reached the server, so nothing is known about it.
      return ProbeResult::Inconclusive(Reason::kNoRoute, ProbeAlarm::kNone);
  }
}

ProbeResult JudgeConnectError(int error) {
  if (error == EHOSTUNREACH || error == ENETUNREACH)
    return ProbeResult::Failed(Reason::kUnreachable);
  return JudgeSocketError(error);
}

}  // namespace zkcluster
