// One chunk of the status.
#include "codec/codec.h"
#include "tests/fuzz/target.h"

namespace zkcluster::fuzz::chunk_target {

bool TestOneInput(std::string_view input) {
  if (const auto states = DecodeChunk(input)) ZKC_CHECK(states->size() <= kChunkShards);
  return TestCodec(input, DecodeChunk, [](const std::vector<ShardState>& states) {
    return EncodeChunk(StatusBoard{states}, 0);
  });
}

const Target kTarget("chunk", TestOneInput);

}  // namespace zkcluster::fuzz::chunk_target
