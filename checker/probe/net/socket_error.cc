#include "checker/probe/net/socket_error.h"

#include <cerrno>

namespace zkcluster {

namespace {

ProbeResult FailedBy(Reason reason) {
  return {ProbeVerdict::kFailed, reason, ProbeAlarm::kNone, {}};
}
ProbeResult UnknownBy(Reason reason, ProbeAlarm alarm) {
  return {ProbeVerdict::kCannotTell, reason, alarm, {}};
}

}  // namespace

ProbeResult JudgeSocketError(int error) {
  switch (error) {
    case ECONNREFUSED:
      return FailedBy(Reason::kRefused);
    case kEndOfFile:
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
    case ENOTCONN:
      return FailedBy(Reason::kReset);
    case ETIMEDOUT:
      return FailedBy(Reason::kTimeout);
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:  // no free local port
      return UnknownBy(Reason::kLocalLimit, ProbeAlarm::kLocalLimit);
    // Somebody answers, whom we must not believe: a fault of configuration, as likely ours.
    case kTlsRefused:
      return UnknownBy(Reason::kProtocol, ProbeAlarm::kTlsRefused);
    case kTlsUntrusted:
      return UnknownBy(Reason::kProtocol, ProbeAlarm::kTlsUntrusted);
    case kTlsWrongName:
      return UnknownBy(Reason::kProtocol, ProbeAlarm::kTlsWrongName);
    default:
      // EHOSTUNREACH, ENETUNREACH, EAFNOSUPPORT, and EACCES or EPERM of a firewall of our own:
      // nothing reached the server, so nothing is known about it.
      return UnknownBy(Reason::kNoRoute, ProbeAlarm::kNone);
  }
}

ProbeResult JudgeConnectError(int error) {
  if (error == EHOSTUNREACH || error == ENETUNREACH) return FailedBy(Reason::kUnreachable);
  return JudgeSocketError(error);
}

}  // namespace zkcluster
