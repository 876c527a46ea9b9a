// What a verb of zkctl is: a row with its name, its help, its operands and options (a struct of its
// own, filled from the command line), and the function that runs it. Command line, help and
// completion read rows; verbs/table.cc lists them. Pure.
#pragma once

#include <zkcluster/result.h>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/zkctl/cli/globals.h"
#include "tools/zkctl/cli/option_set.h"

namespace zkcluster::zkctl {

// The row of a verb whose options are an `Options`.
template <class Options>
struct VerbRow {
  std::string_view name = {};  // "maintenance on" is one verb
  std::string_view summary = {};
  std::string_view help = {};  // more lines for --help
  // Names operands and options, and which member takes each.
  void (*declare)(OptionSet& set, Options& into) = nullptr;
  // Checks options against each other. Null: no such check.
  Result<void> (*check)(const Globals& globals, const Options& options) = nullptr;
  bool (*asks_zookeeper)(const Options& options) = nullptr;  // null: always
  int (*run)(const Globals& globals, const Options& options) = nullptr;
};

// One use of a verb: its options, and the function that runs with them.
class Use {
 public:
  virtual ~Use() = default;
  // The set fills this use's options; it must not outlive it.
  virtual void Declare(OptionSet& set) = 0;
  [[nodiscard]] virtual Result<void> Check(const Globals& globals) const = 0;
  [[nodiscard]] virtual bool asks_zookeeper() const = 0;
  virtual int Run(const Globals& globals) const = 0;
};

template <class Options>
class UseOf final : public Use {
 public:
  explicit UseOf(const VerbRow<Options>& row) : row_(row) {}
  void Declare(OptionSet& set) override { row_.declare(set, options_); }
  Result<void> Check(const Globals& globals) const override {
    return row_.check ? row_.check(globals, options_) : Result<void>();
  }
  bool asks_zookeeper() const override {
    return row_.asks_zookeeper == nullptr || row_.asks_zookeeper(options_);
  }
  int Run(const Globals& globals) const override { return row_.run(globals, options_); }
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  const VerbRow<Options> row_;
  Options options_{};
};

// A row without its type.
struct Verb {
  std::string_view name;
  std::string_view summary;
  std::string_view help;
  std::string operands;                         // as --help shows them
  std::function<std::unique_ptr<Use>()> begin;  // empty: a command line of its own, run by main
};

template <class Options>
[[nodiscard]] Verb MakeVerb(VerbRow<Options> row) {
  OptionSet set;
  UseOf<Options>(row).Declare(set);
  return {row.name, row.summary, row.help, set.OperandsText(),
          [row] { return std::make_unique<UseOf<Options>>(row); }};
}

using Verbs = std::span<const Verb>;

[[nodiscard]] const Verb* FindVerb(Verbs verbs, std::string_view name);  // null: there is none
// The words that may come first. Mistyped ones are compared with them.
[[nodiscard]] std::vector<std::string_view> VerbNames(Verbs verbs);
// The second words of the verbs of two words that begin with `first`.
[[nodiscard]] std::vector<std::string> SecondWords(Verbs verbs, std::string_view first);

// The options of a verb, those of every verb first; the values they fill are discarded. Null: all
// options, each once.
[[nodiscard]] std::vector<Option> OptionsOf(Verbs verbs, const Verb* verb);
[[nodiscard]] std::vector<OptionSet::Operand> OperandsOf(const Verb& verb);

// What --help prints: about one verb, about the verbs that begin with one word, or about all.
[[nodiscard]] std::string HelpText(Verbs verbs, std::string_view name);

}  // namespace zkcluster::zkctl
