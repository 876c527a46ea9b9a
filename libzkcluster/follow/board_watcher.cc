#include "follow/board_watcher.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/backoff.h"
#include "base/lifetime.h"
#include "codec/board_reader.h"
#include "follow/spec_watcher.h"
#include "model/known_lists.h"
#include "zk/watcher.h"

namespace zkcluster {
namespace {

// A head of the list before last still finds its list; older heads are soon replaced.
constexpr std::size_t kListsHeld = 4;
// When the chunks of one head do not match after this many reads, with growing pauses in between,
// it is not a race.
constexpr int kMaxMismatches = 8;

// Where a decided board comes from; what is not newer than this is never applied.
struct Source {
  std::int64_t czxid = 0;  // of the head; 0: the Go status
  std::int64_t mzxid = 0;
  std::int64_t epoch = 0;
  std::int64_t sequence = 0;
  [[nodiscard]] bool After(const Source& other) const {
    if (mzxid < other.mzxid) return false;
    return czxid != other.czxid ||
           std::pair(epoch, sequence) >= std::pair(other.epoch, other.sequence);
  }
};

// What is known of one cluster, from its creation to its end. Pure.
struct Known {
  std::optional<StoredSpec> spec;
  KnownLists lists{kListsHeld};
  StatusBoard board;             // in the order of `spec`
  Source source;                 // of `board`
  std::optional<Mirror> mirror;  // when `board` comes from there
  bool status = false;           // it is known what head or mirror say, or that there is neither

  void Take(const StoredSpec& next) {
    if (!spec) board.shards.resize(next.spec.shards.size());
    if (spec) Carry(next.spec.shards);
    spec = next;
    lists.Add(spec->id.shards_zxid, spec->spec.shards);
  }
  void TakeMirror(Mirror entries, std::int64_t mzxid) {
    mirror = std::move(entries);
    board = FromMirror(*mirror, spec->spec.shards);
    source = {0, mzxid, 0, 0};
  }
  // Rows of an undecodable chunk stay as they were, and what was lost to the checkers
  // is not lost to us. `list`: the head's.
  void TakeRows(const BoardReader& reader, const std::vector<ShardSpec>& list, const Source& from) {
    StatusBoard next = CarryOver(board, spec->spec.shards, list);
    const bool missed = from.sequence != source.sequence + 1;
    for (std::size_t k = 0; k < reader.head()->chunks.size(); ++k) {
      const auto* const rows = reader.Rows(k);
      if (rows == nullptr) continue;
      for (std::size_t row = 0; row < rows->size(); ++row) {
        ShardState& state = next.shards[k * kChunkShards + row];
        if ((*rows)[row].lost() && state.status != ShardStatus::kUnknown) {
          // A return and another death may have passed us by: stand-ins are trusted from the loss.
          if (missed) state.since = std::max(state.since, (*rows)[row].since);
          continue;
        }
        state = (*rows)[row];
      }
    }
    mirror.reset();
    board = list == spec->spec.shards ? std::move(next) : CarryOver(next, list, spec->spec.shards);
    source = from;
  }

 private:
  void Carry(const std::vector<ShardSpec>& list) {
    if (spec->spec.shards == list) return;
    board = mirror ? FromMirror(*mirror, list) : CarryOver(board, spec->spec.shards, list);
  }
};

// What was read last: the head, and its chunks as they arrive.
struct HeadRead {
  BoardReader reader;                  // holds the head as the watcher has it, decoded
  std::optional<std::int64_t> judged;  // mzxid of the newest that the reader has seen
  std::int64_t czxid = 0;              // of that one
  std::set<std::size_t> asked;         // chunks that are on their way
  int mismatches = 0;
  Lifetime answers;

  // Chunks that were read, or are on their way, belong to another znode.
  void Forget() {
    reader = {};
    asked.clear();
    answers.Reset();
  }
};

}  // namespace

struct BoardWatcher::Impl {
  Impl(Loop& l, zk::Client& c, const ClusterPaths& p, Callbacks cb, Counters& n)
      : loop(l),
        client(c),
        paths(p),
        callbacks(std::move(cb)),
        counters(n),
        backoff(std::chrono::milliseconds(20), std::chrono::milliseconds(500)),
        retry(loop.NewTimer([this] {
          head_watcher.Refresh();
          Evaluate();
        })),
        settle(loop.NewTimer([this] { Evaluate(); })),
        spec_watcher(loop, client, paths, [this](const auto& state) { OnSpec(state); }),
        go_watcher(loop, client, paths.go_voters(), [this](const auto&) { Evaluate(); }),
        head_watcher(loop, client, paths.head(), [this](const auto&) { Evaluate(); }) {}

