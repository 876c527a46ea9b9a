// Shared by the micro benchmarks: a spec of many shards, and keys as programs have them. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace zkcluster::bench {

inline ClusterSpec MakeSpec(std::size_t shards, RingSpec ring = {}) {
  ClusterSpec spec;
  spec.name = "sessions";
  spec.version = 1'795'224'346'402'646;
  spec.ring = ring;
  for (std::size_t i = 0; i < shards; ++i) {
    const std::string host = "10." + std::to_string(i / 250) + "." + std::to_string(i % 250);
    spec.shards.push_back({"shard-" + std::to_string(i), host + ".1:6379"});
  }
  return spec;
}

// 65,536 keys of 20 bytes: more than fit the first caches together with the points they fall on.
class Keys {
 public:
  static constexpr std::size_t kCount = 65'536;
  static constexpr std::size_t kBytes = 20;
  Keys() {
    std::mt19937_64 random(1);
    for (std::size_t i = 0; i < kCount; ++i) {
      std::string key = "user:" + std::to_string(random());
      key.resize(kBytes, '0');
      text_ += key;
    }
  }
  [[nodiscard]] std::string_view operator[](std::size_t i) const {
    return std::string_view(text_).substr(i % kCount * kBytes, kBytes);
  }

 private:
  std::string text_;
};

}  // namespace zkcluster::bench
