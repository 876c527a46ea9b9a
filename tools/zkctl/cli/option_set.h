// Options and operands of one verb, or those of every verb: how each is written, its text in
// --help, what the shell completes it with, and the struct member that takes its value. A verb
// declares its own; command line, help and completion all read the declaration. Pure.
#pragma once

#include <zkcluster/result.h>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zkcluster::zkctl {

// What the shell may complete a word with.
struct Completion {
  enum class Kind {
    kNothing,
    kWords,  // `words`
    kFiles,
    kClusters,
    kShards,
    kShardsAndEquals,  // "s1="
    kCheckers,
    kHosts,  // of the cluster's shards
  };
  Kind kind = Kind::kNothing;
  std::vector<std::string> words;

  Completion() = default;
  Completion(Kind k) : kind(k) {}
  Completion(std::initializer_list<const char*> w)
      : kind(Kind::kWords), words(w.begin(), w.end()) {}
  explicit Completion(std::vector<std::string> w) : kind(Kind::kWords), words(std::move(w)) {}
};

struct Option {
  std::string names;     // "output,o"
  std::string argument;  // "FORM"; empty: a flag
  std::string help;
  Completion completion = {};

  [[nodiscard]] std::string long_name() const { return names.substr(0, names.find(',')); }
  [[nodiscard]] bool is_flag() const { return argument.empty(); }
};

class OptionSet {
 public:
  // Its errors do not name the option.
  using Take = std::function<Result<void>(const std::string& text)>;
  struct Entry {
    Option option;
    bool repeatable = false;
    Take take;  // runs once for each value given; for a flag with an empty text
  };
  // "NAME", "[NAME]", "KEY...", "[SHARD...]": its name, and how often it may be given.
  struct Operand {
    std::string shown;
    std::function<void(const std::string& text)> take;
    [[nodiscard]] bool optional() const { return shown.starts_with('['); }
    [[nodiscard]] bool repeatable() const { return shown.find("...") != std::string::npos; }
    // "NAME" is a cluster's name, "SHARD" a shard's, "ID" a checker's.
    [[nodiscard]] std::string name() const;
    [[nodiscard]] Completion completion() const;
  };

  void Flag(Option option, bool& into);
  void Text(Option option, std::string& into);
  void Text(Option option, std::optional<std::string>& into);
  // `parse`: Result<T>(std::string_view); T goes into `into`.
  template <class T, class Parse>
  void Value(Option option, T& into, Parse parse) {
    Add({std::move(option), false,
         Taking(parse, [&into](auto value) { into = std::move(value); })});
  }
  // An option that may be repeated.
  template <class T, class Parse>
  void Values(Option option, std::vector<T>& into, Parse parse) {
    Add({std::move(option), true,
         Taking(parse, [&into](auto value) { into.push_back(std::move(value)); })});
  }
  void Add(Entry entry) { entries_.push_back(std::move(entry)); }

  void TakeOperand(std::string shown, std::string& into);
  void TakeOperands(std::string shown, std::vector<std::string>& into);

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] const std::vector<Operand>& operands() const { return operands_; }
  [[nodiscard]] const Entry* Find(std::string_view long_name) const;
  // The operands as --help shows them: "NAME [SHARD...]".
  [[nodiscard]] std::string OperandsText() const;
  // Passes the words to the operands. False: too few or too many.
  [[nodiscard]] bool TakeWords(const std::vector<std::string>& words) const;

 private:
  template <class Parse, class Keep>
  static Take Taking(Parse parse, Keep keep) {
    return [parse, keep](const std::string& text) -> Result<void> {
      auto value = parse(text);
      if (!value) return Fail(value.error());
      keep(*std::move(value));
      return {};
    };
  }

  std::vector<Entry> entries_;
  std::vector<Operand> operands_;
};

}  // namespace zkcluster::zkctl
