#include "tests/history/table_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace zkcluster::history {
namespace {

const ClusterSpec* FindList(const IncarnationRecord& record, std::int64_t shards_zxid) {
  const auto found = std::find_if(record.specs.rbegin(), record.specs.rend(),
                                  [&](const auto& s) { return s.id.shards_zxid == shards_zxid; });
  return found == record.specs.rend() ? nullptr : found->spec.get();
}

// The row of a shard of `spec` in a head, which may be of another list. Nothing: that list does not
// have this shard.
std::optional<std::size_t> FindRow(const IncarnationRecord& record, const HeadRecord& head,
                                   const SpecRecord& spec, std::size_t shard) {
  if (head.spec.shards_zxid == spec.id.shards_zxid) return shard;
  const ClusterSpec* const list = FindList(record, head.spec.shards_zxid);
  if (list == nullptr) return std::nullopt;
  const auto found = std::ranges::find(list->shards, spec.spec->shards[shard]);
  if (found == list->shards.end()) return std::nullopt;
  return static_cast<std::size_t>(found - list->shards.begin());
}

// Compares a client's table with one row, and counts the excuses that this needs.
struct Glance {
  const HeadRecord& head;
  const ClientTable& table;
  ExcuseCounts& needed;

  [[nodiscard]] bool Shows(std::size_t shard, std::size_t row) const {
    if (head.statuses[row] == '~') {
      if (table.statuses[shard] != '?') needed[Excuse::kLostRow] = 1;
      return true;
    }
    return table.statuses[shard] == head.statuses[row] &&
           (table.since.empty() || table.since[shard] == head.since[row]);
  }
};

bool ShowsRows(const IncarnationRecord& record, const SpecRecord& spec, const Glance& glance) {
  const HeadRecord& head = glance.head;
  const std::string& statuses = glance.table.statuses;
  if (head.spec.shards_zxid == spec.id.shards_zxid) {
    if (statuses.size() != head.statuses.size()) return false;
    for (std::size_t i = 0; i < statuses.size(); ++i) {
      if (!glance.Shows(i, i)) return false;
    }
    return true;
  }
  const ClusterSpec* const list = FindList(record, head.spec.shards_zxid);
  std::unordered_map<std::string_view, std::size_t> place;
  if (list != nullptr && list->shards.size() == head.statuses.size()) {
    for (std::size_t i = 0; i < list->shards.size(); ++i) place.emplace(list->shards[i].name, i);
  }
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    const auto found = place.find(spec.spec->shards[i].name);
    const bool kept =
        found != place.end() && list->shards[found->second].addr == spec.spec->shards[i].addr;
    if (statuses[i] == '?') {
      const char row = kept ? head.statuses[found->second] : '?';
      if (row == 'A' || row == 'D') glance.needed[Excuse::kUnknownByOtherList] = 1;
      continue;
    }
    if (!kept || !glance.Shows(i, found->second)) return false;
  }
  return true;
}

bool Fits(const IncarnationRecord& record, const HeadRecord& head, const SpecRecord& spec,
          const ClientTable& table, ExcuseCounts& needed) {
  if (table.statuses.size() != spec.spec->shards.size()) return false;
  needed = {};
  if (ShowsRows(record, spec, {head, table, needed})) return true;
  if (!head.damaged) return false;
  needed = {};
  needed[Excuse::kDamagedHead] = 1;
  return true;
}

std::string Text(const ClientTable& table) {
  return fmt::format("epoch {} seq {} spec {} {}", table.epoch, table.sequence, table.spec_version,
                     table.statuses.substr(0, 100));
}

bool HasNames(const SpecRecord& spec, const ClientTable& table) {
  return table.names.empty() ||
         std::ranges::equal(spec.spec->shards, table.names, {}, &ShardSpec::name);
}

}  // namespace

bool TableJudge::FindIn(const IncarnationRecord& record, const ClientTable& table, Position& from,
                        ExcuseCounts& needed) const {
  for (std::size_t s = from.spec; s < record.specs.size(); ++s) {
    const SpecRecord& spec = record.specs[s];
    if (spec.id.version != table.spec_version || !HasNames(spec, table)) continue;
    if (table.epoch == 0) {
      const bool forgets = from.decided && record.head_lost <= record.heads[from.head].zxid;
      if (table.sequence != 0 || forgets) continue;
      if (table.statuses.size() != spec.spec->shards.size()) continue;
      needed = {};
      needed[Excuse::kHeadLost] = from.decided ? 1 : 0;
      from.spec = s;
      from.decided = false;
      return true;
    }
    for (std::size_t h = from.head; h < record.heads.size(); ++h) {
      const HeadRecord& head = record.heads[h];
      if (head.epoch != table.epoch || head.sequence != table.sequence) continue;
      if (!Fits(record, head, spec, table, needed)) continue;
      from.spec = s;
      from.head = h;
      from.decided = true;
      return true;
    }
  }
  return false;
}

