// For std::visit: several functions as one, each for some alternatives of a variant. A variant's
// alternative that none of them takes does not compile. Pure.
#pragma once

namespace zkcluster {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace zkcluster
