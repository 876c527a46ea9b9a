#include "admin/snapshot.h"

#include <algorithm>
#include <utility>

#include "codec/board_reader.h"
#include "follow/spec_read.h"

namespace zkcluster {
namespace {

// A busy leader moves the head a few times a second;
// three rounds of a few milliseconds meet a pause.
constexpr int kMaxRounds = 3;

struct Reading : std::enable_shared_from_this<Reading> {
  using Names = std::vector<std::string>;

  Reading(Loop& l, zk::Client& c, ClusterPaths p, std::function<void(Result<Snapshot>)> d)
      : loop(l), client(c), paths(std::move(p)), done(std::move(d)) {}

  void Start() {
    ++rounds;
    snapshot = {};
    error.reset();
    reader = {};
    chunks.clear();
    ReadRawSpec(client, paths, [self = shared_from_this()](Result<RawSpec> raw) {
      if (!raw) return self->done(Fail(raw.error()));
      auto stored = DecodeStoredSpec(self->paths.name(), *raw);
      if (!stored) return self->done(Fail(stored.error()));
      self->snapshot.spec = std::move(*stored);
      self->snapshot.spec_from_one_write = raw->FromOneWrite();
      for (const auto* part : {&raw->base, &raw->shards, &raw->options}) self->NoteChange(**part);
      self->ReadParts();
    });
  }

  // Both stages rely on the order of a session's answers: the last one finds all others in place.
  void ReadParts() {
    const auto self = shared_from_this();
    Get(paths.leader(), [self](const zk::Node& node) {
      self->snapshot.leader_stat = node.stat;
      self->NoteChange(node);
      self->Take(DecodeLeader(node.data), "leader", self->snapshot.leader);
    });
    Get(paths.ledger(), [self](const zk::Node& node) {
      self->NoteChange(node);
      self->Take(DecodeLedger(node.data), "ledger", self->snapshot.ledger);
      auto& ledger = self->snapshot.ledger;
      if (ledger) DateOrders(*ledger, node.stat.version, node.stat.modified);
    });
    List(paths.go_voters(), [self](Names names) {
      std::erase_if(names, [](const auto& name) { return !IsGoVoter(name); });
      self->go_nodes = std::move(names);
    });
    client.Exists(paths.go_voters(), {}, [self](const Result<std::optional<zk::Stat>>& stat) {
      if (!stat) return self->Failed(stat.error(), self->paths.go_voters());
      self->go = *stat;
    });
    List(paths.election(), [self](const Names& names) { self->candidate_nodes = names; });
    List(paths.votes(), [self](const Names& names) { self->voter_ids = names; });
    head.reset();
    Get(paths.head(), [self](const zk::Node& node) {
      self->NoteChange(node);
      self->head = node;
    });
    mirror.reset();
    Get(paths.mirror(), [self](const zk::Node& node) { self->mirror = node; });
    Then([self] { self->ReadLeaves(); });
  }

  void ReadLeaves() {
    const auto self = shared_from_this();
    using Kind = Snapshot::Ghost::Kind;
    for (const auto& node : candidate_nodes) {
      const std::string path = paths.candidate(node);
      const auto name = ParseCandidateName(node);
      const Kind kind = name ? Kind::kCandidate : Kind::kStray;
      GetOwned(path, kind, name ? name->id : node,
               [self, node, name, path](const zk::Stat& stat, const Result<zk::Node>& read) {
                 if (name) return self->TakeCandidate({node, *name, {}, stat}, path, read);
                 self->snapshot.problems.push_back("candidate " + node + " (" + path +
                                                   "): not a name of ours");
               });
    }
    for (const auto& id : voter_ids) {
      GetOwned(paths.vote(id), Kind::kBallot, id,
               [self, id](const zk::Stat& stat, const Result<zk::Node>& read) {
                 self->TakeBallot(id, stat, read);
               });
    }
    for (const auto& node : go_nodes) {
      FindOwner(paths.go_voters() + "/" + node, Kind::kGoChecker, node,
                [self, node](const zk::Stat&) { self->snapshot.go_voters.push_back(node); });
    }
    ReadChunks();
  }

  void TakeCandidate(Snapshot::Candidate candidate, const std::string& path,
                     const Result<zk::Node>& read) {
    candidate.registration.id = candidate.name.id;
    auto registration =
        read ? DecodeRegistration(read->data) : Result<Registration>(Fail(read.error()));
    if (registration) {
      candidate.registration = std::move(*registration);
    } else {
      snapshot.problems.push_back("candidate " + candidate.node + " (" + path +
                                  "): " + registration.error().message);
    }
    snapshot.candidates.push_back(std::move(candidate));
  }

