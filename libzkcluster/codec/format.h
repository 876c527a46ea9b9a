// Format: one way to write what checkers keep under `quorum/`. A build can write several, one for
// each addition; its checkers register the newest (Registration::format) and read every format up
// to it. A leader writes the newest that every registered checker of its cluster reads, so a fleet
// can be upgraded and downgraded checker by checker, with a leader of either version. Readers
// accept every format: see the top of codec.h. Pure.
//
//   1   as of 0.1.0: seven columns in each row of the status
#pragma once

#include <array>
#include <span>

namespace zkcluster {

class JsonWriter;
struct ShardState;

struct Format {
  int number = 1;
  // Writes the columns that it adds to a row of the status, behind the seven of format 1.
  // Null: none. Rows of equal states get equal columns.
  void (*row_tail)(JsonWriter& row, const ShardState& state) = nullptr;
  bool operator==(const Format&) const = default;
};

// What a build can write, in the order of their numbers, beginning with 1. The tests have a build
// with one more.
using Formats = std::span<const Format>;
inline constexpr std::array<Format, 1> kFormats = {Format{1, nullptr}};

// The newest of `formats` that is not above `number`; the first if all are above it.
[[nodiscard]] const Format& NewestFormat(Formats formats, int number);

}  // namespace zkcluster
