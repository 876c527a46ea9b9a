#include "tools/zkctl/report/diff.h"

#include <nlohmann/json.hpp>

namespace zkcluster::zkctl {

OrderedJson DiffJson(std::string_view cluster, const SpecDiff& diff) {
  const auto shards = [](const std::vector<ShardSpec>& list) {
    OrderedJson json = OrderedJson::array();
    for (const ShardSpec& shard : list) {
      OrderedJson row;
      row["name"] = shard.name;
      row["addr"] = shard.addr;
      if (shard.weight != 1) row["weight"] = shard.weight;
      json.push_back(std::move(row));
    }
    return json;
  };
  OrderedJson json;
  json["cluster"] = cluster;
  json["equal"] = diff.empty();
  json["added"] = shards(diff.added);
  json["removed"] = shards(diff.removed);
  json["moved"] = OrderedJson::array();
  for (const auto& moved : diff.moved) {
    OrderedJson row;
    row["name"] = moved.name;
    row["from"] = moved.from;
    row["to"] = moved.to;
    json["moved"].push_back(std::move(row));
  }
  json["reweighted"] = OrderedJson::array();
  for (const auto& shard : diff.reweighted) {
    OrderedJson row;
    row["name"] = shard.name;
    row["from"] = shard.from;
    row["to"] = shard.to;
    json["reweighted"].push_back(std::move(row));
  }
  json["reordered"] = diff.reordered;
  json["settings"] = OrderedJson::array();
  for (const auto& setting : diff.settings) {
    OrderedJson row;
    row["key"] = setting.key;
    row["from"] = setting.from == "-" ? OrderedJson() : OrderedJson(setting.from);
    row["to"] = setting.to == "-" ? OrderedJson() : OrderedJson(setting.to);
    json["settings"].push_back(std::move(row));
  }
  return json;
}

std::string DiffText(const SpecDiff& diff, bool color) {
  std::string out;
  const auto value = [](const std::string& text) { return text == "-" ? "none" : text; };
  const auto line = [&](char mark, Color paint, const std::string& text) {
    out += Paint(std::string(1, mark) + " " + Printable(text), paint, color) + "\n";
  };
  for (const auto& setting : diff.settings) {
    line('~', Color::kDoubtful,
         setting.key + ": " + value(setting.from) + " -> " + value(setting.to));
  }
  for (const ShardSpec& shard : diff.removed) {
    line('-', Color::kBad, "shard " + shard.name + " " + shard.addr);
  }
  for (const auto& moved : diff.moved) {
    line('~', Color::kDoubtful, "shard " + moved.name + ": " + moved.from + " -> " + moved.to);
  }
  for (const auto& shard : diff.reweighted) {
    line('~', Color::kDoubtful,
         "shard " + shard.name + ": weight " + std::to_string(shard.from) + " -> " +
             std::to_string(shard.to));
  }
  for (const ShardSpec& shard : diff.added) {
    line('+', Color::kGood,
         "shard " + shard.name + " " + shard.addr +
             (shard.weight == 1 ? "" : " weight " + std::to_string(shard.weight)));
  }
  if (diff.reordered) line('~', Color::kDoubtful, "the shards are in another order");
  return out;
}

}  // namespace zkcluster::zkctl
