#include "checker/probe/net/socket_error.h"

#include <cerrno>

namespace zkcluster {

namespace {

ProbeResult Failed(Reason reason) {
  return {ProbeVerdict::kFailed, reason, ProbeAlarm::kNone, {}};
}
ProbeResult CannotTell(Reason reason, ProbeAlarm alarm) {
  return {ProbeVerdict::kCannotTell, reason, alarm, {}};
}

}  // namespace

ProbeResult JudgeSocketError(int error) {
  switch (error) {
    case ECONNREFUSED:
      return Failed(Reason::kRefused);
    case kEndOfFile:
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
    case ENOTCONN:
      return Failed(Reason::kReset);
    case ETIMEDOUT:
      return Failed(Reason::kTimeout);
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:  // no free local port
      return CannotTell(Reason::kLocalLimit, ProbeAlarm::kLocalLimit);
    // Somebody answers, whom we must not believe: a fault of configuration, as likely ours.
    case kTlsRefused:
      return CannotTell(Reason::kProtocol, ProbeAlarm::kTlsRefused);
    case kTlsUntrusted:
      return CannotTell(Reason::kProtocol, ProbeAlarm::kTlsUntrusted);
    case kTlsWrongName:
      return CannotTell(Reason::kProtocol, ProbeAlarm::kTlsWrongName);
    default:
      // EHOSTUNREACH, ENETUNREACH, EAFNOSUPPORT, and EACCES or EPERM of a firewall of our own:
      // nothing reached the server, so nothing is known about it.
      return CannotTell(Reason::kNoRoute, ProbeAlarm::kNone);
  }
}

ProbeResult JudgeConnectError(int error) {
  if (error == EHOSTUNREACH || error == ENETUNREACH) return Failed(Reason::kUnreachable);
  return JudgeSocketError(error);
}

}  // namespace zkcluster
