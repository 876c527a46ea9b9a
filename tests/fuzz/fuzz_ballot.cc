// The ballot of one checker.
#include "codec/codec.h"
#include "tests/fuzz/target.h"

namespace zkcluster::fuzz::ballot_target {

bool TestOneInput(std::string_view input) {
  if (const auto ballot = DecodeBallot(input)) {
    for (const Vote& vote : ballot->votes) {
      const bool has_reason = vote.opinion == Opinion::kDead || vote.opinion == Opinion::kUnknown;
      ZKC_CHECK(has_reason || vote.reason == Reason::kNone);
    }
  }
  return TestCodec(input, DecodeBallot, EncodeBallot);
}

const Target kTarget("ballot", TestOneInput);

}  // namespace zkcluster::fuzz::ballot_target
