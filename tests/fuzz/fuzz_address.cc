// Addresses as users write them.
#include "tests/fuzz/target.h"
#include "text/address.h"

namespace zkcluster::fuzz::address_target {

bool TestOneInput(std::string_view input) {
  const auto with_default = ParseAddress(input, 6379);
  if (!with_default) CheckError(with_default.error(), ErrorCode::kInvalid);
  const auto address = ParseAddress(input);
  if (!address) {
    CheckError(address.error(), ErrorCode::kInvalid);
    return with_default.has_value();
  }
  ZKC_CHECK(with_default == *address);  // a port that is given wins
  ZKC_CHECK(address->port != 0 && address->host.size() <= 253);
  CheckReadsBack(
      *address, [](std::string_view text) { return ParseAddress(text); }, FormatAddress);
  const bool v6 = address->host.find(':') != std::string::npos;
  ZKC_CHECK(v6 == (input.front() == '['));
  if (v6) ZKC_CHECK(IsIpLiteral(address->host));
  return true;
}

const Target kTarget("address", TestOneInput);

}  // namespace zkcluster::fuzz::address_target