  void TakeBallot(const std::string& id, const zk::Stat& stat, const Result<zk::Node>& read) {
    Snapshot::CastBallot voter{
        id, std::nullopt, {}, stat.modified, read ? read->data.size() : 0, paths.vote(id)};
    auto ballot = read ? DecodeBallot(read->data) : Result<Ballot>(Fail(read.error()));
    if (ballot) {
      voter.ballot = std::move(*ballot);
    } else {
      voter.error = ballot.error().message;
      snapshot.problems.push_back("ballot " + id + " (" + voter.path + "): " + voter.error);
    }
    snapshot.voters.push_back(std::move(voter));
  }

  void ReadChunks() {
    const auto self = shared_from_this();
    if (head) {
      if (const auto problem = reader.TakeHead(head->data)) {
        snapshot.problems.push_back("head: " + problem->message);
      }
      snapshot.head = reader.head();
      if (snapshot.head) {
        chunks.resize(snapshot.head->chunks.size());
        for (std::size_t k = 0; k < chunks.size(); ++k) {
          Get(paths.chunk(k), [self, k](const zk::Node& node) { self->chunks[k] = node; });
        }
      }
    }
    client.Exists(paths.head(), {}, [self](Result<std::optional<zk::Stat>> stat) {
      if (!stat) return self->Failed(stat.error(), self->paths.head());
      self->head_now = *stat;
    });
    Then([self] { self->End(); });
  }

  void End() {
    const bool moved =
        head.has_value() != head_now.has_value() || (head && head->stat.mzxid != head_now->mzxid);
    if (moved && rounds < kMaxRounds) return Start();
    snapshot.taken = loop.WallNow();
    snapshot.server_time = client.server_time();

    std::sort(snapshot.candidates.begin(), snapshot.candidates.end(),
              [](const auto& a, const auto& b) {
                // The checkers' order: at its end the counter no longer grows.
                if (a.name.sequence == b.name.sequence) return a.node < b.node;
                return SequenceBefore(a.name.sequence, b.name.sequence);
              });
    std::sort(snapshot.voters.begin(), snapshot.voters.end(),
              [](const auto& a, const auto& b) { return a.id < b.id; });
    std::sort(snapshot.ghosts.begin(), snapshot.ghosts.end(),
              [](const auto& a, const auto& b) { return a.path < b.path; });
    std::sort(snapshot.go_voters.begin(), snapshot.go_voters.end());
    snapshot.board.shards.resize(snapshot.spec.spec.shards.size());
    snapshot.has_head = head.has_value();
    if (mirror) TakeMirror();
    if (head && !GoDecided()) {
      PlaceChunks();
    } else if (snapshot.mirror) {
      snapshot.from_go_status = true;
      snapshot.board = FromMirror(*snapshot.mirror, snapshot.spec.spec.shards);
    }
    done(std::move(snapshot));
  }

  [[nodiscard]] bool GoDecided() const {
    return mirror && go && snapshot.mirror && !snapshot.mirror->empty() &&
           IsDecidedByGo({.head = head->stat.mzxid,
                          .mirror = mirror->stat.mzxid,
                          .go_born = go->czxid,
                          .go_changed = go->pzxid});
  }

  void PlaceChunks() {
    auto& rows = snapshot.board.shards;
    // The zxid of the list, not the version: a Go manager moves the version without
    // touching the list.
    snapshot.board_is_current = snapshot.head &&
                                snapshot.head->spec.shards_zxid == snapshot.spec.id.shards_zxid &&
                                snapshot.head->shards == rows.size();
    if (!snapshot.board_is_current) return;
    for (std::size_t k = 0; k < chunks.size(); ++k) {
      const auto problem =
          reader.TakeChunk(k, chunks[k] ? BoardReader::Bytes(chunks[k]->data) : std::nullopt);
      if (problem) {
        snapshot.bad_chunks.push_back(k);
        snapshot.problems.push_back("status chunk " + std::to_string(k) + ": " + problem->message);
      } else {
        std::ranges::copy(*reader.Rows(k),
                          rows.begin() + static_cast<std::ptrdiff_t>(k * kChunkShards));
      }
    }
  }

  void TakeMirror() {
    auto entries = BoardReader::ReadMirror(mirror->data);
    if (entries) {
      snapshot.mirror = std::move(*entries);
    } else if (!head) {  // else nothing depends on it
      snapshot.problems.push_back("Go status: " + entries.error().message);
    }
  }

  // --- reading ---

