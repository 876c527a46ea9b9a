#include "names/remote_names.h"

#include <string>
#include <utility>

namespace zkcluster {

RemoteNames::RemoteNames(Loop& loop, Loop& book_loop, Names& book)
    : loop_(loop), book_loop_(book_loop), book_(book) {}

RemoteNames::~RemoteNames() {
  book_loop_.Post([desk = desk_] { desk->clear(); });
}

Names::Following RemoteNames::Follow(const std::string& name, Listener listener) {
  const std::uint64_t number = ++last_;
  auto held = std::make_shared<Listener>(std::move(listener));
  // The listener is touched on this loop alone; the book's loop passes on a weak reference.
  const auto relay = [&loop = loop_, weak = std::weak_ptr<Listener>(held)](const NameState& state) {
    loop.Post([weak, state] {
      if (const auto alive = weak.lock()) (*alive)(state);
    });
  };
  book_loop_.Post([desk = desk_, &book = book_, number, name, relay] {
    desk->emplace(number, book.Follow(name, relay));
  });
  return Following(held.get(),
                   [&book_loop = book_loop_, desk = desk_, number, held](void*) mutable {
                     held.reset();
                     book_loop.Post([desk, number] { desk->erase(number); });
                   });
}

}  // namespace zkcluster
