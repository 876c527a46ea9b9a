// The rules of a spec that need no encoding. `Validate` (zkcluster/spec.h) adds the one that does,
// the size of its JSON: see codec/spec_size.cc. Pure.
#pragma once

#include <zkcluster/spec.h>
#include <string>

namespace zkcluster {

// What is wrong with a spec: the first twenty problems as one text, and how many more there are.
class SpecProblems {
 public:
  void Add(const std::string& problem);
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::string text() const;

 private:
  int count_ = 0;
  std::string text_;
};

[[nodiscard]] SpecProblems CheckSpec(const ClusterSpec& spec);

}  // namespace zkcluster