  // What is absent is left out: nothing under `quorum/` has to be there.
  void Get(const std::string& path, std::function<void(const zk::Node&)> take) {
    client.Get(path, {}, [self = shared_from_this(), path, take](const Result<zk::Node>& node) {
      if (node) {
        self->See(node->stat);
        take(*node);
      } else {
        self->Failed(node.error(), path);
      }
    });
  }
  // A znode that a session should own. `take` gets its stat unless it is a ghost; to ask who owns
  // it nobody needs a right.
  void FindOwner(const std::string& path, Snapshot::Ghost::Kind kind, const std::string& id,
                 std::function<void(const zk::Stat&)> take) {
    client.Exists(
        path, {},
        [self = shared_from_this(), path, kind, id,
         take](const Result<std::optional<zk::Stat>>& stat) {
          if (!stat) return self->Failed(stat.error(), path);
          if (!*stat) return;
          self->See(**stat);
          if ((*stat)->has_owner()) return take(**stat);
          self->snapshot.ghosts.push_back({kind, path, id, (*stat)->version, (*stat)->czxid});
        });
  }
  // The same with its data, or why they may not be read: one checker's own that nobody else may
  // read must not hide the others. Of two reads the second may be of a later incarnation.
  void GetOwned(const std::string& path, Snapshot::Ghost::Kind kind, const std::string& id,
                std::function<void(const zk::Stat&, const Result<zk::Node>&)> take) {
    const auto owner = std::make_shared<std::optional<zk::Stat>>();
    FindOwner(path, kind, id, [owner](const zk::Stat& stat) { *owner = stat; });
    client.Get(path, {},
               [self = shared_from_this(), path, owner, take](const Result<zk::Node>& node) {
                 if (!node && node.error().code != ErrorCode::kDenied) {
                   return self->Failed(node.error(), path);
                 }
                 if (*owner && (!node || node->stat.has_owner())) {
                   take(node ? node->stat : **owner, node);
                 }
               });
  }
  void See(const zk::Stat& stat) {
    snapshot.newest_stamp = std::max(snapshot.newest_stamp, stat.modified);
  }
  void List(const std::string& path, std::function<void(Names)> take) {
    client.Children(path, {}, [self = shared_from_this(), path, take](Result<Names> names) {
      if (names) {
        take(std::move(*names));
      } else {
        self->Failed(names.error(), path);
        take({});
      }
    });
  }
  void Failed(const Error& failure, const std::string& path) {
    if (failure.code != ErrorCode::kNotFound && !error) error = failure.Within("read " + path);
  }
  // After everything asked so far has been answered.
  void Then(std::function<void()> next) {
    client.Exists(paths.base(), {},
                  [self = shared_from_this(), next](Result<std::optional<zk::Stat>> stat) {
                    if (!stat) self->Failed(stat.error(), self->paths.base());
                    if (self->error) return self->done(Fail(*self->error));
                    // Deleted, or another cluster by now: what was read of it belongs to nothing.
                    if (!*stat || (*stat)->czxid != self->snapshot.spec.incarnation) {
                      return self->done(
                          Fail(ErrorCode::kNotFound, "no cluster \"" + self->paths.name() + "\""));
                    }
                    next();
                  });
  }
  void NoteChange(const zk::Node& node) {
    snapshot.changed = std::max(snapshot.changed, node.stat.modified);
  }
  template <class T>
  void Take(Result<T> decoded, const std::string& what, std::optional<T>& target) {
    if (decoded) {
      target = std::move(*decoded);
    } else {
      snapshot.problems.push_back(what + ": " + decoded.error().message);
    }
  }

  Loop& loop;
  zk::Client& client;
  ClusterPaths paths;
  std::function<void(Result<Snapshot>)> done;
  Snapshot snapshot;
  std::optional<Error> error;
  Names candidate_nodes;
  Names voter_ids;
  Names go_nodes;
  std::optional<zk::Node> head;
  std::optional<zk::Stat> head_now;
  std::optional<zk::Node> mirror;
  std::optional<zk::Stat> go;  // of `localstatus`
  BoardReader reader;
  std::vector<std::optional<zk::Node>> chunks;
  int rounds = 0;
};

}  // namespace

void ReadSnapshot(Loop& loop, zk::Client& client, ClusterPaths paths,
                  std::function<void(Result<Snapshot>)> done) {
  // In a later turn, as everything asynchronous here.
  loop.Post([reading = std::make_shared<Reading>(loop, client, std::move(paths), std::move(done))] {
    reading->Start();
  });
}

}  // namespace zkcluster
