#include "tests/sim/flags.h"

#include <cstdlib>
#include <type_traits>
#include <utility>

namespace zkcluster::sim {
namespace {

template <typename Target>
Flags::Take NumberInto(Target& target, std::uint64_t least) {
  return [&target, least](const std::string& value) {
    char* end = nullptr;
    const std::uint64_t number = std::strtoull(value.c_str(), &end, 10);
    if (value.empty() || *end != '\0' || number < least) return false;
    if constexpr (std::is_same_v<Target, int>) {
      target = static_cast<int>(number);
    } else {
      target = number;
    }
    return true;
  };
}

}  // namespace

void Flags::Switch(const std::string& name, bool& given) {
  switches_[name] = &given;
}
void Flags::Text(const std::string& name, std::string& text) {
  Value(name, [&text](const std::string& value) {
    text = value;
    return true;
  });
}
void Flags::Number(const std::string& name, int& number, std::uint64_t least) {
  Value(name, NumberInto(number, least));
}
void Flags::Number(const std::string& name, std::uint64_t& number, std::uint64_t least) {
  Value(name, NumberInto(number, least));
}
void Flags::Number(const std::string& name, std::optional<std::uint64_t>& number,
                   std::uint64_t least) {
  Value(name, NumberInto(number, least));
}
void Flags::Value(const std::string& name, Take take) {
  values_[name] = std::move(take);
}
void Flags::Swarm(SwarmOptions& options) {
  Number("--seeds", options.seeds);
  Number("--first", options.first);
  Number("--steps", options.steps);
  Number("--jobs", options.jobs);
}

bool Flags::Parse(int argc, char** argv) const {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (const auto given = switches_.find(name); given != switches_.end()) {
      *given->second = true;
      continue;
    }
    const auto take = values_.find(name);
    if (take == values_.end() || i + 1 == argc || !take->second(argv[++i])) return false;
  }
  return true;
}

}  // namespace zkcluster::sim
