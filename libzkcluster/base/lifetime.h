// Keeps callbacks from running into a destroyed object. A conductor holds one Lifetime as its
// *last* member and wraps every callback that it passes on; once the Lifetime is gone (or Reset,
// when the conductor starts over and answers to its earlier questions no longer matter), wrapped
// callbacks do nothing. Loop-bound: wrap, run and destroy on the same thread.
#pragma once

#include <memory>
#include <utility>

namespace zkcluster {

class Lifetime {
 public:
  Lifetime() = default;
  Lifetime(const Lifetime&) = delete;
  Lifetime& operator=(const Lifetime&) = delete;

  // `lifetime_.Guard([this](Result<X> x) {...})`
  template <class F>
  [[nodiscard]] auto Guard(F callback) {
    return [token = std::weak_ptr<char>(token_),
            callback = std::move(callback)](auto&&... args) mutable {
      if (!token.expired()) callback(std::forward<decltype(args)>(args)...);
    };
  }

  // Everything guarded so far will do nothing.
  void Reset() { token_ = std::make_shared<char>(); }

 private:
  std::shared_ptr<char> token_ = std::make_shared<char>();
};

}  // namespace zkcluster
