// WordTable: at most kMost words, each with a place: a small number that represents the word. It
// only grows: a word keeps its place as long as the table lives, which is as long as the process
// (its words are never freed). Thread-safe, without a lock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace zkcluster {

template <std::size_t kMost>
class WordTable {
 public:
  // The place of `word`, which is added if it is new. Nothing: there is no room for it.
  std::optional<std::size_t> PlaceOf(std::string_view word) {
    std::unique_ptr<const std::string> added;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      const std::string* there = words_[i].load(std::memory_order_acquire);
      if (there == nullptr) {
        if (!added) added = std::make_unique<const std::string>(word);
        // Where another thread was quicker, `there` becomes its word.
        if (words_[i].compare_exchange_strong(there, added.get(), std::memory_order_acq_rel)) {
          there = added.release();
        }
      }
      if (*there == word) return i;
    }
    return std::nullopt;
  }

  // Null: no word has that place.
  [[nodiscard]] const std::string* At(std::size_t place) const {
    return place < words_.size() ? words_[place].load(std::memory_order_acquire) : nullptr;
  }

 private:
  std::array<std::atomic<const std::string*>, kMost> words_{};
};

}  // namespace zkcluster
