// What a name means now, for owners of connections: a prober follows the names of its targets.
// Names are hints about addresses: the last good ones stay in use when a name stops resolving.
// NameBook keeps them; RemoteNames follows a book of another loop. Loop-bound.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace zkcluster {

struct NameState {
  enum class Standing : unsigned char {
    kResolves,
    kGone,        // the name servers say that it does not exist
    kUnanswered,  // no name server answers
  };
  Standing standing = Standing::kUnanswered;
  // IP literals, IPv4 first. The last good ones where the name does not resolve; empty: none yet.
  std::vector<std::string> addresses;
  bool operator==(const NameState&) const = default;
};

class Names {
 public:
  using Listener = std::function<void(const NameState&)>;
  using Following = std::shared_ptr<void>;  // destroying it ends it

  virtual ~Names() = default;

  // `listener` runs when the state is first known, and at each change; never within the call.
  // While anybody follows a name, it is asked for again and again.
  [[nodiscard]] virtual Following Follow(const std::string& name, Listener listener) = 0;
};

}  // namespace zkcluster
