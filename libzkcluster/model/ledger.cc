#include "model/ledger.h"

#include <utility>

namespace zkcluster {

namespace {

template <class Order>
void Date(Order& order, std::int32_t version, Micros modified) {
  const std::optional<Undated> undated = std::exchange(order.undated, std::nullopt);
  if (!undated || undated->ledger != version) return;
  order.since = modified;
  order.until = undated->length == Micros(0) ? Micros(0) : modified + undated->length;
}

}  // namespace

void DateOrders(Ledger& ledger, std::int32_t version, Micros modified) {
  if (ledger.pause) Date(*ledger.pause, version, modified);
  for (auto& [shard, order] : ledger.maintenance) Date(order, version, modified);
}

}  // namespace zkcluster
