#include "tools/zkctl/cli/completion.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "tools/zkctl/cli/verb_table.h"

namespace zkcluster::zkctl {
namespace {

using Words = std::vector<std::string>;

const Option* FindOption(std::string_view word) {
  for (const Option& option : Options()) {
    const std::string names = option.names;
    const std::size_t comma = names.find(',');
    const bool is_long = word == "--" + LongName(option);
    const bool is_short = comma != std::string::npos && word == "-" + names.substr(comma + 1);
    if (is_long || is_short) return &option;
  }
  return nullptr;
}

// What was typed before the word that is completed: verb and operands apart from options.
struct Typed {
  Words operands;                  // the verb among them
  const Option* option = nullptr;  // whose value is being typed
};

Typed Sort(const Words& words) {
  Typed typed;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("-") || word == "-") {
      typed.operands.push_back(word);
      continue;
    }
    const Option* option = FindOption(word);
    if (!option || !option->argument) continue;  // a flag, or --name=value
    if (i + 2 == words.size()) typed.option = option;
    ++i;
  }
  return typed;
}

// First words of verbs, or the second ones of a family.
Words VerbWords(const std::string& first) {
  Words words;
  for (const Verb& verb : Verbs()) {
    const std::string name(verb.name);
    const std::size_t space = name.find(' ');
    if (first.empty()) {
      words.push_back(name.substr(0, space));
    } else if (name.starts_with(first + " ")) {
      words.push_back(name.substr(space + 1));
    }
  }
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

Words OptionWords(const Verb* verb) {
  Words words;
  for (const Option& option : Options()) {
    const std::string name = LongName(option);
    if (verb == nullptr || Takes(*verb, name)) words.push_back("--" + name);
  }
  return words;
}

Words WithPrefix(Words words, const std::string& prefix, const std::string& suffix = "") {
  for (std::string& word : words) word = prefix + word + suffix;
  return words;
}

Words ValueWords(const std::string& option, const std::string& cluster, const NameSource& names) {
  if (option == "file" || option == "access") return {kCompleteFiles};
  if (option == "acl") return {"open", "restricted"};
  if (option == "output") return {"table", "json", "yaml"};
  if (option == "ring") return {"consistent", "ketama"};
  if (option == "hash") return {"fnv1a_64", "md5"};
  if (option == "probe") {
    return {"interval=", "timeout=", "threshold=", "refused_threshold=", "fast_interval="};
  }
  if (option == "for" || option == "timeout") return {"30s", "10m", "30m", "2h", "24h"};
  if (option == "checkers" || option == "quorum" || option == "min-racks" ||
      option == "max-dead-fraction") {
    return {"none"};
  }
  if (cluster.empty()) return {};
  if (option == "host") return names.hosts(cluster);
  if (option == "remove-shard") return names.shards(cluster);
  if (option == "set-addr" || option == "weight") return WithPrefix(names.shards(cluster), "", "=");
  return {};
}

// The operand at `index`, the verb's first being 0.
Words OperandWords(const Verb& verb, const Words& operands, const NameSource& names) {
  const std::string what(verb.operands);
  if (what.find("NAME") == std::string::npos) return {};
  if (operands.empty()) return names.clusters();
  const std::string& cluster = operands.front();
  if (verb.name == "export") return names.clusters();
  if (verb.name == "checkers forget" && operands.size() == 1) return names.checkers(cluster);
  const bool many = what.find("SHARD...") != std::string::npos;
  if (what.find("SHARD") != std::string::npos && (many || operands.size() == 1)) {
    return names.shards(cluster);
  }
  return {};
}

Words Candidates(const Words& words, const NameSource& names) {
  Typed typed = Sort(words);
  std::string verb_name = typed.operands.empty() ? "" : typed.operands.front();
  Words operands(typed.operands.begin() + (typed.operands.empty() ? 0 : 1), typed.operands.end());
  if (IsVerbFamily(verb_name) && !operands.empty() &&
      FindVerb(verb_name + " " + operands.front()) != nullptr) {
    verb_name += " " + operands.front();
    operands.erase(operands.begin());
  }
  const Verb* verb = FindVerb(verb_name);
  if (typed.option) {
    return ValueWords(LongName(*typed.option), operands.empty() ? "" : operands.front(), names);
  }
  if (words.back().starts_with("-")) return OptionWords(verb);
  if (verb_name.empty()) return VerbWords("");
  Words found = operands.empty() ? VerbWords(verb_name) : Words{};
  if (verb) {
    const Words more = OperandWords(*verb, operands, names);
    found.insert(found.end(), more.begin(), more.end());
  }
  return found;
}

}  // namespace

std::vector<std::string> CompleteWords(const Words& words, const NameSource& names) {
  const Words typed = words.empty() ? Words{""} : words;
  Words found = Candidates(typed, names);
  if (found == Words{kCompleteFiles}) return found;
  std::erase_if(found, [&](const std::string& word) { return !word.starts_with(typed.back()); });
  return found;
}

std::string TypedOption(const Words& words, const std::string& name) {
  std::string value;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--" + name && i + 2 < words.size()) value = words[i + 1];
    if (words[i].starts_with("--" + name + "=")) value = words[i].substr(name.size() + 3);
  }
  return value;
}

}  // namespace zkcluster::zkctl
