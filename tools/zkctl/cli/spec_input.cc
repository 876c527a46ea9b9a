#include "tools/zkctl/cli/spec_input.h"

#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <utility>

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

std::string FileName(const std::string& file) {
  return file == "-" ? "(standard input)" : file;
}

struct YamlDocument {
  std::size_t first_line = 0;  // from 0
  std::string text;
};

// Parts between lines that are "---"; a part of comments only is no document.
std::vector<YamlDocument> SplitDocuments(const std::string& text) {
  std::vector<YamlDocument> documents(1);
  std::size_t number = 0;
  bool empty = true;
  std::istringstream lines(text);
  for (std::string each; std::getline(lines, each); ++number) {
    const bool divides = each == "---" || each == "---\r";
    if (divides) {
      if (empty) documents.pop_back();
      documents.push_back({number + 1, ""});
      empty = true;
      continue;
    }
    documents.back().text += each + "\n";
    const std::size_t first = each.find_first_not_of(" \t\r");
    if (first != std::string::npos && each[first] != '#') empty = false;
  }
  if (empty) documents.pop_back();
  return documents;
}

}  // namespace

Result<std::vector<ValidSpec>> ParseSpecs(const std::string& file, const std::string& text) {
  std::vector<ValidSpec> specs;
  std::map<std::string, std::size_t> lines;  // by cluster: the line of its document
  std::string problems;
  for (const YamlDocument& document : SplitDocuments(text)) {
    const auto complain = [&](const std::string& what) {
      problems += (problems.empty() ? "" : "\n") + what;
    };
    // Empty lines before it make the line numbers of problems right.
    auto spec = ReadSpecFile(file, std::string(document.first_line, '\n') + document.text);
    if (!spec) {
      complain(spec.error().message);
      continue;
    }
    spec->set_version(0);
    const auto [known, is_new] = lines.emplace(spec->spec().name, document.first_line + 1);
    if (!is_new) {
      complain(file + ":" + std::to_string(document.first_line + 1) + ":1: name: cluster \"" +
               spec->spec().name + "\" is in line " + std::to_string(known->second) + " already");
    }
    specs.push_back(*std::move(spec));
  }
  if (!problems.empty()) return Fail(ErrorCode::kInvalid, problems);
  if (specs.empty()) return Fail(ErrorCode::kInvalid, file + ": contains no cluster");
  return specs;
}

Result<std::vector<ValidSpec>> ReadSpecs(const std::string& file) {
  const auto text = ReadText(file);
  if (!text) return Fail(text.error());
  return ParseSpecs(FileName(file), *text);
}

Result<ValidSpec> ReadSpec(const std::string& file, std::string_view name) {
  const auto text = ReadText(file);
  if (!text) return Fail(text.error());
  return ReadSpecFile(FileName(file), *text, name);
}

}  // namespace zkcluster::zkctl
