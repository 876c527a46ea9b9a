#include "tools/zkctl/cli/verb.h"

#include <algorithm>
#include <cstddef>
#include <set>

namespace zkcluster::zkctl {
namespace {

std::string OptionLine(const Option& option) {
  const std::size_t comma = option.names.find(',');
  std::string text =
      comma == std::string::npos ? "      " : "  -" + option.names.substr(comma + 1) + ", ";
  text += "--" + option.long_name();
  if (!option.is_flag()) text += " " + option.argument;
  text.resize(std::max<std::size_t>(text.size() + 2, 32), ' ');
  return text + option.help + "\n";
}

std::vector<Option> GlobalOptionList() {
  GlobalOptions unused;
  OptionSet set;
  unused.Declare(set);
  std::vector<Option> options;
  for (const auto& entry : set.entries()) options.push_back(entry.option);
  return options;
}

void AppendOptions(const Verb& verb, std::vector<Option>& options) {
  if (!verb.begin) return;
  const auto use = verb.begin();
  OptionSet set;
  use->Declare(set);
  for (const auto& entry : set.entries()) options.push_back(entry.option);
}

std::string HelpOnVerb(Verbs verbs, const Verb& verb) {
  std::string text = "usage: zkctl " + std::string(verb.name) + (verb.operands.empty() ? "" : " ") +
                     verb.operands + " [options]\n\n" + std::string(verb.summary) + "\n";
  if (!verb.help.empty()) text += "\n" + std::string(verb.help);
  text += "\n";
  for (const Option& option : OptionsOf(verbs, &verb)) text += OptionLine(option);
  return text;
}

}  // namespace

const Verb* FindVerb(Verbs verbs, std::string_view name) {
  const auto found = std::ranges::find(verbs, name, &Verb::name);
  return found == verbs.end() ? nullptr : &*found;
}

std::vector<std::string_view> VerbNames(Verbs verbs) {
  std::vector<std::string_view> names;
  for (const Verb& verb : verbs) {
    names.push_back(verb.name);
    const std::string_view first = verb.name.substr(0, verb.name.find(' '));
    if (!FindVerb(verbs, first)) names.push_back(first);
  }
  return names;
}

std::vector<std::string> SecondWords(Verbs verbs, std::string_view first) {
  std::vector<std::string> words;
  for (const Verb& verb : verbs) {
    if (!verb.name.starts_with(std::string(first) + " ")) continue;
    words.emplace_back(verb.name.substr(first.size() + 1));
  }
  return words;
}

std::vector<Option> OptionsOf(Verbs verbs, const Verb* verb) {
  std::vector<Option> options = GlobalOptionList();
  if (verb) {
    AppendOptions(*verb, options);
    return options;
  }
  for (const Verb& each : verbs) AppendOptions(each, options);
  std::set<std::string> known;
  std::erase_if(options,
                [&](const Option& option) { return !known.insert(option.long_name()).second; });
  return options;
}

std::vector<OptionSet::Operand> OperandsOf(const Verb& verb) {
  if (!verb.begin) return {};
  const auto use = verb.begin();
  OptionSet set;
  use->Declare(set);
  return set.operands();
}

std::string HelpText(Verbs verbs, std::string_view name) {
  if (const Verb* const verb = FindVerb(verbs, name)) return HelpOnVerb(verbs, *verb);
  std::string text = "usage: zkctl VERB [NAME] [options]\n\n";
  for (const Verb& verb : verbs) {
    if (!name.empty() && !verb.name.starts_with(name)) continue;
    std::string column = "  " + std::string(verb.name);
    column.resize(20, ' ');
    text += column + std::string(verb.summary) + "\n";
  }
  text += "\nzkctl VERB --help lists the options of a verb.\n\n";
  for (const Option& option : GlobalOptionList()) text += OptionLine(option);
  return text +
         "\nExit codes: 0 done; 1 refused or not found; 64 usage; 65 bad file; 69 ZooKeeper not "
         "reachable.\n";
}

}  // namespace zkcluster::zkctl
