#include "checker/election/epoch_finder.h"

#include <algorithm>
#include <utility>

#include "checker/rules/succession.h"
#include "codec/codec.h"
#include "follow/journal.h"

namespace zkcluster {

EpochFinder::EpochFinder(ClusterScope scope) : scope_(std::move(scope)) {}

void EpochFinder::Find(Done done, Failed failed) {
  search_.Reset();
  done_ = std::move(done);
  failed_ = std::move(failed);
  scope_.client.Get(scope_.paths.leader(), {}, Guard([this](Result<zk::Node> node) {
                      if (node) return OnLeader(*node);
                      if (node.error().code != ErrorCode::kNotFound) {
                        return failed_(node.error(), "read leader");
                      }
                      ReadHead({1, std::nullopt, {}});
                    }));
}

void EpochFinder::OnLeader(const zk::Node& node) {
  if (const auto last = DecodeLeader(node.data)) {
    return done_({last->epoch + 1, node.stat.version, DepositionsOf(*last, node.stat.modified)});
  }
  scope_.logger.Error("election.bad_leader_record",
                      {{"cluster", scope_.paths.name()}, {"path", scope_.paths.leader()}});
  // `leader` is written once per epoch, so its version + 2 exceeds every epoch so far.
  ReadHead({std::int64_t{node.stat.version} + 2, node.stat.version, {}});
}

// The head holds the epoch of the last decision.
void EpochFinder::ReadHead(Found found) {
  scope_.client.Get(scope_.paths.head(), {}, Guard([this, found](Result<zk::Node> head) mutable {
                      if (!head && head.error().code != ErrorCode::kNotFound) {
                        return failed_(head.error(), "read the last epoch");
                      }
                      const auto decoded = head ? DecodeHead(head->data) : Result<Head>();
                      if (decoded) found.epoch = std::max(found.epoch, decoded->epoch + 1);
                      // Each decision wrote the head once, and each epoch began with one take-over.
                      if (!decoded) found.epoch += std::int64_t{head->stat.version} + 1;
                      ListJournal(found);
                    }));
}

// An epoch may pass without a decision. But each take-over wrote a journal entry, and the newest
// entries are kept.
void EpochFinder::ListJournal(Found found) {
  scope_.client.Children(scope_.paths.events(), {},
                         Guard([this, found](Result<std::vector<std::string>> nodes) {
                           if (nodes) return ReadJournal(found, SortJournal(*std::move(nodes)));
                           if (nodes.error().code == ErrorCode::kNotFound) return done_(found);
                           failed_(nodes.error(), "read the journal for the last epoch");
                         }));
}

// Searches backwards from the newest entry, the last of `entries`, for one that names an epoch.
void EpochFinder::ReadJournal(Found found, std::vector<std::string> entries) {
  if (entries.empty()) return done_(found);
  const std::string path = scope_.paths.events() + "/" + entries.back();
  entries.pop_back();
  scope_.client.Get(
      path, {}, Guard([this, found, entries = std::move(entries)](Result<zk::Node> node) mutable {
        if (!node && node.error().code != ErrorCode::kNotFound) {
          return failed_(node.error(), "read the journal for the last epoch");
        }
        const auto event = node ? DecodeEvent(node->data) : Result<Event>(Event());
        if (!event || event->epoch == 0) return ReadJournal(found, std::move(entries));
        found.epoch = std::max(found.epoch, event->epoch + 1);
        done_(found);
      }));
}

}  // namespace zkcluster
