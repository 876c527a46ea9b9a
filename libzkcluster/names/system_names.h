// The names of this system: a NameBook with the resolver and the name servers behind it, for one
// loop. Composition only. Loop-bound.
#pragma once

#include "base/event_loop.h"
#include "names/ares_dns.h"
#include "names/name_book.h"
#include "names/resolver.h"

namespace zkcluster {

class SystemNames {
 public:
  explicit SystemNames(EventLoop& loop, AresDns::Files files = {});

  [[nodiscard]] NameBook& book() { return book_; }

 private:
  AresDns dns_;
  Resolver resolver_;
  NameBook book_;
};

}  // namespace zkcluster
