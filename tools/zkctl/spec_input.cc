#include "tools/zkctl/spec_input.h"

#include <iostream>
#include <string>

#include "yaml/reader.h"
#include "yaml/spec_file.h"

namespace zkcluster::zkctl {
namespace {

// The largest list of shards is 1 MB of JSON; as generously indented YAML it stays well below this.
constexpr std::size_t kMaxFileBytes = 8'000'000;

Result<std::string> ReadText(const std::string& file) {
  if (file != "-") return yaml::ReadFile(file, kMaxFileBytes);
  std::string text;
  char buffer[65536];
  while (std::cin.read(buffer, sizeof buffer) || std::cin.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(std::cin.gcount()));
    if (text.size() > kMaxFileBytes) {
      return Fail(ErrorCode::kTooLarge,
                  "standard input: larger than " + std::to_string(kMaxFileBytes) + " bytes");
    }
  }
  return text;
}

}  // namespace

Result<ClusterSpec> ReadSpec(const CommandLine& line, std::string_view name) {
  const auto text = ReadText(line.file);
  if (!text) return Fail(text.error());
  return ParseSpecFile(line.file == "-" ? "(standard input)" : line.file, *text, name);
}

}  // namespace zkcluster::zkctl
