// The tree is built from yaml-cpp's events rather than from its Node: events still carry aliases,
// anchors and duplicate keys, which a Node has resolved or lost, and a handler can stop at
// the depth limit before the parser has recursed past it.
#include "yaml/reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <istream>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "base/join.h"
#include "text/complaint.h"
#include "text/duration.h"
#include "text/fraction.h"
#include "text/utf8.h"
#include "yaml/suggest.h"

namespace zkcluster::yaml {
namespace {

constexpr std::size_t kMaxBytes = 8'000'000;
constexpr std::size_t kMaxDepth = 32;
// Nobody reads more of them, and each costs a search for the word that was meant.
constexpr std::size_t kMaxProblems = 100;
constexpr std::size_t kMaxProblemBytes = 1'000;

struct Place {
  int line = 1;
  int column = 1;
};

Place PlaceOf(const YAML::Mark& mark) {
  if (mark.is_null()) return Place{};
  return Place{mark.line + 1, mark.column + 1};
}

// Leaves yaml-cpp from within a callback; caught in Document::Parse, never seen outside.
class Refusal : public std::runtime_error {
 public:
  Refusal(Place at, const std::string& what) : std::runtime_error(what), place(at) {}
  Place place;
};

// yaml-cpp takes 0x04 for the end of the file, guesses at UTF-16, and replaces bad bytes: it
// silently cuts or alters a file. Such bytes are refused before the parser gets them.
std::optional<std::pair<Place, std::string>> FindForeignByte(std::string_view text) {
  Place place;
  while (!text.empty()) {
    const auto code = TakeCodePoint(text);
    if (!code) return std::pair(place, std::string("not UTF-8 text"));
    if (*code == '\n') {
      ++place.line;
      place.column = 1;
      continue;
    }
    if (IsControl(*code) && *code != '\t' && *code != '\r') {
      return std::pair(place, std::string("control characters are not accepted"));
    }
    ++place.column;
  }
  return std::nullopt;
}

}  // namespace

// One node of the file. Children are owned by their parent; the root by the document.
struct Node {
  enum class Kind { kNull, kScalar, kMap, kList };
  struct Entry;
  Kind kind = Kind::kNull;
  Place place;
  bool plain = true;  // a scalar without quotes
  std::string text;
  std::vector<Entry> entries;
  std::vector<std::unique_ptr<Node>> items;
};
struct Node::Entry {
  std::string key;
  Place place;
  std::unique_ptr<Node> value;
};

namespace {

class TreeBuilder final : public YAML::EventHandler {
 public:
  std::unique_ptr<Node> TakeRoot() { return std::move(root_); }
  bool empty() const { return root_ == nullptr; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (root_) throw Refusal(PlaceOf(mark), "a second document: one file holds one document");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(Node::Kind::kNull, mark, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refusal(PlaceOf(mark), "aliases (*name) are not accepted: write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (ExpectsKey()) {
      RefuseAnchor(mark, anchor);
      open_.back().key = value;
      open_.back().key_place = PlaceOf(mark);
      open_.back().has_key = true;
      return;
    }
    Node& node = Add(Node::Kind::kScalar, mark, anchor);
    node.text = value;
    node.plain = tag != "!";
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Node::Kind::kList, mark, anchor);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Node::Kind::kMap, mark, anchor);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  struct Level {
    Node* node;
    bool has_key = false;
    std::string key;
    Place key_place;
  };

