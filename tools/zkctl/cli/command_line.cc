#include "tools/zkctl/cli/command_line.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <exception>
#include <map>
#include <utility>

#include "model/paths.h"
#include "yaml/suggest.h"

namespace zkcluster::zkctl {
namespace {

namespace po = boost::program_options;
using Words = std::vector<std::string>;

Error Usage(std::string message) {
  return {ErrorCode::kInvalid, std::move(message)};
}

// Describes the options of all verbs, because options may precede the verb. Which of them the verb
// takes is checked later, when the verb is known.
po::options_description Describe(const std::vector<Option>& options) {
  po::options_description description;
  auto add = description.add_options();
  for (const Option& option : options) {
    if (option.is_flag()) {
      add(option.names.c_str(),
          po::value<std::vector<bool>>()->implicit_value({true}, "")->zero_tokens());
    } else {
      add(option.names.c_str(), po::value<Words>()->value_name(option.argument));
    }
  }
  add("words", po::value<Words>());
  return description;
}

Error NoSuchOption(const std::string& given, const std::vector<Option>& options) {
  Words names;
  for (const Option& option : options) names.push_back(option.long_name());
  const std::string bare = given.substr(std::min(given.find_first_not_of('-'), given.size()));
  const auto nearest = Nearest(bare, {names.begin(), names.end()});
  return Usage("no option " + given +
               (nearest ? "; did you mean --" + *nearest + "?" : std::string()));
}

// What was typed: words, and the values of options by long name (for a flag, empty texts).
struct Typed {
  Words words;
  std::map<std::string, Words> options;
};

Result<Typed> Sort(const Words& arguments, const std::vector<Option>& options) {
  // Boost reports by exceptions; they end here.
  try {
    using Style = po::command_line_style::style_t;
    const po::options_description description = Describe(options);
    po::positional_options_description positional;
    positional.add("words", -1);
    po::variables_map values;
    po::store(po::command_line_parser(arguments)
                  .options(description)
                  .positional(positional)
                  .style(static_cast<Style>(Style::unix_style & ~Style::allow_guessing))
                  .run(),
              values);
    Typed typed;
    for (const auto& [name, value] : values) {
      const auto* const texts = boost::any_cast<Words>(&value.value());
      if (name == "words") {
        typed.words = *texts;
      } else {
        typed.options[name] = texts ? *texts : Words{""};
      }
    }
    return typed;
  } catch (const po::unknown_option& unknown) {
    return Fail(NoSuchOption(unknown.get_option_name(), options));
  } catch (const std::exception& exception) {
    return Fail(Usage(exception.what()));
  }
}

// Passes the values to the options, each of which is in one of the sets.
Result<void> TakeOptions(const Typed& typed, const Verb& verb,
                         const std::vector<const OptionSet*>& sets) {
  const auto find = [&](const std::string& name) {
    const OptionSet::Entry* found = nullptr;
    for (const OptionSet* const set : sets) found = found ? found : set->Find(name);
    return found;
  };
  for (const auto& [name, values] : typed.options) {
    const OptionSet::Entry* const entry = find(name);
    if (!entry) return Fail(Usage("--" + name + " is not an option of " + std::string(verb.name)));
    if (values.size() > 1 && !entry->repeatable) {
      return Fail(Usage("--" + name + " is given more than once"));
    }
  }
  // In the order of declaration, so that the first error is not the first by the alphabet.
  for (const OptionSet* const set : sets) {
    for (const OptionSet::Entry& entry : set->entries()) {
      const std::string name = entry.option.long_name();
      const auto values = typed.options.find(name);
      if (values == typed.options.end()) continue;
      for (const std::string& value : values->second) {
        if (const auto taken = entry.take(value); !taken) {
          return Fail(taken.error().Within("--" + name));
        }
      }
    }
  }
  return {};
}

Result<void> TakeOperands(const Words& words, const Verb& verb, const OptionSet& set) {
  const std::string name(verb.name);
  if (!set.TakeWords(words)) {
    return Fail(Usage("usage: zkctl " + name + (verb.operands.empty() ? "" : " ") + verb.operands +
                      "; see zkctl " + name + " --help"));
  }
  const auto& operands = set.operands();
  for (std::size_t i = 0; i < words.size() && i < operands.size(); ++i) {
    const std::string what = operands[i].name();
    if (what != "NAME" && what != "ID") continue;
    const auto valid = ValidateName(what == "NAME" ? "cluster name" : "checker", words[i]);
    if (!valid) return Fail(valid.error());
  }
  return {};
}

std::string Listed(const Words& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    text += (i == 0 ? "" : i + 1 < words.size() ? ", " : " or ") + words[i];
  }
  return text;
}

// Some verbs have two words.
Result<void> JoinVerb(Verbs verbs, CommandLine& line, Words& operands) {
  const Words seconds = SecondWords(verbs, line.verb);
  if (seconds.empty()) return {};
  const bool is_verb = FindVerb(verbs, line.verb) != nullptr;
  if (!is_verb && operands.empty()) {
    if (line.help || line.version) return {};
    return Fail(
        Usage(line.verb + " needs " + Listed(seconds) + "; see zkctl " + line.verb + " --help"));
  }
  const bool is_second =
      !operands.empty() && std::ranges::find(seconds, operands.front()) != seconds.end();
  // A cluster may be named "forget": `checkers forget` without more words lists its checkers.
  if (is_verb && !(is_second && (operands.size() > 1 || line.help))) return {};
  const std::string joined = line.verb + " " + operands.front();
  if (!is_second) {
    return Fail(Usage("no verb \"" + joined + "\"; " + line.verb + " needs " + Listed(seconds)));
  }
  line.verb = joined;
  operands.erase(operands.begin());
  return {};
}

std::string TakeFirst(Words& words) {
  if (words.empty()) return {};
  std::string first = std::move(words.front());
  words.erase(words.begin());
  return first;
}

// Takes the verb's words off `operands`. Null: no verb was given, and help or version needs none.
Result<const Verb*> TakeVerb(Verbs verbs, CommandLine& line, Words& operands) {
  line.verb = TakeFirst(operands);
  if (line.verb == "help") {
    line.help = true;
    line.verb = TakeFirst(operands);
  }
  if (const auto joined = JoinVerb(verbs, line, operands); !joined) return Fail(joined.error());
  const Verb* const verb = FindVerb(verbs, line.verb);
  const bool is_family = !verb && !SecondWords(verbs, line.verb).empty();
  if (verb || (line.help && is_family)) return verb;
  if (!line.verb.empty()) {
    const std::string nearest = DidYouMean(line.verb, VerbNames(verbs));
    return Fail(Usage("no verb \"" + line.verb + "\"" +
                      (nearest.empty() ? "; see zkctl --help" : nearest)));
  }
  if (line.help || line.version) return nullptr;
  return Fail(Usage("a verb is missing; see zkctl --help"));
}

}  // namespace

Result<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                     const Environment& environment, Verbs verbs) {
  auto typed = Sort(arguments, OptionsOf(verbs, nullptr));
  if (!typed) return Fail(typed.error());
  CommandLine line;
  line.help = typed->options.contains("help");
  line.version = typed->options.contains("version");
  const auto verb = TakeVerb(verbs, line, typed->words);
  if (!verb) return Fail(verb.error());
  if (line.help || line.version || !(*verb)->begin) return line;

  GlobalOptions given;
  line.use = (*verb)->begin();
  OptionSet common;
  OptionSet own;
  given.Declare(common);
  line.use->Declare(own);
  if (auto rc = TakeOptions(*typed, **verb, {&common, &own}); !rc) return Fail(rc.error());
  auto globals = given.Resolve(environment);
  if (!globals) return Fail(globals.error());
  line.globals = *std::move(globals);
  if (auto rc = TakeOperands(typed->words, **verb, own); !rc) return Fail(rc.error());
  if (auto rc = line.use->Check(line.globals); !rc) return Fail(rc.error());
  if (!line.use->asks_zookeeper()) return line;
  if (auto rc = CheckServers(line.globals); !rc) return Fail(rc.error());
  return line;
}

}  // namespace zkcluster::zkctl
