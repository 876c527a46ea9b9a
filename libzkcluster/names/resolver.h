// Names to IP addresses: the hosts file first, then the name servers, so that one silent, slow,
// refusing or lying server of several costs a moment, and neither a name nor an address.
//
//   silent, slow     the next server is asked after ServerMemory::kPatience, while the first may
//                    still answer; a server that was silent is asked last from then on
//   refusing, broken the next server is asked at once
//   "no such name"   believed only when every server that answers says so
//   one family only  a found family waits for the other one no longer than kGrace
//   disagreeing      Scope::kAllServers asks all of them, and the addresses of all count
//
// Every packet takes a token: kPerSecond in all, and kFirstPerSecond for names that have never been
// asked for. What finds no token waits. A question costs one packet per family where the first
// server answers. Loop-bound conductor.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/lifetime.h"
#include "base/loop.h"
#include "names/dns.h"
#include "names/server_memory.h"
#include "names/token_bucket.h"

namespace zkcluster {

struct NameAnswer {
  enum class Kind : unsigned char {
    kFound,
    kNoSuchName,  // every server that answered says so
    kNoAnswer,    // no server gave a useful answer
  };
  Kind kind = Kind::kNoAnswer;
  // By family. Nothing: not asked, or not answered; empty: the name has none.
  std::array<std::optional<std::vector<std::string>>, 2> addresses;
  Duration ttl{0};
  std::string full_name;  // that was found
  std::string failure;    // why it was not
};

struct NameQuestion {
  enum class Scope : unsigned char { kOneServer, kAllServers };
  enum class Lane : unsigned char { kFirst, kAgain };
  std::string name;
  // From an earlier answer: asked for in place of the list of domains. May be empty.
  std::string full_name;
  Scope scope = Scope::kAllServers;
  Lane lane = Lane::kAgain;
  std::array<bool, 2> families{true, true};  // by Family
};

class Resolver {
 public:
  // From a found address to the end of the wait for another family, and for other servers.
  static constexpr Duration kGrace = std::chrono::milliseconds(100);
  static constexpr Duration kGraceForAll = std::chrono::milliseconds(250);
  // In any second at most kPerSecond + kBurst packets are sent.
  static constexpr int kPerSecond = 40;
  static constexpr int kBurst = 10;
  // A thousand names are known a few seconds after the start, by fewer packets than the 1,024 a
  // second that some clouds allow.
  static constexpr int kFirstPerSecond = 500;

  using Done = std::function<void(const NameAnswer&)>;
  using Pending = std::shared_ptr<void>;  // destroying it forgets the question

  // REQUIRES: `dns` outlives the resolver.
  Resolver(Loop& loop, Dns& dns);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `done` runs once, never within the call. REQUIRES: the result is dropped before the resolver.
  [[nodiscard]] Pending Resolve(NameQuestion question, Done done);

 private:
  class Inquiry;
  struct Packet {
    std::weak_ptr<Inquiry> inquiry;
    std::string server;
    Family family = Family::kV4;
    Dns::Dialect dialect = Dns::Dialect::kEdns;
  };
  // Further packets of questions that have begun go before new questions.
  struct Queue {
    TokenBucket tokens;
    std::deque<Packet> packets;
    std::deque<std::weak_ptr<Inquiry>> waiting;
    std::unique_ptr<Timer> timer;
  };

  [[nodiscard]] Queue& QueueOf(NameQuestion::Lane lane) {
    return queues_[static_cast<std::size_t>(lane)];
  }
  void Drain(Queue& queue);

  Loop& loop_;
  Dns& dns_;
  ServerMemory memory_;
  std::size_t turn_ = 0;  // counts the questions to one server
  std::array<Queue, 2> queues_;
  Lifetime lifetime_;
};

}  // namespace zkcluster
