#include "follow/journal.h"

#include <algorithm>
#include <utility>

#include "codec/codec.h"

namespace zkcluster {
namespace {

constexpr Duration kFirstRetry = std::chrono::milliseconds(100);
constexpr Duration kLongestRetry = std::chrono::milliseconds(500);

// REQUIRES: `node` came from SortJournal.
std::int32_t NumberOf(const std::string& node) {
  return ParseSequence(node).value_or(0);
}

JournalEntry EntryOf(std::string node, const zk::Node& read) {
  return {std::move(node), DecodeEvent(read.data), read.stat.modified};
}

// One ReadJournal, kept by the callbacks of its reads.
struct JournalReading {
  JournalRead done;
  std::vector<std::string> nodes;
  std::vector<std::optional<Result<zk::Node>>> answers;
  std::size_t left = 0;

  void Finish() const {
    std::vector<JournalEntry> entries;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const Result<zk::Node>& node = *answers[i];
      if (node) {
        entries.push_back(EntryOf(nodes[i], *node));
      } else if (node.error().code != ErrorCode::kNotFound) {
        return done(Fail(node.error()));
      }
    }
    done(std::move(entries));
  }
};

}  // namespace

std::vector<std::string> SortJournal(std::vector<std::string> nodes) {
  std::erase_if(nodes, [](const std::string& node) {
    return !node.starts_with("e_") || !ParseSequence(node);
  });
  std::sort(nodes.begin(), nodes.end(), [](const std::string& a, const std::string& b) {
    return SequenceBefore(NumberOf(a), NumberOf(b));
  });
  return nodes;
}

void ReadJournal(zk::Client& client, const ClusterPaths& paths, JournalRead done) {
  client.Children(paths.events(), {},
                  [&client, events = paths.events(),
                   done = std::move(done)](Result<std::vector<std::string>> nodes) {
                    if (!nodes && nodes.error().code != ErrorCode::kNotFound)
                      return done(Fail(nodes.error()));
                    const auto reading = std::make_shared<JournalReading>();
                    reading->done = done;
                    if (nodes) reading->nodes = SortJournal(*std::move(nodes));
                    reading->left = reading->nodes.size();
                    reading->answers.resize(reading->left);
                    if (reading->left == 0) return reading->Finish();
                    for (std::size_t i = 0; i < reading->nodes.size(); ++i) {
                      client.Get(events + "/" + reading->nodes[i], {},
                                 [reading, i](Result<zk::Node> node) {
                                   reading->answers[i] = std::move(node);
                                   if (--reading->left == 0) reading->Finish();
                                 });
                    }
                  });
}

JournalFollower::JournalFollower(Loop& loop, zk::Client& client, const ClusterPaths& paths,
                                 OnEntry on_entry)
    : client_(client),
      loop_(loop),
      events_(paths.events()),
      on_entry_(std::move(on_entry)),
      backoff_(kFirstRetry, kLongestRetry),
      retry_(loop.NewTimer([this] { ReadNext(); })),
      watcher_(loop, client, events_,
               [this](const std::optional<std::vector<std::string>>& nodes) { OnNodes(nodes); }) {}

void JournalFollower::OnNodes(const std::optional<std::vector<std::string>>& nodes) {
  if (!nodes) return StartOver();
  const std::vector<std::string> sorted = SortJournal(*nodes);
  const bool counts_again =
      newest_ && !sorted.empty() && SequenceBefore(NumberOf(sorted.back()), *newest_);
  if (counts_again) StartOver();
  for (const std::string& node : sorted) {
    const std::int32_t number = NumberOf(node);
    if (newest_ && !SequenceBefore(*newest_, number)) continue;
    newest_ = number;
    left_.push_back(node);
  }
  ReadNext();
}

// The cluster is gone; a new one of the same name counts from the beginning. Entries not yet read
// are dropped, or their names would be read from the new journal.
void JournalFollower::StartOver() {
  journal_.Reset();
  retry_->Cancel();
  newest_.reset();
  left_.clear();
  reading_ = false;
}

// Reads one at a time, so that entries are delivered in order.
void JournalFollower::ReadNext() {
  if (reading_ || retry_->armed() || left_.empty()) return;
  reading_ = true;
  client_.Get(events_ + "/" + left_.front(), {}, journal_.Guard([this](Result<zk::Node> node) {
    reading_ = false;
    OnNode(node);
  }));
}

void JournalFollower::OnNode(const Result<zk::Node>& node) {
  if (!node && node.error().code != ErrorCode::kNotFound) {
    return retry_->Arm(backoff_.Next(loop_.Random()));
  }
  backoff_.Reset();
  const std::string name = std::move(left_.front());
  left_.pop_front();
  if (node) on_entry_(EntryOf(name, *node));
  ReadNext();
}

}  // namespace zkcluster
