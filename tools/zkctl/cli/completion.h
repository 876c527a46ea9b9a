// The shells' completion: given the words typed so far, which words may follow. The scripts in
// completion/ only pass the words to `zkctl __complete` and return its answer. Pure, except for the
// functions of NameSource.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/zkctl/cli/verb.h"

namespace zkcluster::zkctl {

// Answers of the live ensemble; empty when it does not answer at once.
struct NameSource {
  std::function<std::vector<std::string>()> clusters;
  std::function<std::vector<std::string>(const std::string& cluster)> shards;
  std::function<std::vector<std::string>(const std::string& cluster)> checkers;
  std::function<std::vector<std::string>(const std::string& cluster)> hosts;  // of its shards
};

// The answer in place of words: the shell completes the name of a file.
inline constexpr const char* kCompleteFiles = ":files";

// `words`: those after the program's name, the last one unfinished (maybe empty). Returns the words
// that may take its place, in the order in which they should be shown.
[[nodiscard]] std::vector<std::string> CompleteWords(Verbs verbs,
                                                     const std::vector<std::string>& words,
                                                     const NameSource& names);

// The value of an option such as --zk among the words typed so far, or nothing.
[[nodiscard]] std::string TypedOption(const std::vector<std::string>& words,
                                      const std::string& name);

}  // namespace zkcluster::zkctl
