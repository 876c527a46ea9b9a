#include "tools/zkctl/cli/completion.h"

#include <algorithm>
#include <string_view>

namespace zkcluster::zkctl {
namespace {

using Words = std::vector<std::string>;

const Option* FindOption(const std::vector<Option>& options, std::string_view word) {
  const auto found = std::ranges::find_if(options, [&](const Option& option) {
    const std::size_t comma = option.names.find(',');
    const bool is_long = word == "--" + option.long_name();
    return is_long || (comma != std::string::npos && word == "-" + option.names.substr(comma + 1));
  });
  return found == options.end() ? nullptr : &*found;
}

// The words before the one to complete: verb and operands, separate from options.
struct TypedBefore {
  Words operands;                  // the verb among them
  const Option* option = nullptr;  // the option whose value is being typed
};

TypedBefore SortBefore(const Words& words, const std::vector<Option>& options) {
  TypedBefore typed;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("-") || word == "-") {
      typed.operands.push_back(word);
      continue;
    }
    const Option* option = FindOption(options, word);
    if (!option || option->is_flag()) continue;  // a flag, or --name=value
    if (i + 2 == words.size()) typed.option = option;
    ++i;
  }
  return typed;
}

Words FirstWords(Verbs verbs) {
  Words words;
  for (const Verb& verb : verbs) words.emplace_back(verb.name.substr(0, verb.name.find(' ')));
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

Words OptionWords(const std::vector<Option>& options) {
  Words words;
  for (const Option& option : options) words.push_back("--" + option.long_name());
  return words;
}

// `cluster`: the one typed before; empty: none.
Words Offered(const Completion& completion, const std::string& cluster, const NameSource& names) {
  using Kind = Completion::Kind;
  const auto of_cluster = [&](const auto& ask) { return cluster.empty() ? Words{} : ask(cluster); };
  switch (completion.kind) {
    case Kind::kNothing:
      return {};
    case Kind::kWords:
      return completion.words;
    case Kind::kFiles:
      return {kCompleteFiles};
    case Kind::kClusters:
      return names.clusters();
    case Kind::kShards:
      return of_cluster(names.shards);
    case Kind::kShardsAndEquals: {
      Words words = of_cluster(names.shards);
      for (std::string& word : words) word += "=";
      return words;
    }
    case Kind::kCheckers:
      return of_cluster(names.checkers);
    case Kind::kHosts:
      return of_cluster(names.hosts);
  }
  return {};
}

// For the operand that follows `given`.
Words OperandWords(const Verb& verb, const Words& given, const NameSource& names) {
  const auto operands = OperandsOf(verb);
  if (operands.empty()) return {};
  const bool is_last = given.size() >= operands.size();
  if (is_last && !operands.back().repeatable()) return {};
  const auto& operand = is_last ? operands.back() : operands[given.size()];
  return Offered(operand.completion(), given.empty() ? "" : given.front(), names);
}

Words Candidates(Verbs verbs, const Words& words, const NameSource& names) {
  const std::vector<Option> all = OptionsOf(verbs, nullptr);
  const TypedBefore typed = SortBefore(words, all);
  std::string verb_name = typed.operands.empty() ? "" : typed.operands.front();
  Words operands(typed.operands.begin() + (typed.operands.empty() ? 0 : 1), typed.operands.end());
  const Words seconds = verb_name.empty() ? Words{} : SecondWords(verbs, verb_name);
  const bool is_joined =
      !operands.empty() && std::ranges::find(seconds, operands.front()) != seconds.end();
  if (is_joined) {
    verb_name += " " + operands.front();
    operands.erase(operands.begin());
  }
  const Verb* const verb = FindVerb(verbs, verb_name);
  if (typed.option) {
    return Offered(typed.option->completion, operands.empty() ? "" : operands.front(), names);
  }
  if (words.back().starts_with("-")) return OptionWords(verb ? OptionsOf(verbs, verb) : all);
  if (verb_name.empty()) return FirstWords(verbs);
  Words found = operands.empty() && !is_joined ? seconds : Words{};
  if (verb) {
    const Words more = OperandWords(*verb, operands, names);
    found.insert(found.end(), more.begin(), more.end());
  }
  return found;
}

}  // namespace

std::vector<std::string> CompleteWords(Verbs verbs, const Words& words, const NameSource& names) {
  const Words typed = words.empty() ? Words{""} : words;
  Words found = Candidates(verbs, typed, names);
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
