// The Go form of the status, as Go checkers write it too.
#include <map>

#include "codec/codec.h"
#include "tests/fuzz/target.h"

namespace zkcluster::fuzz::mirror_target {

bool TestOneInput(std::string_view input) {
  return TestCodec(input, DecodeMirror, [](const std::map<std::string, MirrorEntry>& entries) {
    std::vector<ShardSpec> shards;
    StatusBoard board;
    for (const auto& [addr, entry] : entries) {
      ZKC_CHECK(entry.since >= Micros(0));
      shards.push_back({"s" + std::to_string(shards.size()), addr});
      ShardState& state = board.shards.emplace_back();
      state.status = entry.alive ? ShardStatus::kAlive : ShardStatus::kDead;
      state.since = entry.since;
    }
    return EncodeMirror(shards, board);
  });
}

const Target kTarget("mirror", TestOneInput);

}  // namespace zkcluster::fuzz::mirror_target
