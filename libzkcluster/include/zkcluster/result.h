// Errors as values. Every call that can fail at run time returns a Result: either a value or an
// Error. Nothing in the public API throws. An error carries a code, by which the caller decides
// what to *do*, and a message that says to a person what happened, with context added on the way up
// ("read ballot votes/rack1: not JSON at byte 12"). Pure; values, safe to copy between threads.
//
// Result is a type of this library because it is part of every signature: a change of a third
// party's header must not change the binary interface, and a program needs no further package.
#pragma once

#include <zkcluster/export.h>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace zkcluster {

// Few codes, each an action.
enum class ErrorCode {
  kInvalid,         // the request itself is wrong: change it
  kBadData,         // bytes read from outside could not be decoded: the writer must be corrected
  kNotFound,        // there is no such cluster, shard or znode
  kExists,          // it is there already
  kConflict,        // somebody else changed it meanwhile: read again, then decide again
  kNotEmpty,        // a znode still has children: list again
  kDenied,          // credentials are missing or insufficient
  kTooLarge,        // above a documented size limit: never sent
  kUnavailable,     // no session now; certainly not done: try again later
  kUnknownOutcome,  // sent, and the answer was lost: re-read before anything else
  kSessionLost,     // the session ended; its ephemerals are gone: register again
  kTimeout,         // the caller's own deadline passed
  kShardDead,       // the key's owner is dead and it has no stand-in
  kInternal,        // anything else, worth a bug report
};

// The stable name of a code, e.g. "conflict". Used in logs and JSON.
[[nodiscard]] ZKC_EXPORT std::string_view ErrorCodeName(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // for a person; one line, except where several problems are listed

  // The same error, its message prefixed with `context` and ": ".
  [[nodiscard]] Error Within(std::string_view context) const {
    return Error{code, std::string(context) + ": " + message};
  }
  bool operator==(const Error&) const = default;
};

// What `Fail` makes; becomes a Result of any type.
template <class E = Error>
struct [[nodiscard]] Failure {
  E error;
};

// `return Fail(ErrorCode::kNotFound, "no cluster \"x\"");`
[[nodiscard]] inline Failure<> Fail(ErrorCode code, std::string message) {
  return {Error{code, std::move(message)}};
}
[[nodiscard]] inline Failure<> Fail(Error error) {
  return {std::move(error)};
}

namespace internal {
// Called when a Result is read for what it does not hold. Reports it on stderr and aborts the
// program: the caller has a bug.
[[noreturn]] ZKC_EXPORT void ResultMisused(const Error* error);
}  // namespace internal

// A T, or why there is none. E is an Error, or what the library itself derives from it.
template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result() requires std::default_initializable<T>
  = default;
  template <class U = T>
  requires(!std::same_as<std::remove_cvref_t<U>, Result> &&
           std::constructible_from<T, U>) explicit(!std::convertible_to<U, T>) Result(U&& value)
      : held_(std::in_place_index<0>, std::forward<U>(value)) {}
  template <class G>
  Result(Failure<G> failure) : held_(std::in_place_index<1>, E{std::move(failure.error)}) {}
  // Converts from another value type, or from a more detailed error.
  template <class U, class G>
  requires(!std::same_as<Result<U, G>, Result> && std::convertible_to<U, T> &&
           std::convertible_to<G, E> && !std::constructible_from<T, Result<U, G>>)
      Result(Result<U, G> other)
      : held_(other ? Held(std::in_place_index<0>, *std::move(other))
                    : Held(std::in_place_index<1>, std::move(other).error())) {}

  [[nodiscard]] bool has_value() const noexcept { return held_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  // REQUIRES: has_value(). Anything else ends the program and prints the error that
  // was not checked.
  [[nodiscard]] T& value() & { return *Value(); }
  [[nodiscard]] const T& value() const& { return *Value(); }
  [[nodiscard]] T&& value() && { return std::move(*Value()); }
  [[nodiscard]] T& operator*() & { return *Value(); }
  [[nodiscard]] const T& operator*() const& { return *Value(); }
  [[nodiscard]] T&& operator*() && { return std::move(*Value()); }
  [[nodiscard]] T* operator->() { return Value(); }
  [[nodiscard]] const T* operator->() const { return Value(); }

  // REQUIRES: !has_value().
  [[nodiscard]] E& error() & { return *Problem(); }
  [[nodiscard]] const E& error() const& { return *Problem(); }
  [[nodiscard]] E&& error() && { return std::move(*Problem()); }

  template <class U>
  [[nodiscard]] T value_or(U&& other) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(other));
  }
  template <class U>
  [[nodiscard]] T value_or(U&& other) && {
    return has_value() ? *std::move(*this) : static_cast<T>(std::forward<U>(other));
  }
  // The same with `change` applied to the value, if there is one.
  template <class F>
  [[nodiscard]] auto map(F&& change) const& -> Result<std::invoke_result_t<F, const T&>, E> {
    if (!has_value()) return Failure<E>{error()};
    return std::invoke(std::forward<F>(change), **this);
  }
  template <class F>
  [[nodiscard]] auto map(F&& change) && -> Result<std::invoke_result_t<F, T>, E> {
    if (!has_value()) return Failure<E>{std::move(*this).error()};
    return std::invoke(std::forward<F>(change), *std::move(*this));
  }

  friend bool operator==(const Result&, const Result&) = default;

 private:
  using Held = std::variant<T, E>;

  T* Value() { return const_cast<T*>(std::as_const(*this).Value()); }
  const T* Value() const {
    if (const T* value = std::get_if<0>(&held_)) return value;
    internal::ResultMisused(std::get_if<1>(&held_));
  }
  E* Problem() { return const_cast<E*>(std::as_const(*this).Problem()); }
  const E* Problem() const {
    if (const E* error = std::get_if<1>(&held_)) return error;
    internal::ResultMisused(nullptr);
  }

  Held held_;
};

// Success, or why not.
template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  using value_type = void;

  Result() = default;
  template <class G>
  Result(Failure<G> failure) : error_(E{std::move(failure.error)}) {}

  [[nodiscard]] bool has_value() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  // REQUIRES: !has_value().
  [[nodiscard]] E& error() & { return *Problem(); }
  [[nodiscard]] const E& error() const& { return *Problem(); }
  [[nodiscard]] E&& error() && { return std::move(*Problem()); }

  friend bool operator==(const Result&, const Result&) = default;

 private:
  E* Problem() { return const_cast<E*>(std::as_const(*this).Problem()); }
  const E* Problem() const {
    if (!error_) internal::ResultMisused(nullptr);
    return &*error_;
  }

  std::optional<E> error_;
};

}  // namespace zkcluster
