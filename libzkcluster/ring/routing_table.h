// A reader's immutable view: a spec, the status of its shards, and for every point of the ring who
// serves it and since when, computed when it is built, so that a lookup never walks past dead
// shards. Pure; a const table may be read from any number of threads.
#pragma once

#include <zkcluster/ring.h>
#include <zkcluster/shard.h>
#include <zkcluster/spec.h>
#include <memory>
#include <string_view>
#include <vector>

#include "model/board.h"

namespace zkcluster {

class RoutingTable {
 public:
  static constexpr std::uint32_t kNobody = 0xffffffff;

  // Errors: kInvalid from Ring::Build. Reuses `previous`' ring when shards' names and ring are the
  // same. REQUIRES: board.shards.size() == spec.shards.size().
  [[nodiscard]] static Result<std::shared_ptr<const RoutingTable>> Build(
      ClusterSpec spec, StatusBoard board, bool refuse_unknown,
      const RoutingTable* previous = nullptr);

  // Indexes into the spec's shards. `serving` is kNobody when nobody serves the key.
  struct Route {
    std::uint32_t owner;
    std::uint32_t serving;
    Micros since;
  };
  [[nodiscard]] Route Find(std::string_view key) const;
  [[nodiscard]] Location Locate(std::string_view key) const;
  // Reuses what `location`'s strings have allocated: see Cluster::Locate.
  void Locate(std::string_view key, Location& location) const;

  [[nodiscard]] const ClusterSpec& spec() const { return spec_; }
  [[nodiscard]] const StatusBoard& board() const { return board_; }
  [[nodiscard]] const Ring& ring() const { return *ring_; }

 private:
  struct Serving {
    std::uint32_t shard;
    std::int64_t since_us;
  };
  RoutingTable(ClusterSpec spec, StatusBoard board, std::shared_ptr<const Ring> ring,
               bool refuse_unknown);

  ClusterSpec spec_;
  StatusBoard board_;
  std::shared_ptr<const Ring> ring_;
  std::vector<Serving> serving_;  // per point
};

}  // namespace zkcluster
