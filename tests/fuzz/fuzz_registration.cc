// The candidate znode of a checker.
#include "codec/codec.h"
#include "tests/fuzz/target.h"

namespace zkcluster::fuzz {

bool TestOneInput(std::string_view input) {
  return TestCodec(input, DecodeRegistration, EncodeRegistration);
}

}  // namespace zkcluster::fuzz