  static void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) throw Refusal(PlaceOf(mark), "anchors (&name) are not accepted");
  }
  bool ExpectsKey() const {
    return !open_.empty() && open_.back().node->kind == Node::Kind::kMap && !open_.back().has_key;
  }
  Node& Add(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    RefuseAnchor(mark, anchor);
    if (ExpectsKey()) throw Refusal(PlaceOf(mark), "a key must be text");
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->place = PlaceOf(mark);
    Node& added = *node;
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (Level& level = open_.back(); level.node->kind == Node::Kind::kList) {
      level.node->items.push_back(std::move(node));
    } else {
      level.has_key = false;
      level.node->entries.push_back({std::move(level.key), level.key_place, std::move(node)});
    }
    return added;
  }
  void Open(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (open_.size() >= kMaxDepth) {
      throw Refusal(PlaceOf(mark), "nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    Node& node = Add(kind, mark, anchor);
    open_.push_back(Level{&node, false, {}, {}});
  }

  std::unique_ptr<Node> root_;
  std::vector<Level> open_;
};

Error ErrorAt(const std::string& file, Place place, std::string_view what) {
  Problems problems(file);
  problems.Add(place.line, place.column, "", what);
  return problems.ToError();
}

std::string Quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

}  // namespace

// --- Problems ---

void Problems::Add(int line, int column, std::string_view key, std::string_view what) {
  keys_.emplace(key);
  if (lines_.size() == kMaxProblems) {
    ++more_;
    return;
  }
  // A key may hold any text, even a line end; a problem must stay one line.
  std::string text = key.empty() ? std::string() : OneLine(key) + ": ";
  text += OneLine(what, kMaxProblemBytes);
  lines_.push_back(Line{line, column, std::move(text)});
}

Error Problems::ToError() const {
  std::vector<Line> sorted = lines_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Line& a, const Line& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  std::string message;
  for (const Line& line : sorted) {
    if (!message.empty()) message += '\n';
    message += file_ + ":" + std::to_string(line.line) + ":" + std::to_string(line.column) + ": " +
               line.text;
  }
  if (more_ > 0) message += "\nand " + std::to_string(more_) + " more";
  return Error{ErrorCode::kInvalid, std::move(message)};
}

// --- Value ---

struct Value::Impl {
  std::shared_ptr<const Node> root;  // keeps the whole tree
  const Node* node;                  // null: absent
  Place place;                       // of the node; of the surrounding map when it is absent
  std::string key;
  std::shared_ptr<Problems> problems;

  [[nodiscard]] std::shared_ptr<const Impl> Child(const Node* child, std::string child_key) const {
    return std::make_shared<const Impl>(
        Impl{root, child, child ? child->place : place, std::move(child_key), problems});
  }
  [[nodiscard]] std::string KeyOf(std::string_view name) const {
    return key.empty() ? std::string(name) : key + "." + std::string(name);
  }
  // The node as a scalar; complains when it is present and something else.
  [[nodiscard]] const Node* Scalar(std::string_view expected) const {
    if (!node || node->kind == Node::Kind::kNull) return nullptr;
    if (node->kind == Node::Kind::kScalar) return node;
    problems->Add(place.line, place.column, key,
                  "expected " + std::string(expected) +
                      (node->kind == Node::Kind::kMap ? ", not a map" : ", not a list"));
    return nullptr;
  }
  void ComplainAboutDuplicates() const {
    std::vector<const Node::Entry*> sorted;
    for (const Node::Entry& entry : node->entries) sorted.push_back(&entry);
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto* a, const auto* b) { return a->key < b->key; });
    const Node::Entry* first = nullptr;
    for (const Node::Entry* entry : sorted) {
      if (first && first->key == entry->key) {
        problems->Add(
            entry->place.line, entry->place.column, KeyOf(entry->key),
            "duplicate key; it is in line " + std::to_string(first->place.line) + " already");
      } else {
        first = entry;
      }
    }
  }
};

bool Value::present() const {
  return impl_->node && impl_->node->kind != Node::Kind::kNull;
}
const std::string& Value::key() const {
  return impl_->key;
}
int Value::line() const {
  return impl_->place.line;
}
int Value::column() const {
  return impl_->place.column;
}

void Value::Complain(std::string_view what) const {
  impl_->problems->Add(line(), column(), impl_->key, what);
}

bool Value::complained() const {
  return impl_->problems->HasAny(impl_->key);
}

std::optional<std::string> Value::String() const {
  const Node* node = impl_->Scalar("text");
  return node ? std::optional(node->text) : std::nullopt;
}

std::optional<std::int64_t> Value::Integer(std::int64_t min, std::int64_t max) const {
  const Node* node = impl_->Scalar("a whole number");
  if (!node) return std::nullopt;
  std::int64_t number = 0;
  const char* end = node->text.data() + node->text.size();
  const auto [stopped, rc] = std::from_chars(node->text.data(), end, number);
  if (!node->plain || stopped != end ||
      (rc != std::errc() && rc != std::errc::result_out_of_range)) {
    Complain(ExpectedWholeNumber(min, max, Quoted(node->text)));
    return std::nullopt;
  }
  if (rc != std::errc() || number < min || number > max) {
    Complain(ExpectedWholeNumber(min, max, node->text));
    return std::nullopt;
  }
  return number;
}

std::optional<double> Value::Fraction() const {
  const Node* node = impl_->Scalar("a fraction");
  if (!node) return std::nullopt;
  const auto fraction = ParseFraction(node->text);
  if (node->plain && fraction) return *fraction;
  Complain(ExpectedFraction(Quoted(node->text)));
  return std::nullopt;
}

std::optional<bool> Value::Boolean() const {
  const Node* node = impl_->Scalar("true or false");
  if (!node) return std::nullopt;
  if (node->plain && node->text == "true") return true;
  if (node->plain && node->text == "false") return false;
  Complain(ExpectedTrueOrFalse(Quoted(node->text)));
  return std::nullopt;
}

