// One server of a FakeEnsemble, as its clients see it: their connections and watches, and the
// answers to their requests, each session's in order, from what this server has applied. FakeQuorum
// decides what it applies and whether it serves. Used only inside the fake ensemble.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/fakes/fake_link.h"

namespace zkcluster::sim {

class FakeQuorum;

// A message from the leading server, delivered in order.
struct Record {
  std::int64_t zxid = 0;  // 0: nothing has changed; the server of `origin` answers, no more
  std::vector<Trigger> triggers;
  std::int64_t ended_session = 0;
  int origin = -1;             // the server that had asked for it
  std::function<void()> then;  // done there, once it is applied
};

class FakeServer {
 public:
  FakeServer(int index, SimWorld& world, Wire& wire, FakeQuorum& quorum, const ZnodeTree& tree)
      : index_(index), world_(world), wire_(wire), quorum_(quorum), tree_(tree) {}
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] int index() const { return index_; }
  // The newest transaction it has applied.
  [[nodiscard]] std::int64_t applied() const { return applied_; }

  // --- what arrives from clients ---
  void OnConnect(const std::shared_ptr<Link>& link, std::int64_t session_id,
                 Duration session_timeout, std::int64_t seen, TimePoint sent);
  void OnRequest(const std::shared_ptr<Link>& link, std::int32_t xid, Request request,
                 TimePoint sent, bool lose_answer);
  void OnPing(const std::shared_ptr<Link>& link, TimePoint sent);
  void OnClose(const std::shared_ptr<Link>& link);
  void OnWatches(const std::shared_ptr<Link>& link, std::int64_t seen, std::set<std::string> data,
                 std::set<std::string> absent, std::set<std::string> children);

  // --- what the quorum decided ---
  // `session_id` 0: there is no such session.
  void Accept(const std::shared_ptr<Link>& link, std::int64_t session_id, Duration timeout,
              TimePoint sent);
  void Apply(const Record& record);
  // The answer to the write that waits under `ticket`.
  void Answer(const std::shared_ptr<Link>& link, std::uint64_t ticket,
              Result<Reply, zk::OpError> reply);
  // It has everything up to `zxid`, from a log that another server sent.
  void CatchUp(std::int64_t zxid) { applied_ = zxid; }
  void HangUpAll();

  // The connection is closed at this end.
  void Forget(const std::shared_ptr<Link>& link);

 private:
  using Watches = std::unordered_map<std::string, std::vector<std::shared_ptr<Link>>>;

  void InTurn(const std::shared_ptr<Link>& link, std::function<void()> run);
  std::uint64_t Wait(Link& link, Waiting waiting);
  void Drain(const std::shared_ptr<Link>& link);
  void Send(const std::shared_ptr<Link>& link, std::int32_t xid, Result<Reply, zk::OpError> reply,
            TimePoint sent);
  void Read(const std::shared_ptr<Link>& link, std::int32_t xid, const Request& request,
            TimePoint sent, bool lose_answer);
  [[nodiscard]] Result<Reply, zk::OpError> Answer(const std::shared_ptr<Link>& link,
                                                  const Request& request);
  void WatchData(const std::shared_ptr<Link>& link, const std::string& path);
  void WatchChildren(const std::shared_ptr<Link>& link, const std::string& path);
  void DropWatches(const std::shared_ptr<Link>& link);
  void Fire(const Trigger& trigger);
  void SendEvent(const std::shared_ptr<Link>& link, const zk::WatchEvent& event);

  const int index_;
  SimWorld& world_;
  Wire& wire_;
  FakeQuorum& quorum_;
  const ZnodeTree& tree_;
  std::int64_t applied_ = 0;
  std::uint64_t last_ticket_ = 0;
  std::vector<std::shared_ptr<Link>> links_;
  Watches data_watches_;
  Watches child_watches_;
};

}  // namespace zkcluster::sim
