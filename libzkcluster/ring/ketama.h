// Where twemproxy puts points and keys when a pool says `distribution: ketama`; clients of
// memcached call the same "libmemcached-compatible ketama". It is a wire format: one wrong point
// moves keys of a fleet that came from twemproxy. tests/integration/nutcracker_test.cc compares it
// with the real `nutcracker`. Pure.
//
// A shard of mean weight holds 160 points: four 32-bit little-endian words from each MD5 of
// "NAME-0", "NAME-1" .. "NAME-39". NAME is the server's name in nutcracker.yml; of a server without
// one it is "host:port", and only "host" where the port is 11211.
#pragma once

#include <zkcluster/ring.h>
#include <zkcluster/spec.h>
#include <cstdint>
#include <string_view>
#include <vector>

namespace zkcluster::ketama {

// `hash: fnv1a_64`, which in twemproxy has 32 bits and takes bytes above 0x7f as negative numbers,
// as C's `char` is on x86.
[[nodiscard]] inline std::uint32_t HashFnv1a64(std::string_view key) {
  constexpr std::uint32_t kStart = 0x84222325;  // the lower halves of FNV's 64-bit constants
  constexpr std::uint32_t kPrime = 0x000001b3;
  std::uint32_t hash = kStart;
  for (const char c : key) {
    hash ^= static_cast<std::uint32_t>(std::int32_t{static_cast<signed char>(c)});
    hash *= kPrime;
  }
  return hash;
}

// `hash: md5`: the first four bytes of the digest, little-endian.
[[nodiscard]] std::uint32_t HashMd5(std::string_view key);

// The number of points of shards with these weights, in the order of the list: 160 times the weight
// over the mean, rounded down to a multiple of 4 in single precision, as twemproxy computes it. 0
// is possible: a fortieth of the mean and less gets no key. REQUIRES: weights of 1 .. kMaxWeight.
[[nodiscard]] std::vector<std::uint32_t> PointCounts(const std::vector<ShardSpec>& shards);

// All points in the order of the list, not sorted.
[[nodiscard]] std::vector<Ring::Point> Points(const std::vector<ShardSpec>& shards);

}  // namespace zkcluster::ketama
