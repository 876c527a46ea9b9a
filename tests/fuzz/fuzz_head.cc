// The znode `head`: the one clients watch.
#include "codec/codec.h"
#include "tests/fuzz/target.h"

namespace zkcluster::fuzz::head_target {

bool TestOneInput(std::string_view input) {
  if (const auto head = DecodeHead(input))
    ZKC_CHECK(head->chunks.size() == ChunkCount(head->shards));
  return TestCodec(input, DecodeHead, EncodeHead);
}

const Target kTarget("head", TestOneInput);

}  // namespace zkcluster::fuzz::head_target
