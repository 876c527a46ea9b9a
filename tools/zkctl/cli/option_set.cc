#include "tools/zkctl/cli/option_set.h"

#include <algorithm>

namespace zkcluster::zkctl {

std::string OptionSet::Operand::name() const {
  std::string name = shown;
  std::erase_if(name, [](char c) { return c == '[' || c == ']' || c == '.'; });
  return name;
}

Completion OptionSet::Operand::completion() const {
  const std::string what = name();
  if (what == "NAME") return Completion::Kind::kClusters;
  if (what == "SHARD") return Completion::Kind::kShards;
  if (what == "ID") return Completion::Kind::kCheckers;
  return {};
}

void OptionSet::Flag(Option option, bool& into) {
  Add({std::move(option), true, [&into](const std::string&) -> Result<void> {
         into = true;
         return {};
       }});
}

void OptionSet::Text(Option option, std::string& into) {
  Add({std::move(option), false, [&into](const std::string& text) -> Result<void> {
         into = text;
         return {};
       }});
}

void OptionSet::Text(Option option, std::optional<std::string>& into) {
  Add({std::move(option), false, [&into](const std::string& text) -> Result<void> {
         into = text;
         return {};
       }});
}

void OptionSet::TakeOperand(std::string shown, std::string& into) {
  operands_.push_back({std::move(shown), [&into](const std::string& text) { into = text; }});
}

void OptionSet::TakeOperands(std::string shown, std::vector<std::string>& into) {
  operands_.push_back(
      {std::move(shown), [&into](const std::string& text) { into.push_back(text); }});
}

const OptionSet::Entry* OptionSet::Find(std::string_view long_name) const {
  const auto found = std::ranges::find_if(
      entries_, [&](const Entry& entry) { return entry.option.long_name() == long_name; });
  return found == entries_.end() ? nullptr : &*found;
}

std::string OptionSet::OperandsText() const {
  std::string text;
  for (const Operand& operand : operands_) text += (text.empty() ? "" : " ") + operand.shown;
  return text;
}

bool OptionSet::TakeWords(const std::vector<std::string>& words) const {
  std::size_t least = 0;
  for (const Operand& operand : operands_) least += operand.optional() ? 0 : 1;
  const bool endless = !operands_.empty() && operands_.back().repeatable();
  if (words.size() < least || (words.size() > operands_.size() && !endless)) return false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    operands_[std::min(i, operands_.size() - 1)].take(words[i]);
  }
  return true;
}

}  // namespace zkcluster::zkctl
