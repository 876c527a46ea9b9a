#include "checker/lead/status_copy.h"

#include <utility>

#include "codec/codec.h"

namespace zkcluster {

StatusCopy::StatusCopy(const ClusterScope& scope, std::function<void()> changed)
    : scope_(scope),
      changed_(std::move(changed)),
      backoff_(std::chrono::milliseconds(20), std::chrono::seconds(2)),
      retry_(scope_.loop.NewTimer([this] { ReadChunks(); })),
      head_node_(scope_.loop, scope_.client, scope_.paths.head(),
                 [this](const auto& node) { OnHead(node); }),
      ledger_node_(scope_.loop, scope_.client, scope_.paths.ledger(),
                   [this](const auto& node) { OnLedger(node); }) {}

bool StatusCopy::whole() const {
  return head_node_.known() && ledger_node_.known() && HasChunks();
}

bool StatusCopy::settled() const {
  return !head_node_.has_news() && !ledger_node_.has_news() && reading_.empty();
}

bool StatusCopy::knows_ledger() const {
  return ledger_ && (ledger_node_.node() || !head_node_.node());
}

std::optional<zk::Stat> StatusCopy::head_stat() const {
  const auto& node = head_node_.node();
  return node ? std::optional(node->stat) : std::nullopt;
}

CarriedBoard StatusCopy::BoardFor(const StoredSpec& spec, const KnownLists& lists) const {
  const auto& head = reader_.head();
  const StatusBoard rows = head ? reader_.Board() : StatusBoard{};
  const BoardFacts facts{
      .rows = rows,
      .list = head ? std::optional(head->spec.shards_zxid) : std::nullopt,
      .decided = head_node_.node().has_value(),
      .mirror = [] { return std::optional<Mirror>(); },
      .newest_since = [] { return Micros(0); },
  };
  return CarryBoard(facts, lists, spec.spec.shards, spec.id.shards_zxid);
}

void StatusCopy::OnHead(const std::optional<zk::Node>& node) {
  retry_->Cancel();
  // Another znode: the versions of chunks may have begun again.
  if (!node || std::exchange(head_czxid_, node->stat.czxid) != node->stat.czxid) {
    reader_ = BoardReader();
    reading_.clear();
    reads_.Reset();
  }
  if (!node) head_czxid_ = 0;
  // The leader and zkctl name what cannot be decoded; for a shadow it is lost.
  if (node) static_cast<void>(reader_.TakeHead(node->data));
  ReadChunks();
  changed_();
}

void StatusCopy::OnLedger(const std::optional<zk::Node>& node) {
  auto ledger = node ? DecodeLedger(node->data) : Result<Ledger>(Ledger{});
  ledger_ = ledger ? std::optional(*std::move(ledger)) : std::nullopt;
  if (node && ledger_) DateOrders(*ledger_, node->stat.version, node->stat.modified);
  changed_();
}

bool StatusCopy::HasChunks() const {
  const auto& head = reader_.head();
  for (std::size_t k = 0; head && k < head->chunks.size(); ++k) {
    if (!reader_.HasChunk(k)) return false;
  }
  return true;
}

void StatusCopy::ReadChunks() {
  const auto& head = reader_.head();
  for (std::size_t k = 0; head && k < head->chunks.size(); ++k) {
    if (reader_.HasChunk(k) || !reading_.insert(k).second) continue;
    scope_.client.Get(scope_.paths.chunk(k), {}, reads_.Guard([this, k](Result<zk::Node> node) {
      reading_.erase(k);
      OnChunk(k, node);
    }));
  }
}

void StatusCopy::OnChunk(std::size_t k, const Result<zk::Node>& node) {
  const auto& head = reader_.head();
  if (!head || k >= head->chunks.size()) return;
  // Another version: a head that names it is on its way, or this server lags.
  if (!node || node->stat.version != head->chunks[k]) {
    head_node_.Refresh();
    return retry_->Arm(backoff_.Next(scope_.loop.Random()));
  }
  backoff_.Reset();
  static_cast<void>(reader_.TakeChunk(k, node->data));
  if (HasChunks()) changed_();
}

}  // namespace zkcluster
