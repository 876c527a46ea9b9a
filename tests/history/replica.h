// One cluster's znodes after a history, decoded: the small replica that the judge keeps. It does
// not know who may write what. Pure apart from its own state.
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
  std::int64_t writer = 0;  // the session that wrote it last
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
  // A ballot without a session is a ghost's.
  [[nodiscard]] bool counts() const { return ballot != nullptr && owner != 0; }
};
struct CandidateSlot : Slot {
  std::int64_t owner = 0;
  std::optional<CandidateName> name;
};
struct GoVoterSlot : Slot {
  std::int64_t owner = 0;  // 0: a ghost
  TimePoint since{};
};
using Rows = std::vector<ShardState>;

class Replica {
 public:
  TextSlot base;
  TextSlot shards;
  TextSlot options;
  TextSlot mirror;
  Slot go_signal;
  std::int64_t go_changed = 0;  // zxid: a child of `localstatus` came or left; 0: none ever did
  DecodedSlot<LeaderRecord> leader;
  DecodedSlot<Head> head;
  DecodedSlot<Ledger> ledger;
  std::vector<DecodedSlot<Rows>> chunks;
  std::map<std::size_t, Rows> readable;  // the last rows of each chunk that could be decoded
  std::map<std::string, VoteSlot, std::less<>> votes;
  std::map<std::string, CandidateSlot, std::less<>> candidates;
  std::map<std::string, GoVoterSlot, std::less<>> go_voters;  // `n_` children of `localstatus`

  // What a transaction replaced. Nothing: it did not touch that znode.
  struct Before {
    std::optional<TextSlot> mirror;
    std::optional<DecodedSlot<LeaderRecord>> leader;
    std::optional<DecodedSlot<Head>> head;
    std::optional<DecodedSlot<Ledger>> ledger;
    std::map<std::size_t, DecodedSlot<Rows>> chunks;
    std::map<std::size_t, Rows> readable;  // for these chunks
  };

  // Applies one operation, and keeps in `before` what it replaces. Returns why the operation cannot
  // have succeeded (a failed check, a set of an absent znode ...); empty: it fits.
  [[nodiscard]] std::string Apply(const Touch& touch, const sim::Transaction& transaction,
                                  Before& before);

  // The row of shard `index`; unknown where its chunk is absent, too short or undecodable.
  [[nodiscard]] ShardState RowOf(std::size_t index) const;

 private:
  struct Stamp;
  [[nodiscard]] std::string Change(Slot& slot, const Stamp& stamp);
};

}  // namespace zkcluster::history