  void OnSpec(const SpecWatcher::State& state) {
    switch (state.trouble) {
      case SpecWatcher::Trouble::kNone:
        return Adopt(*state.spec);
      case SpecWatcher::Trouble::kAbsent:
        return callbacks.troubled({ErrorCode::kNotFound, state.error});
      case SpecWatcher::Trouble::kBad:
        ++counters.bad_payloads;
        break;
      case SpecWatcher::Trouble::kIncomplete:
        break;
    }
    callbacks.troubled({ErrorCode::kBadData, state.error});
  }

  void Adopt(const StoredSpec& next) {
    const auto& spec = known.spec;
    if (!spec || spec->incarnation != next.incarnation) {
      StartOver();
    } else if (std::pair(next.base_version, next.id.shards_zxid) <
               std::pair(spec->base_version, spec->id.shards_zxid)) {
      // From a server that lags behind the one before. The version inside proves nothing: the
      // clocks of two operators differ.
      return;
    }
    known.Take(next);
    Publish();
    Evaluate();
  }

  // Another cluster of the same name: no decision about the old one holds. The last view stays until
  // the new cluster is known.
  void StartOver() {
    known = {};
    read.Forget();
    read.judged.reset();
    judged_mirror.reset();
  }

  // Draws conclusions from the watchers' current values; may be called at any time.
  void Evaluate() {
    if (!known.spec || !head_watcher.known()) return;
    const auto& head = head_watcher.node();
    // Left over from the cluster before this one; the news of its end is on the way.
    if (head && head->stat.czxid < known.spec->incarnation) return;
    const bool asks_mirror = !head || IsDecidedByGo(StampsOf(*head, head->stat.mzxid + 1));
    if (!asks_mirror) {
      mirror_watcher.reset();
    } else if (!mirror_watcher) {
      mirror_watcher = std::make_unique<zk::NodeWatcher>(loop, client, paths.mirror(),
                                                         [this](const auto&) { Evaluate(); });
    }
    if (asks_mirror && !mirror_watcher->known()) return;
    if (asks_mirror) {
      const auto& node = mirror_watcher->node();
      if (node && node->stat.czxid < known.spec->incarnation) return;
      // Our leader writes both in one transaction, and the mirror's news may be read first.
      const bool stale = head_watcher.has_news();
      if (stale) settle->Arm(backoff.Next(loop.Random()));
      if (node && !stale && (!head || IsDecidedByGo(StampsOf(*head, node->stat.mzxid)))) {
        EvaluateMirror(*node, !head);
      }
    }
    // A head that is older than the mirror that we follow is not applied.
    return head ? EvaluateHead(*head) : StatusKnown();
  }

  [[nodiscard]] StatusStamps StampsOf(const zk::Node& head, std::int64_t mirror_zxid) const {
    const auto& go = go_watcher.stat();
    return {.head = head.stat.mzxid,
            .mirror = mirror_zxid,
            .go_born = go ? go->czxid : 0,
            .go_changed = go ? go->pzxid : 0};
  }

  // `alone`: there is no head. Beside one, a mirror that says nothing is not followed.
  void EvaluateMirror(const zk::Node& node, bool alone) {
    if (judged_mirror == node.stat.mzxid) return;
    judged_mirror = node.stat.mzxid;
    // Also when the head has only just gone: our leader writes both in one transaction.
    if (node.stat.mzxid <= known.source.mzxid) return;
    auto entries = BoardReader::ReadMirror(node.data);
    if (!entries) return Bad(entries.error().Within("read " + paths.mirror()));
    if (!alone && entries->empty()) return;
    known.TakeMirror(std::move(*entries), node.stat.mzxid);
  }

