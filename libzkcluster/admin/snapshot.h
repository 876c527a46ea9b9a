// Everything `quorum/` holds of one cluster, read once: what `zkctl status`, `checkers`, `explain`
// and `list` are computed from. The reads are not one transaction; the head is read last and the
// whole is read again when it moved meanwhile (a few times, then taken as it is). Loop-bound
// conductor (ReadSnapshot); the values are Pure.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "codec/codec.h"
#include "follow/spec_watcher.h"
#include "model/ballot.h"
#include "model/board.h"
#include "model/ledger.h"
#include "model/registration.h"
#include "zk/client.h"

namespace zkcluster {

struct Snapshot {
  struct Candidate {
    std::string node;
    CandidateName name;
    Registration registration;  // only from the name where its bytes cannot be decoded
    zk::Stat stat;  // never rewritten: `modified` is when it was made, by the server's clock
  };
  struct CastBallot {
    std::string id;
    std::optional<Ballot> ballot;  // nothing: undecodable, `error` says why
    std::string error;
    Micros written{0};  // the server's clock
    std::size_t bytes = 0;
    std::string path;
  };
  // A candidate, a ballot or a Go registration that no session owns, or a stray znode among the
  // candidates. It is nobody: none of the lists below contains it.
  struct Ghost {
    enum class Kind { kCandidate, kBallot, kGoChecker, kStray };
    Kind kind = Kind::kStray;
    std::string path;
    std::string id;  // the checker's; of the last two kinds the znode's name
    zk::Version version = 0;
    std::int64_t czxid = 0;
  };
  Micros taken{0};  // when it was read, by this reader's wall clock
  // The same by ZooKeeper's clock, where the reader's session has written before.
  std::optional<Micros> server_time;
  Micros newest_stamp{0};  // ZooKeeper's, of what was read: its clock says at least this
  // When spec, leader, orders or status last changed, by the server's clock; 0: not known.
  Micros changed{0};
  StoredSpec spec;
  // Its znodes were last written by one transaction, as all of ours are; a Go manager writes one
  // after the other.
  bool spec_from_one_write = true;
  std::vector<Candidate> candidates;  // in order of election: the first leads or is about to
  std::optional<LeaderRecord> leader;
  std::optional<zk::Stat> leader_stat;
  std::vector<CastBallot> voters;  // sorted by id
  std::vector<Ghost> ghosts;       // sorted by path
  std::optional<Head> head;
  StatusBoard board;              // in the spec's order; unknown where the head is of another list
  bool board_is_current = false;  // the head is of this very list, and the status is the head's
  std::vector<std::size_t> bad_chunks;  // of a current board: unreadable, their rows are unknown
  bool has_head = false;                // its znode exists, readable or not
  std::optional<Mirror> mirror;         // nothing: absent or undecodable
  std::optional<Ledger> ledger;
  std::vector<std::string> go_voters;  // `n_` znodes of registered Go checkers, sorted
  // The board was read from the Go `status`: there is no head, or Go checkers decided since.
  bool from_go_status = false;
  // Znodes that could not be decoded, for people, one line each; their part of the above is empty.
  std::vector<std::string> problems;
};

// Does not wait for a session: kUnavailable when there is none. Otherwise the errors of
// ClusterAdmin::Get, and kUnknownOutcome or kSessionLost when the connection breaks meanwhile:
// nothing was changed, try again.
void ReadSnapshot(Loop& loop, zk::Client& client, ClusterPaths paths,
                  std::function<void(Result<Snapshot>)> done);

}  // namespace zkcluster