bool TableJudge::Find(const ClientTable& table, Position& from, ExcuseCounts& needed) const {
  const auto& records = history_.RecordsOf(table.cluster);
  for (std::size_t i = from.incarnation; i < records.size(); ++i) {
    Position position = from;
    if (i != from.incarnation) {
      position.incarnation = i;
      position.spec = position.head = 0;
      position.decided = false;
    }
    if (!FindIn(*records[i], table, position, needed)) continue;
    from = position;
    return true;
  }
  return false;
}

std::optional<std::size_t> TableJudge::FindForgotten(const ClientTable& table,
                                                     const Position& before,
                                                     const Position& now) const {
  const bool same_list = before.incarnation == now.incarnation && before.decided && now.decided &&
                         before.spec_version == table.spec_version;
  if (!same_list || before.statuses.size() != table.statuses.size()) return std::nullopt;
  const IncarnationRecord& record = *history_.RecordsOf(table.cluster)[now.incarnation];
  // An outsider may write another list under the same version.
  if (record.specs[before.spec].spec->shards != record.specs[now.spec].spec->shards) {
    return std::nullopt;
  }
  const HeadRecord& head = record.heads[now.head];
  if (head.damaged) return std::nullopt;
  for (std::size_t i = 0; i < table.statuses.size(); ++i) {
    if (before.statuses[i] == '?' || before.statuses[i] == table.statuses[i]) continue;
    const auto row = FindRow(record, head, record.specs[now.spec], i);
    if (row && *row < head.statuses.size() && head.statuses[*row] == '~') return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> TableJudge::FindDropped(const ClientTable& table, const Position& before,
                                                   const Position& now) const {
  const bool same_head = before.incarnation == now.incarnation && before.decided && now.decided &&
                         before.head == now.head;
  if (!same_head || before.spec == now.spec) return std::nullopt;
  const IncarnationRecord& record = *history_.RecordsOf(table.cluster)[now.incarnation];
  const auto& had = record.specs[before.spec].spec->shards;
  const auto& has = record.specs[now.spec].spec->shards;
  if (had.size() != before.statuses.size() || has.size() != table.statuses.size())
    return std::nullopt;
  std::unordered_map<std::string_view, std::size_t> place;
  for (std::size_t i = 0; i < had.size(); ++i) place.emplace(had[i].name, i);
  for (std::size_t i = 0; i < has.size(); ++i) {
    const auto found = place.find(has[i].name);
    if (found == place.end() || had[found->second] != has[i]) continue;
    const char was = before.statuses[found->second];
    if (was != '?' && was != table.statuses[i]) return i;
  }
  return std::nullopt;
}

void TableJudge::Observe(const ClientTable& table) {
  ++tables_;
  Position& position = positions_[{table.client, table.cluster}];
  const Position before = position;
  const auto wrong = [&](const std::string& text) {
    verdicts_.Add("older_table", table.cluster, 0,
                  fmt::format("{}: {}: {}", table.client, Text(table), text));
  };
  if (table.generation != 0) {
    if (table.generation <= position.generation) {
      wrong(fmt::format("generation {} after {}", table.generation, position.generation));
    }
    position.generation = table.generation;
  }
  position.spec_version = table.spec_version;
  position.statuses = table.statuses;
  ExcuseCounts needed;
  if (Find(table, position, needed)) {
    auto shard = FindForgotten(table, before, position);
    // Sequences begin again with a new znode of the head, in the same epoch: a later head of these
    // numbers may have decided what this one had lost.
    for (Position later = position; shard;) {
      ExcuseCounts more;
      ++later.head;
      if (!Find(table, later, more) || later.incarnation != position.incarnation) break;
      if (FindForgotten(table, before, later)) continue;
      position = later;
      needed = more;
      shard.reset();
    }
    Add(excuses_, needed);
    if (shard) {
      wrong(fmt::format("shard {} was {}, and its row is lost", *shard, before.statuses[*shard]));
    }
    const auto dropped = FindDropped(table, before, position);
    // Tables in between may have been missed.
    const bool next = table.generation == 0 || table.generation == before.generation + 1;
    if (dropped && next) {
      wrong(fmt::format("shard {} was forgotten with a change of the spec", *dropped));
    } else if (dropped) {
      ++excuses_[Excuse::kTablesMissed];
    }
    return;
  }
  Position start;
  if (Find(table, start, needed)) return wrong("the client has been further on");
  wrong("no head ever had its rows");
}

}  // namespace zkcluster::history