std::optional<Duration> Value::GetDuration(Duration min, Duration max) const {
  const Node* node = impl_->Scalar("a duration such as 500ms");
  if (!node) return std::nullopt;
  const auto duration = ParseDuration(node->text);
  if (!duration) {
    Complain(duration.error().message);
    return std::nullopt;
  }
  if (*duration < min || *duration > max) {
    Complain(ExpectedDurationWithin(min, max, node->text));
    return std::nullopt;
  }
  return *duration;
}

std::optional<std::size_t> Value::Choice(const std::vector<std::string_view>& choices) const {
  const Node* node = impl_->Scalar("one of " + Join(choices, ", "));
  if (!node) return std::nullopt;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (EqualIgnoringCase(node->text, choices[i])) return i;
  }
  Complain((choices.size() == 1 ? "expected " : "expected one of ") + Join(choices, ", ") +
           ", not \"" + node->text + "\"");
  return std::nullopt;
}

bool Value::IsMap() const {
  return impl_->node && impl_->node->kind == Node::Kind::kMap;
}
bool Value::IsList() const {
  return impl_->node && impl_->node->kind == Node::Kind::kList;
}
bool Value::IsScalar() const {
  return impl_->node && impl_->node->kind == Node::Kind::kScalar;
}

bool Value::ExpectMap(const std::vector<std::string_view>& known) const {
  if (!ExpectNamedMap()) return false;
  for (const Node::Entry& entry : impl_->node->entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    impl_->problems->Add(entry.place.line, entry.place.column, impl_->KeyOf(entry.key),
                         "unknown key" + DidYouMean(entry.key, known));
  }
  return true;
}

bool Value::ExpectNamedMap() const {
  if (!present()) return false;
  if (!IsMap()) {
    Complain(IsList() ? "expected keys and values, not a list"
                      : "expected keys and values, not \"" + impl_->node->text + "\"");
    return false;
  }
  impl_->ComplainAboutDuplicates();
  return true;
}

Value Value::operator[](std::string_view key) const {
  const Node* child = nullptr;
  if (IsMap()) {
    for (const Node::Entry& entry : impl_->node->entries) {
      if (entry.key != key) continue;
      child = entry.value.get();
      break;
    }
  }
  return Value(impl_->Child(child, impl_->KeyOf(key)));
}

std::vector<std::pair<std::string, Value>> Value::Entries() const {
  std::vector<std::pair<std::string, Value>> entries;
  if (!IsMap()) return entries;
  for (const Node::Entry& entry : impl_->node->entries) {
    entries.emplace_back(entry.key,
                         Value(impl_->Child(entry.value.get(), impl_->KeyOf(entry.key))));
  }
  return entries;
}

std::vector<Value> Value::Items() const {
  std::vector<Value> items;
  if (!present()) return items;
  if (!IsList()) {
    Complain("expected a list");
    return items;
  }
  std::size_t index = 0;
  for (const auto& item : impl_->node->items) {
    items.push_back(
        Value(impl_->Child(item.get(), impl_->key + "[" + std::to_string(index++) + "]")));
  }
  return items;
}

// --- Document ---

Result<Document> Document::Parse(std::string file, std::string_view text) {
  if (text.size() > kMaxBytes) {
    return Fail(ErrorAt(file, Place{}, "larger than " + std::to_string(kMaxBytes) + " bytes"));
  }
  if (const auto foreign = FindForeignByte(text)) {
    return Fail(ErrorAt(file, foreign->first, foreign->second));
  }
  std::unique_ptr<Node> tree;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder;
    while (parser.HandleNextDocument(builder)) {
    }
    tree = builder.empty() ? std::make_unique<Node>() : builder.TakeRoot();
  } catch (const Refusal& refusal) {
    return Fail(ErrorAt(file, refusal.place, refusal.what()));
  } catch (const YAML::Exception& exception) {
    return Fail(ErrorAt(file, PlaceOf(exception.mark), "not YAML: " + exception.msg));
  } catch (const std::exception& exception) {
    return Fail(ErrorAt(file, Place{}, std::string("not YAML: ") + exception.what()));
  }
  Document document;
  document.problems_ = std::make_shared<Problems>(std::move(file));
  const std::shared_ptr<const Node> root = std::move(tree);
  document.root_ = std::make_shared<const Value::Impl>(
      Value::Impl{root, root.get(), root->place, std::string(), document.problems_});
  return document;
}

Value Document::root() const {
  return Value(root_);
}

}  // namespace zkcluster::yaml
