// A small name server on a thread of its own, UDP and TCP, that behaves as a test wants. For the
// contract of Dns, and for whole programs in a network namespace where it is at port 53.
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace zkcluster::contract {

class NameServer {
 public:
  struct Record {
    std::vector<std::string> v4;
    std::vector<std::string> v6;
    std::uint32_t ttl = 60;
    std::string alias;  // a CNAME to this name comes first
  };
  struct Manners {
    bool silent = false;
    bool silent_v4 = false;
    bool silent_v6 = false;
    bool silent_edns = false;
    bool silent_tcp = false;    // accepts and says nothing
    bool refuses_edns = false;  // FORMERR
    bool other_id = false;      // an answer to another question
    bool cut = false;           // half of a packet
    bool truncated = false;     // TC, whatever its size
    int code = 0;               // of every answer: 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED
    std::chrono::milliseconds delay{0};
  };

  // Port 0: a free one.
  explicit NameServer(const std::string& host = "127.0.0.1", std::uint16_t port = 0);
  ~NameServer();
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;

  [[nodiscard]] std::string addr() const { return host_ + ":" + std::to_string(port_); }
  void Set(const std::string& name, Record record);
  void Remove(const std::string& name);
  void SetManners(Manners manners);
  // Questions received, by UDP and TCP.
  [[nodiscard]] std::size_t questions() const;
  // When each came.
  [[nodiscard]] std::vector<std::chrono::steady_clock::time_point> times() const;

 private:
  struct Reply {
    std::chrono::steady_clock::time_point due;
    std::string bytes;
    std::string peer;  // a sockaddr
  };
  void Run();
  void ServeUdp();
  void ServeTcp();
  void SendDue();
  // Nothing: silence.
  [[nodiscard]] std::optional<std::string> AnswerTo(const std::string& question, bool tcp);

  const std::string host_;
  UniqueFd udp_;
  UniqueFd tcp_;
  UniqueFd stop_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, Record> records_;
  Manners manners_;
  std::vector<std::chrono::steady_clock::time_point> times_;
  std::deque<Reply> replies_;   // of the thread
  std::vector<UniqueFd> held_;  // TCP connections that get no answer
  std::thread thread_;
};

}  // namespace zkcluster::contract