  void EvaluateHead(const zk::Node& node) {
    if (read.judged != node.stat.mzxid) {
      read.judged = node.stat.mzxid;
      read.mismatches = 0;
      // Another znode: a leader created it again because versions have begun again.
      if (std::exchange(read.czxid, node.stat.czxid) != node.stat.czxid) read.Forget();
      retry->Cancel();
      if (const auto problem = read.reader.TakeHead(node.data)) {
        Bad(problem->Within("read " + paths.head()));
        return StatusKnown();
      }
    }
    const std::optional<Head>& head = read.reader.head();
    if (!head) return StatusKnown();  // undecodable; what Go checkers decide beside it counts
    const Source next{node.stat.czxid, node.stat.mzxid, head->epoch, head->sequence};
    if (!next.After(known.source)) return StatusKnown();
    const auto* const list = known.lists.Find(head->spec.shards_zxid);
    if (list == nullptr || list->size() != head->shards) {
      // If its list has not arrived yet, the list's arrival calls this again. If its list is
      // forgotten, nothing can be placed.
      if (head->spec.shards_zxid <= known.spec->id.shards_zxid) StatusKnown();
      return;
    }
    if (!HaveChunks()) return;
    known.TakeRows(read.reader, *list, next);
    backoff.Reset();
    retry->Cancel();
    StatusKnown();
  }

  // Asks for what is missing.
  bool HaveChunks() {
    bool complete = true;
    for (std::size_t k = 0; k < read.reader.head()->chunks.size(); ++k) {
      if (read.reader.HasChunk(k)) continue;
      complete = false;
      if (retry->armed() || !read.asked.insert(k).second) continue;
      client.Get(paths.chunk(k), {}, read.answers.Guard([this, k](Result<zk::Node> node) {
        read.asked.erase(k);
        ++counters.chunk_reads;
        OnChunk(k, node);
      }));
    }
    return complete;
  }

  void OnChunk(std::size_t k, const Result<zk::Node>& node) {
    const std::optional<Head>& head = read.reader.head();
    if (!head || k >= head->chunks.size()) return Evaluate();
    const std::string name = "status chunk " + std::to_string(k);
    if (!node && node.error().code != ErrorCode::kNotFound) return ReadAgain();
    // Written after the head: in a cluster that was created again, whose versions begin again.
    const bool later = node && read.judged && node->stat.mzxid > *read.judged;
    if (!node || node->stat.version != head->chunks[k] || later) {
      // Newer: its head is on the way, and the chunks are half of the old decision and half of the
      // next. Older or absent: a server that lags, or a writer's bug.
      if (++read.mismatches == kMaxMismatches) {
        Bad({ErrorCode::kBadData, name + ": is not the version that the head names"});
        StatusKnown();
      }
      return ReadAgain();
    }
    if (const auto problem = read.reader.TakeChunk(k, node->data)) Bad(problem->Within(name));
    Evaluate();
  }

  void ReadAgain() {
    head_watcher.Refresh();
    if (!retry->armed()) retry->Arm(backoff.Next(loop.Random()));
  }

  void Bad(const Error& error) {
    ++counters.bad_payloads;
    callbacks.troubled({ErrorCode::kBadData, error.message});
  }

  // The status is known as far as possible: from now on every change is published.
  void StatusKnown() {
    known.status = true;
    Publish();
  }

  void Publish() {
    if (!known.spec || !known.status) return;
    const StoredSpec& spec = *known.spec;
    callbacks.changed(
        {spec.spec, known.board, spec.incarnation, known.source.epoch, known.source.sequence});
  }

  Loop& loop;
  zk::Client& client;
  const ClusterPaths paths;
  const Callbacks callbacks;
  Counters& counters;

  Known known;
  std::optional<std::int64_t> judged_mirror;  // mzxid of the newest that was read

  Backoff backoff;
  std::unique_ptr<Timer> retry;
  std::unique_ptr<Timer> settle;  // until the head has no news
  SpecWatcher spec_watcher;
  zk::StatWatcher go_watcher;  // made before the head's, so that its first answer comes first
  zk::NodeWatcher head_watcher;
  std::unique_ptr<zk::NodeWatcher> mirror_watcher;
  HeadRead read;  // last, as it holds the Lifetime
};

BoardWatcher::BoardWatcher(Loop& loop, zk::Client& client, ClusterPaths paths, Callbacks callbacks)
    : impl_(std::make_unique<Impl>(loop, client, paths, std::move(callbacks), counters_)) {}

BoardWatcher::~BoardWatcher() = default;

bool BoardWatcher::has_spec() const {
  return impl_->known.spec.has_value();
}

}  // namespace zkcluster
