// A visitor made of lambdas, one for each alternative of a variant. An alternative that no lambda
// takes does not compile: the compiler leads the author of a new one to every place that must know it. Pure.
#pragma once

namespace zkcluster {

template <class... Lambdas>
struct Overloaded : Lambdas... {
  using Lambdas::operator()...;
};
template <class... Lambdas>
Overloaded(Lambdas...) -> Overloaded<Lambdas...>;

}  // namespace zkcluster
