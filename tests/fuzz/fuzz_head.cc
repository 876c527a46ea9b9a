// The znode `head`: the one clients watch.
#include "codec/codec.h"
#include "tests/fuzz/target.h"

namespace zkcluster::fuzz {

bool TestOneInput(std::string_view input) {
  if (const auto head = DecodeHead(input))
    ZKC_CHECK(head->chunks.size() == ChunkCount(head->shards));
  return TestCodec(input, DecodeHead, EncodeHead);
}

}  // namespace zkcluster::fuzz
