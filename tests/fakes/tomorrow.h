// A future build, as far as its bytes differ from today's: it reads and writes a format 2, which
// adds a column to the rows of the status, and its probes know a reason that today's do not. With
// it the tests upgrade and downgrade a fleet checker by checker. Pure, but for the prober, which is
// bound to its loop. Loop-bound.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "checker/probe/prober.h"
#include "codec/format.h"

namespace zkcluster::sim {

void WriteColumnOfTomorrow(JsonWriter& row, const ShardState& state);
inline constexpr std::array<Format, 2> kFormatsOfTomorrow = {Format{1, nullptr},
                                                             Format{2, WriteColumnOfTomorrow}};
// Whether any row of these bytes of a chunk has that column.
[[nodiscard]] bool HasColumnOfTomorrow(std::string_view chunk);

// The reason that its probes report for a loading server.
inline constexpr std::string_view kReasonOfTomorrow = "loading_of_tomorrow";
[[nodiscard]] std::unique_ptr<Prober> NewProberOfTomorrow(std::unique_ptr<Prober> prober);

}  // namespace zkcluster::sim
