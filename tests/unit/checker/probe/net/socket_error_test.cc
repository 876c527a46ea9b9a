#include "checker/probe/net/socket_error.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <vector>

namespace socket_error_test {

using namespace zkcluster;

TEST_CASE("socket errors: what each says of the server, at once and after a while") {
  struct Case {
    int error;
    ProbeVerdict at_once;
    ProbeVerdict late;
    Reason late_reason;
  };
  constexpr auto kFailed = ProbeVerdict::kFailed;
  constexpr auto kDoubt = ProbeVerdict::kInconclusive;
  const std::vector<Case> cases = {
      {ECONNREFUSED, kFailed, kFailed, Reason::kRefused},
      {ECONNRESET, kFailed, kFailed, Reason::kReset},
      {kEndOfFile, kFailed, kFailed, Reason::kReset},
      {ETIMEDOUT, kFailed, kFailed, Reason::kTimeout},
      {EMFILE, kDoubt, kDoubt, Reason::kLocalLimit},
      {EADDRNOTAVAIL, kDoubt, kDoubt, Reason::kLocalLimit},
      {ENETUNREACH, kDoubt, kFailed, Reason::kUnreachable},
      {EHOSTUNREACH, kDoubt, kFailed, Reason::kUnreachable},
      {EPERM, kDoubt, kDoubt, Reason::kNoRoute},
      {kTlsRefused, kDoubt, kDoubt, Reason::kProtocol},
      {kTlsUntrusted, kDoubt, kDoubt, Reason::kProtocol},
      {kTlsWrongName, kDoubt, kDoubt, Reason::kProtocol},
  };
  for (const auto& test : cases) {
    CAPTURE(test.error);
    CHECK(JudgeSocketError(test.error).verdict == test.at_once);
    CHECK(JudgeConnectError(test.error).verdict == test.late);
    CHECK(JudgeConnectError(test.error).reason == test.late_reason);
  }
}

}  // namespace socket_error_test
