// Names for one loop, kept by a NameBook on another: all probe workers share the book of the main
// loop, so that a name costs one question however many shards, clusters and workers it has, and the
// limit on questions is the checker's. Only messages cross. Loop-bound to its own loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "base/loop.h"
#include "names/names.h"

namespace zkcluster {

class RemoteNames final : public Names {
 public:
  // `book` is used on `book_loop` only. REQUIRES: book and book_loop outlive the thread of `loop`.
  RemoteNames(Loop& loop, Loop& book_loop, Names& book);
  ~RemoteNames() override;

  [[nodiscard]] Following Follow(const std::string& name, Listener listener) override;

 private:
  // What is followed for us, on the book's loop.
  using Desk = std::map<std::uint64_t, Following>;

  Loop& loop_;
  Loop& book_loop_;
  Names& book_;
  const std::shared_ptr<Desk> desk_ = std::make_shared<Desk>();
  std::uint64_t last_ = 0;
};

}  // namespace zkcluster
