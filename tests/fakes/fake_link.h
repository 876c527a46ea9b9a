// What travels between FakeClient and FakeEnsemble: one Channel per client, which disturbances act
// upon, and one Link per connection it makes. Only those two include this.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/fakes/fake_ensemble.h"

namespace zkcluster::sim {

// The answer to a verb; which member holds it follows from the verb.
struct Reply {
  std::int64_t zxid = 0;  // the newest transaction that this server had seen
  zk::Node node;
  std::optional<zk::Stat> stat;
  std::vector<std::string> names;
  std::vector<zk::OpResult> results;
};

// The client's end of a connection. Everything is called on the client's loop.
class ClientEnd {
 public:
  virtual ~ClientEnd() = default;
  // `session_id` 0: the session that was asked for has expired.
  virtual void OnAccepted(const std::shared_ptr<Link>& link, std::int64_t session_id,
                          Duration timeout, TimePoint sent) = 0;
  virtual void OnReply(const std::shared_ptr<Link>& link, std::int32_t xid,
                       const Result<Reply>& reply, TimePoint sent) = 0;
  virtual void OnPong(const std::shared_ptr<Link>& link, TimePoint sent) = 0;
  virtual void OnEvent(const std::shared_ptr<Link>& link, const zk::WatchEvent& event) = 0;
  virtual void OnClosed(const std::shared_ptr<Link>& link) = 0;
  virtual void OnBroken(const std::shared_ptr<Link>& link) = 0;
};

enum class Reach { kOpen, kCut, kMuted };

struct Channel {
  SimLoop* loop = nullptr;  // null: the process is gone
  std::weak_ptr<ClientEnd> client;
  Reach reach = Reach::kOpen;
  FateFunction fate;
  std::shared_ptr<Link> link;   // the newest
  std::int64_t session_id = 0;  // the client's session, as the server knows it
};

// One connection. Each direction delivers in order, up to its cut.
struct Link {
  std::shared_ptr<Channel> channel;
  std::int64_t session_id = 0;
  TimePoint last_to_server = TimePoint::min();
  TimePoint last_to_client = TimePoint::min();
  TimePoint server_cut = TimePoint::max();  // what would arrive after it never does
  TimePoint client_cut = TimePoint::max();
  bool server_open = true;
  bool muted = false;  // for good: bytes are missing
  std::set<std::string> data_watches;
  std::set<std::string> child_watches;
};

}  // namespace zkcluster::sim
