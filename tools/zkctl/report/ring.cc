#include "tools/zkctl/report/ring.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <variant>
#include <vector>

#include "base/overloaded.h"
#include "model/settings.h"

namespace zkcluster::zkctl {
namespace {

constexpr std::size_t kShownMoves = 30;

double Share(std::uint64_t width) {
  return static_cast<double>(width) / kCircle;
}

// Six digits: more of them mean nothing to a reader.
double Rounded(double value) {
  return std::round(value * 1e6) / 1e6;
}

std::string Percent(double share) {
  return fmt::format("{:.2f}%", share * 100);
}

std::string PercentOfKeys(std::size_t keys) {
  return Percent(static_cast<double>(keys) / static_cast<double>(kSampleKeys));
}

std::string RingName(const RingSpec& ring) {
  return std::visit(Overloaded{
                        [](const ConsistentRing& consistent) {
                          return fmt::format("consistent, {} points a shard", consistent.points);
                        },
                        [](const KetamaRing& ketama) {
                          return fmt::format("ketama, {}", RingHashName(ketama.hash));
                        },
                    },
                    ring);
}

OrderedJson RingSpecJson(const RingSpec& ring) {
  OrderedJson json;
  for (const RingSetting& setting : RingSettings(ring)) {
    std::visit([&](const auto& value) { json[std::string(setting.key)] = value; }, setting.value);
  }
  return json;
}

}  // namespace

OrderedJson RingJson(const ClusterSpec& spec, const RingSpread& spread) {
  OrderedJson json;
  json["cluster"] = spec.name;
  json["ring"] = RingSpecJson(spec.ring);
  json["sample_keys"] = kSampleKeys;
  json["least"] = Rounded(spread.least);
  json["most"] = Rounded(spread.most);
  json["deviation"] = Rounded(spread.deviation);
  json["shards"] = OrderedJson::array();
  for (std::size_t i = 0; i < spec.shards.size(); ++i) {
    const RingSpread::Shard& shard = spread.shards[i];
    OrderedJson row;
    row["name"] = spec.shards[i].name;
    row["weight"] = spec.shards[i].weight;
    row["points"] = shard.points;
    row["share"] = Rounded(Share(shard.width));
    row["fair"] = Rounded(shard.fair);
    row["keys"] = shard.keys;
    json["shards"].push_back(std::move(row));
  }
  return json;
}

std::string RingText(const ClusterSpec& spec, const RingSpread& spread, const Terminal& to) {
  const bool weighted = RingTypeOf(spec.ring) == RingType::kKetama;
  std::vector<std::vector<Cell>> rows;
  for (std::size_t i = 0; i < spec.shards.size(); ++i) {
    const RingSpread::Shard& shard = spread.shards[i];
    const double load = Share(shard.width) / shard.fair;
    // With 160 points for each of ten shards, chance rarely gives a shard a fifth more than
    // its fair share.
    const Color paint = shard.width == 0 ? Color::kBad
                        : load > 1.2     ? Color::kDoubtful
                                         : Color::kNone;
    rows.push_back({spec.shards[i].name, weighted ? std::to_string(spec.shards[i].weight) : "",
                    std::to_string(shard.points), Cell(Percent(Share(shard.width)), paint),
                    Percent(shard.fair), Cell(fmt::format("{:.3f}", load), paint),
                    std::to_string(shard.keys)});
  }
  return fmt::format("{}: {}, {}\n", Printable(spec.name), RingName(spec.ring),
                     Counted(spec.shards.size(), "shard")) +
         RenderTable({"SHARD", "WEIGHT", "POINTS", "SHARE", "FAIR", "LOAD", "KEYS"}, rows, to) +
         fmt::format(
             "load {:.3f} .. {:.3f} of the fair share, standard deviation {}; keys counted with {} "
             "samples\n",
             spread.least, spread.most, Percent(spread.deviation), kSampleKeys);
}

OrderedJson RingChangeJson(const ClusterSpec& from, const ClusterSpec& to,
                           const RingChange& change) {
  OrderedJson json;
  json["cluster"] = from.name;
  json["ring"] = RingSpecJson(from.ring);
  json["after"] = RingSpecJson(to.ring);
  json["sample_keys"] = kSampleKeys;
  json["moved_keys"] = change.keys;
  json["moved_share"] = change.width ? OrderedJson(Rounded(Share(*change.width))) : OrderedJson();
  json["moves"] = OrderedJson::array();
  for (const RingChange::Move& move : change.moves) {
    OrderedJson row;
    row["from"] = move.from;
    row["to"] = move.to;
    row["keys"] = move.keys;
    row["share"] = change.width ? OrderedJson(Rounded(Share(move.width))) : OrderedJson();
    json["moves"].push_back(std::move(row));
  }
  return json;
}

std::string RingChangeText(const ClusterSpec& from, const ClusterSpec& to, const RingChange& change,
                           const Terminal& terminal) {
  std::string out = fmt::format("{}: {}, {} -> {}, {}\n", Printable(from.name), RingName(from.ring),
                                Counted(from.shards.size(), "shard"), RingName(to.ring),
                                Counted(to.shards.size(), "shard"));
  out += fmt::format("{} of {} sample keys move ({})", change.keys, kSampleKeys,
                     PercentOfKeys(change.keys));
  out += change.width ? fmt::format("; of all hashes {}\n", Percent(Share(*change.width)))
                      : "; keys are hashed in another way\n";
  if (change.moves.empty()) return out;
  std::vector<std::vector<Cell>> rows;
  for (const RingChange::Move& move : change.moves) {
    if (rows.size() == kShownMoves) break;
    rows.push_back({move.from, move.to, std::to_string(move.keys),
                    change.width ? Percent(Share(move.width)) : ""});
  }
  out += RenderTable({"FROM", "TO", "KEYS", "SHARE"}, std::move(rows), terminal);
  if (change.moves.size() > rows.size()) {
    out += fmt::format("and {} more; -o json lists all\n", change.moves.size() - rows.size());
  }
  return out;
}

}  // namespace zkcluster::zkctl
