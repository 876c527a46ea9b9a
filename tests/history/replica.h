// One cluster's znodes as a history has left them, decoded: the small replica that the judge keeps.
// It knows nothing of who may write what. Pure but for its own state.
#pragma once

#include <zkcluster/time.h>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/ballot.h"
#include "model/board.h"
#include "model/ledger.h"
#include "model/paths.h"
#include "model/registration.h"
#include "tests/fakes/znode_tree.h"
#include "tests/history/spot.h"
#include "zk/client.h"

namespace zkcluster::history {

// One operation of a transaction on one cluster.
struct Touch {
  Spot spot;
  const zk::Op* op = nullptr;
  const zk::OpResult* result = nullptr;
};

struct Slot {
  bool exists = false;
  zk::Version version = 0;
  std::int64_t czxid = 0;
  std::int64_t mzxid = 0;
  std::int64_t writer = 0;  // session that last wrote it
};
struct TextSlot : Slot {
  std::string data;
};
template <class T>
struct DecodedSlot : Slot {
  std::optional<T> value;  // nothing: absent or undecodable
};
struct VoteSlot : Slot {
  std::int64_t owner = 0;                // 0: not ephemeral
  std::shared_ptr<const Ballot> ballot;  // null: undecodable
};
struct CandidateSlot : Slot {
  std::int64_t owner = 0;
  std::optional<CandidateName> name;
};
struct GoVoterSlot : Slot {
  TimePoint since{};
};
using Rows = std::vector<ShardState>;

class Replica {
 public:
  TextSlot base;
  TextSlot shards;
  TextSlot options;
  TextSlot mirror;
  Slot go_bell;
  std::int64_t go_changed = 0;  // zxid: a child of `localstatus` came or left; 0: none ever did
  DecodedSlot<LeaderRecord> leader;
  DecodedSlot<Head> head;
  DecodedSlot<Ledger> ledger;
  std::vector<DecodedSlot<Rows>> chunks;
  std::map<std::size_t, Rows> readable;  // of each chunk, the last rows that could be decoded
  std::map<std::string, VoteSlot, std::less<>> votes;
  std::map<std::string, CandidateSlot, std::less<>> candidates;
  std::map<std::string, GoVoterSlot, std::less<>> go_voters;  // `n_` children of `localstatus`

  // What a transaction replaced; nothing: it did not touch that.
  struct Before {
    std::optional<TextSlot> mirror;
    std::optional<DecodedSlot<LeaderRecord>> leader;
    std::optional<DecodedSlot<Head>> head;
    std::optional<DecodedSlot<Ledger>> ledger;
    std::map<std::size_t, DecodedSlot<Rows>> chunks;
    std::map<std::size_t, Rows> readable;  // of those
  };

  // Applies one operation, and keeps in `before` what it replaces. Returns what does not fit what
  // stands (a check that could not have passed, a set of nothing ...); empty: all well.
  [[nodiscard]] std::string Apply(const Touch& touch, const sim::Transaction& transaction,
                                  Before& before);

  // Row of shard `index`, unknown where its chunk is absent, short or undecodable.
  [[nodiscard]] ShardState RowOf(std::size_t index) const;

 private:
  struct Stamp;
  [[nodiscard]] std::string Change(Slot& slot, const Stamp& stamp);
};

}  // namespace zkcluster::history
