// The candidate znode of a checker.
#include "codec/codec.h"
#include "tests/fuzz/target.h"

namespace zkcluster::fuzz::registration_target {

bool TestOneInput(std::string_view input) {
  return TestCodec(input, DecodeRegistration, EncodeRegistration);
}

const Target kTarget("registration", TestOneInput);

}  // namespace zkcluster::fuzz::registration_target
