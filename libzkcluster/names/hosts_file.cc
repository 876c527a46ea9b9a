#include "names/hosts_file.h"

#include <algorithm>

#include "text/address.h"

namespace zkcluster {
namespace {

// The next word of `line`, which is cut off. Empty: there is none.
std::string_view NextWord(std::string_view& line) {
  constexpr std::string_view kBlank = " \t\r\f\v";
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

}  // namespace

std::string LowerCase(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

HostsTable ParseHosts(std::string_view text) {
  HostsTable table;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    line = line.substr(0, line.find('#'));
    const std::string_view address = NextWord(line);
    if (!IsIpLiteral(address)) continue;
    for (auto name = NextWord(line); !name.empty(); name = NextWord(line)) {
      auto& addresses = table[LowerCase(name)];
      if (std::ranges::find(addresses, address) == addresses.end()) addresses.emplace_back(address);
    }
  }
  return table;
}

}  // namespace zkcluster
