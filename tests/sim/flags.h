// The command line of the programs of this folder: flags that are given or not, and flags with a
// value behind them. Used by one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "tests/sim/seed_pool.h"

namespace zkcluster::sim {

class Flags {
 public:
  using Take = std::function<bool(const std::string& value)>;  // false: not such a value

  // What is written to lives until Parse has returned.
  void Switch(const std::string& name, bool& given);
  void Text(const std::string& name, std::string& text);
  void Number(const std::string& name, int& number, std::uint64_t least = 0);
  void Number(const std::string& name, std::uint64_t& number, std::uint64_t least = 0);
  void Number(const std::string& name, std::optional<std::uint64_t>& number,
              std::uint64_t least = 0);
  void Value(const std::string& name, Take take);
  // --seeds, --first, --steps, --jobs
  void Swarm(SwarmOptions& options);

  // False: not understood.
  [[nodiscard]] bool Parse(int argc, char** argv) const;

 private:
  std::map<std::string, bool*> switches_;
  std::map<std::string, Take> values_;
};

}  // namespace zkcluster::sim
