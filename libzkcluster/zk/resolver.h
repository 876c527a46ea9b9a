// Turns server names into IP addresses without blocking: hosts file and DNS, by evdns. One question
// at a time. The system's files are read anew for each, so that a mended resolv.conf is noticed.
// Loop-bound.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "model/address.h"

namespace zkcluster::zk {

class Resolver {
 public:
  struct Answer {
    std::vector<Address> addresses;     // hosts are IP literals; no duplicates
    std::vector<std::string> failures;  // "name: reason"
  };
  using Done = std::function<void(const Answer&)>;

  explicit Resolver(EventLoop& loop);
  ~Resolver();  // an answer still due is never given
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Calls `done` in a later turn, after 5 s at the latest. Replaces a question that is still open.
  void Resolve(const std::vector<Address>& names, Done done);

 private:
  struct Question;
  EventLoop& loop_;
  std::shared_ptr<Question> question_;
};

}  // namespace zkcluster::zk
