// One visitor for std::visit made of a lambda for each alternative, so that a new alternative does
// not compile before each visit says what to do with it. Pure.
#pragma once

namespace zkcluster {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace zkcluster
