// One line of the journal `events`.
#include "codec/codec.h"
#include "tests/fuzz/target.h"

namespace zkcluster::fuzz::event_target {

bool TestOneInput(std::string_view input) {
  const auto event = DecodeEvent(input);
  const auto* const flips = event ? event->As<Event::Flips>() : nullptr;
  if (flips != nullptr) ZKC_CHECK(flips->flips.size() <= kMaxEventFlips);
  return TestCodec(input, DecodeEvent, EncodeEvent);
}

const Target kTarget("event", TestOneInput);

}  // namespace zkcluster::fuzz::event_target
