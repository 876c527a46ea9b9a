// The znode `leader`.
#include "codec/codec.h"
#include "tests/fuzz/target.h"

namespace zkcluster::fuzz::leader_target {

bool TestOneInput(std::string_view input) {
  return TestCodec(input, DecodeLeader, EncodeLeader);
}

const Target kTarget("leader", TestOneInput);

}  // namespace zkcluster::fuzz::leader_target
