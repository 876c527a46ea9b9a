// The addresses of names, kept as fresh as their TTL says. However many followers a name has, it
// is asked for once:
//
//   followed         again after each TTL, kept between kShortest and kLongest, so that a move is
//                    noticed while the old server still answers
//   an answer that differs from what was known is checked with all name servers: while they
//                    disagree, the addresses of all count
//   no answer        the last good addresses stay; asked again after kShortest, then less often
//   never resolved   asked again after kFirstRetry, then less often
//   not followed     asked for on demand only (Ask)
//
// A family that the name does not have is asked for every kLongest. Loop-bound conductor.
#pragma once

#include <zkcluster/time.h>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/lifetime.h"
#include "base/loop.h"
#include "names/names.h"
#include "names/resolver.h"

namespace zkcluster {

class NameBook final : public Names {
 public:
  static constexpr Duration kShortest = std::chrono::seconds(5);
  static constexpr Duration kLongest = std::chrono::minutes(5);
  static constexpr Duration kFirstRetry = std::chrono::seconds(1);
  static constexpr Duration kLongestFirstRetry = std::chrono::seconds(10);
  static constexpr Duration kLongestRetry = std::chrono::seconds(30);

  // REQUIRES: the resolver outlives the book.
  NameBook(Loop& loop, Resolver& resolver);
  ~NameBook() override;
  NameBook(const NameBook&) = delete;
  NameBook& operator=(const NameBook&) = delete;

  [[nodiscard]] Following Follow(const std::string& name, Listener listener) override;

  using Asking = std::shared_ptr<void>;  // destroying it forgets the question
  // What is known, if it was asked for less than `max_age` ago; else a new answer, or what is still
  // known when there is none. `done` runs once, never within the call, within Dns::kLimit or so.
  [[nodiscard]] Asking Ask(const std::string& name, Duration max_age, Listener done);

  // The same, with an age by the TTL.
  [[nodiscard]] Asking AskByTtl(const std::string& name, Listener done);
  // The last good addresses, without a question.
  [[nodiscard]] std::vector<std::string> Known(const std::string& name) const;

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry;
  struct Watched;

  [[nodiscard]] Entry& Open(const std::string& name);
  void Inquire(Entry& entry, NameQuestion::Scope scope);
  void OnAnswer(Entry& entry, NameQuestion::Scope scope, const NameAnswer& answer);
  void Report(Entry& entry);
  void Schedule(Entry& entry);
  void DropUnused();

  Loop& loop_;
  Resolver& resolver_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;  // by name in lower case
  TimePoint swept_at_{};
  Lifetime lifetime_;
};

}  // namespace zkcluster
