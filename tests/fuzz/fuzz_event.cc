// One line of the journal `events`.
#include "codec/codec.h"
#include "tests/fuzz/target.h"

namespace zkcluster::fuzz {

bool TestOneInput(std::string_view input) {
  const auto event = DecodeEvent(input);
  if (event) ZKC_CHECK(event->flips.size() <= kMaxEventFlips);
  return TestCodec(input, DecodeEvent, EncodeEvent);
}

}  // namespace zkcluster::fuzz
