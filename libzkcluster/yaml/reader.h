// Reads YAML files the way their author needs it: all problems of a file at once, each as
// `file:line:column: path.to.key: what is wrong`, unknown and duplicate keys included. Wraps
// yaml-cpp, which silently accepts duplicate keys. Used for checker.yaml and spec files.
// Nothing here throws. One thread at a time.
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/time.h>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/read_file.h"

namespace zkcluster::yaml {

// Collects the problems of one file.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}
  void Add(int line, int column, std::string_view key, std::string_view what);
  [[nodiscard]] bool empty() const { return lines_.empty(); }
  [[nodiscard]] bool HasAny(const std::string& key) const { return keys_.contains(key); }
  // The first hundred, in the order of the file, one a line, and the number of
  // the others; kInvalid.
  [[nodiscard]] Error ToError() const;

 private:
  struct Line {
    int line;
    int column;
    std::string text;
  };
  std::string file_;
  std::vector<Line> lines_;
  std::set<std::string, std::less<>> keys_;
  std::size_t more_ = 0;
};

// One value of the file, with its place and the path that leads to it ("probe.interval",
// "shards[2].addr"). An absent Value returns nothing and adds no problem.
class Value {
 public:
  [[nodiscard]] bool present() const;
  [[nodiscard]] const std::string& key() const;
  [[nodiscard]] int line() const;              // from 1
  [[nodiscard]] int column() const;            // from 1
  void Complain(std::string_view what) const;  // adds a problem here
  [[nodiscard]] bool complained() const;       // there is a problem here

  // Each adds a problem and returns nothing when the value is there but of another kind
  // or out of range.
  [[nodiscard]] std::optional<std::string> String() const;  // a scalar
  [[nodiscard]] std::optional<std::int64_t> Integer(std::int64_t min, std::int64_t max) const;
  [[nodiscard]] std::optional<bool> Boolean() const;  // true or false
  [[nodiscard]] std::optional<Duration> GetDuration(Duration min, Duration max) const;
  [[nodiscard]] std::optional<double> Fraction() const;  // see text/fraction.h
  // One of `choices`, ignoring case; its index.
  [[nodiscard]] std::optional<std::size_t> Choice(
      const std::vector<std::string_view>& choices) const;

  [[nodiscard]] bool IsMap() const;
  [[nodiscard]] bool IsList() const;
  [[nodiscard]] bool IsScalar() const;
  // Complains when it is present and no map, and about every key not among `known` (suggesting the
  // nearest) and every key that occurs twice. True when it is a map.
  bool ExpectMap(const std::vector<std::string_view>& known) const;
  // A map whose keys are names chosen by the user: complains about duplicates only.
  bool ExpectNamedMap() const;
  [[nodiscard]] Value operator[](std::string_view key) const;
  [[nodiscard]] std::vector<std::pair<std::string, Value>> Entries() const;  // of a map, in order
  [[nodiscard]] std::vector<Value> Items() const;  // of a list; complains when present and no list

 private:
  friend class Document;
  struct Impl;
  explicit Value(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

class Document {
 public:
  // `file` is for messages. Errors: kInvalid with place, when it is no YAML at all, larger than
  // 8 MB, deeper than 32 levels, uses aliases, or holds more than one document.
  [[nodiscard]] static Result<Document> Parse(std::string file, std::string_view text);

  [[nodiscard]] Value root() const;
  [[nodiscard]] const Problems& problems() const { return *problems_; }

 private:
  Document() = default;
  std::shared_ptr<Problems> problems_;
  std::shared_ptr<const Value::Impl> root_;
};

using zkcluster::ReadFile;

}  // namespace zkcluster::yaml
