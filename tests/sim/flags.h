// The command line of the programs in this folder: flags without a value, and flags followed by a
// value. Used by one thread.
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
  using Take = std::function<bool(const std::string& value)>;  // false: not a valid value

  // The targets outlive the call of Parse.
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
