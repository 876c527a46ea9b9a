// The znode `leader`.
#include "codec/codec.h"
#include "tests/fuzz/target.h"

namespace zkcluster::fuzz {

bool TestOneInput(std::string_view input) {
  return TestCodec(input, DecodeLeader, EncodeLeader);
}

}  // namespace zkcluster::fuzz
