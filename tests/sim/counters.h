// Counts what happened in a run, by name: faults, events of the logs, rare paths. Sums over seeds
// show whether the rare paths are reached at all. Values; not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace zkcluster::sim {

class Counters {
 public:
  void Add(std::string_view name, std::uint64_t by = 1) {
    const auto found = values_.find(name);
    if (found != values_.end()) {
      found->second += by;
    } else {
      values_.emplace(name, by);
    }
  }
  void Add(const Counters& other) {
    for (const auto& [name, value] : other.values_) Add(name, value);
  }
  [[nodiscard]] std::uint64_t Get(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? 0 : found->second;
  }
  [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>>& values() const {
    return values_;
  }
  bool operator==(const Counters&) const = default;

 private:
  std::map<std::string, std::uint64_t, std::less<>> values_;
};

}  // namespace zkcluster::sim
