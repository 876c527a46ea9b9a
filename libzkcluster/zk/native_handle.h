// One handle of the C library: one session, from its first connection attempt to its end. Drives
// the library and keeps its requests until they are answered; NativeClient decides when to connect,
// when to give up, and what the session is worth. No callback of a caller ever runs inside of the
// library: answers and events are put into the inbox, in the order in which they came. Loop-bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/loop.h"
#include "base/unique_fd.h"
#include "zk/client.h"
#include "zk/server_clock.h"
#include "zk/watch_table.h"

struct _zhandle;

namespace zkcluster::zk {

struct NativeClientOptions;
using Inbox = std::deque<std::function<void()>>;

class NativeHandle {
 public:
  // The state of the connection. kEnded is final: the server has expired the session.
  enum class Link { kNone, kOpening, kGreeting, kConnected, kEnded };
  // kSend says goodbye without waiting, kAwait waits for the server (a blocking call, up to 1.5 s),
  // kNone only breaks the connection.
  enum class Farewell { kSend, kAwait, kNone };

  struct Interest {
    int fd = -1;
    bool write = false;
    Duration wait{0};  // until the library wants to be called again
  };

  // `endpoints`: "ip:port" without brackets; of the options it uses timeout and identity of the
  // session. All references but `endpoints` must outlive the handle.
  NativeHandle(const Loop& loop, Logger& logger, Inbox& inbox, const NativeClientOptions& options,
               const std::string& endpoints);
  ~NativeHandle();  // End(kNone)
  NativeHandle(const NativeHandle&) = delete;
  NativeHandle& operator=(const NativeHandle&) = delete;

  [[nodiscard]] bool ok() const { return zh_ != nullptr; }  // false: the library refused to begin
  [[nodiscard]] Link link() const;
  // The server has refused our credentials, and with them the session.
  [[nodiscard]] bool auth_failed() const;
  [[nodiscard]] bool has_socket() const;
  [[nodiscard]] std::int64_t session_id() const;   // 0 before the first connection
  [[nodiscard]] Duration session_timeout() const;  // negotiated, once connected
  [[nodiscard]] std::string server() const;        // of the current connection; "" when none
  [[nodiscard]] std::size_t pending() const { return calls_.size(); }
  // The time at which the newest answered request was sent.
  [[nodiscard]] TimePoint newest_answer() const { return newest_answer_; }
  // Learns from the stamp of each write.
  [[nodiscard]] const ServerClock& clock() const { return clock_; }

  // Opens a socket to the next address. REQUIRES: link() == kNone.
  void Connect();
  // What to wait for. Within this call the library may find that the connection is dead.
  // REQUIRES: has_socket().
  Interest Poll();
  void Process(bool readable, bool writable);
  // Gives up the current connection or attempt, if any.
  void Break();
  // Answers the requests that a connection left behind when it broke within a verb. REQUIRES:
  // link() == kNone.
  void DropQueue();
  void SetEndpoints(const std::string& endpoints);
  // Ends session and handle; open requests are answered with kSessionLost. The descriptor (kAwait
  // only, else invalid) stays readable until the server has closed the session.
  UniqueFd End(Farewell farewell);

  // The verbs. REQUIRES: link() == kConnected, valid paths.
  void Get(const std::string& path, Watch watch, Callback<Node> done);
  void Exists(const std::string& path, Watch watch, Callback<std::optional<Stat>> done);
  void Children(const std::string& path, Watch watch, Callback<std::vector<std::string>> done);
  void Create(const std::string& path, const std::string& data, CreateMode mode,
              Callback<std::string> done);
  void Set(const std::string& path, const std::string& data, Version version, Callback<Stat> done);
  void Delete(const std::string& path, Version version, Callback<void> done);
  void Multi(std::vector<Op> ops, MultiCallback done);
  void ResetAcl(const std::string& path, Callback<void> done);
  void Sync(const std::string& path, Callback<void> done);

 private:
  struct Call;
  template <class T, class E = Error>
  struct TypedCall;
  struct MultiCall;
  struct Completions;
  using Calls = std::list<std::unique_ptr<Call>>;

  template <class C>
  C& Begin(std::unique_ptr<C> call);
  void Begun(Call& call, int rc);
  template <class T, class E, class Take>
  void Finish(TypedCall<T, E>& call, int rc, Take take);

  const Loop& loop_;
  Logger& logger_;
  Inbox& inbox_;
  const AclFunction& acl_;
  _zhandle* zh_ = nullptr;
  int fd_ = -1;  // the library's descriptor, as last seen
  Calls calls_;
  WatchTable watches_;
  TimePoint newest_answer_ = TimePoint::min();
  ServerClock clock_;
};

}  // namespace zkcluster::zk
