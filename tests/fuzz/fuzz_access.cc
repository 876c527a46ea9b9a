// The access file: identities for ZooKeeper.
#include "tests/fuzz/target.h"
#include "zk/access.h"

namespace zkcluster::fuzz::access_target {

bool TestOneInput(std::string_view input) {
  const auto access = ParseAccess("f", input);
  if (!access) {
    CheckError(access.error(), ErrorCode::kInvalid);
    ZKC_CHECK(access.error().message.starts_with("f:"));
    return false;
  }
  // Without passwords it has the same identities, and none of its own.
  const std::string digests = FormatAccessByDigest(*access);
  if (digests.empty()) return true;  // only TLS
  const auto again = ParseAccess("f", digests);
  ZKC_CHECK(again.has_value());
  ZKC_CHECK(again->credentials.empty());
  ZKC_CHECK(again->operators == access->operators);
  ZKC_CHECK(again->checkers == access->checkers);
  ZKC_CHECK(again->own == access->own);
  return true;
}

const Target kTarget("access", TestOneInput);

}  // namespace zkcluster::fuzz::access_target
