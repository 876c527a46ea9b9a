#include "checker/http/listener.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace zkcluster {

namespace {

constexpr std::size_t kMaxUnreadBytes = 32'768;
constexpr int kBacklog = 128;
// A connection that cannot be accepted, because descriptors are missing or too many connections
// are open, waits in the kernel's queue. An event for it at once would make the main loop spin at
// its busiest time.
constexpr timeval kAcceptPause = {1, 0};
// A request younger than this is not dropped for another: its bytes may be on their way.
constexpr Duration kGrace = std::chrono::seconds(1);
constexpr std::size_t kCrowd = Listener::kMaxConnections / 2;

struct FreeListener {
  void operator()(evconnlistener* socket) const { evconnlistener_free(socket); }
  void operator()(event* freed) const { event_free(freed); }
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

// A stream of the server's. The server does not report its end, and restarts its timeouts with each
// byte. So this class keeps a reference, checks it, and records since when the connection is at its
// request or idle.
class Connection {
 public:
  Connection(bufferevent* stream, const Loop& loop)
      : stream_(stream), loop_(loop), since_(loop.Now()) {
    bufferevent_incref(stream_);
    evbuffer_add_cb(bufferevent_get_input(stream_), &Connection::OnInput, this);
  }
  ~Connection() {
    evbuffer_remove_cb(bufferevent_get_input(stream_), &Connection::OnInput, this);
    bufferevent_decref(stream_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] const bufferevent* stream() const { return stream_; }
  // From the accept, or the first byte of a further request, until the answer is sent.
  [[nodiscard]] bool asking() const { return asking_; }
  [[nodiscard]] TimePoint since() const { return since_; }

  // The server has freed it: freeing removes the callbacks.
  [[nodiscard]] bool ended() const {
    bufferevent_data_cb read = nullptr;
    bufferevent_data_cb write = nullptr;
    bufferevent_event_cb event = nullptr;
    void* argument = nullptr;
    bufferevent_getcb(stream_, &read, &write, &event, &argument);
    return read == nullptr && write == nullptr && event == nullptr;
  }

  void NoteAnswered() {
    asking_ = evbuffer_get_length(bufferevent_get_input(stream_)) > 0;
    since_ = loop_.Now();
  }

  // As if the server's own timeout had passed. The connection is closed after this call.
  void Close() { bufferevent_trigger_event(stream_, BEV_EVENT_READING | BEV_EVENT_TIMEOUT, 0); }

 private:
  static void OnInput(evbuffer*, const evbuffer_cb_info* change, void* self) {
    auto* const connection = static_cast<Connection*>(self);
    if (change->n_added == 0 || connection->asking_) return;
    connection->asking_ = true;
    connection->since_ = connection->loop_.Now();
  }

  bufferevent* const stream_;
  const Loop& loop_;
  bool asking_ = true;
  TimePoint since_;
};

}  // namespace

struct Listener::Impl {
  Impl(EventLoop& on, Duration within) : loop(on), request(within) {}

  static void OnAccept(evconnlistener*, evutil_socket_t fd, sockaddr*, int, void* self) {
    auto* const impl = static_cast<Impl*>(self);
    bufferevent* const stream = impl->NewStream(static_cast<int>(fd));
    if (stream == nullptr) {
      evutil_closesocket(fd);
      return;
    }
    impl->accepted(stream);
  }
  // The socket may belong to a server that accepts by itself, so it is unknown which
  // connection this is.
  static void OnAcceptFailed(evconnlistener* socket, void*) { evconnlistener_disable(socket); }
  static void OnAcceptAgain(evutil_socket_t, short, void* self) {
    auto* const impl = static_cast<Impl*>(self);
    for (const auto& connection : impl->connections) {
      if (connection->asking() && impl->Age(*connection) >= impl->request) connection->Close();
    }
    impl->MakeRoom(0);
    if (!impl->Full()) evconnlistener_enable(impl->socket);
  }

  // Closed with the last reference: the server's, or ours.
  bufferevent* NewStream(int fd) {
    bufferevent* const stream = bufferevent_socket_new(loop.base(), fd, BEV_OPT_CLOSE_ON_FREE);
    if (stream == nullptr) return nullptr;
    bufferevent_setwatermark(stream, EV_READ, 0, kMaxUnreadBytes);
    MakeRoom(1);  // before the new one is among them: it has no callbacks yet
    connections.push_back(std::make_unique<Connection>(stream, loop));
    if (Full()) evconnlistener_disable(socket);
    return stream;
  }
  [[nodiscard]] bool Full() const { return connections.size() >= kMaxConnections; }
  [[nodiscard]] Duration Age(const Connection& connection) const {
    return loop.Now() - connection.since();
  }
  void Sweep() {
    std::erase_if(connections, [](const auto& connection) { return connection->ended(); });
  }
  // Keeps one place free beyond the `coming` connections. Closes the one that has been idle, or at
  // its request, for the longest. So a crowd cannot keep a scrape from its answer.
  void MakeRoom(std::size_t coming) {
    Sweep();
    if (connections.size() + coming < kMaxConnections) return;
    Connection* oldest = nullptr;
    for (const auto& connection : connections) {
      if (connection->asking() && Age(*connection) < kGrace) continue;
      if (oldest == nullptr || connection->since() < oldest->since()) oldest = connection.get();
    }
    if (oldest == nullptr) return;
    oldest->Close();
    Sweep();
  }

  EventLoop& loop;
  const Duration request;
  std::function<void(bufferevent*)> accepted;
  std::vector<std::unique_ptr<Connection>> connections;  // may outlive the server's own reference
  std::unique_ptr<evconnlistener, FreeListener> owned;   // until it is handed over
  evconnlistener* socket = nullptr;
  // Runs every second, also if accept has not failed.
  std::unique_ptr<event, FreeListener> accept_again;
};

Listener::Listener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() = default;

Result<std::unique_ptr<Listener>> Listener::Bind(EventLoop& loop, const Address& at,
                                                 Duration request) {
  auto impl = std::make_unique<Impl>(loop, request);
  const auto unavailable = [&](const char* why) {
    return Fail(ErrorCode::kUnavailable, "cannot listen at " + FormatAddress(at) + ": " + why);
  };
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(at.host.c_str(), std::to_string(at.port).c_str(), &hints, &found);
  if (error != 0) return unavailable(gai_strerror(error));
  const std::unique_ptr<addrinfo, FreeListener> list(found);
  errno = 0;
  impl->owned.reset(
      evconnlistener_new_bind(loop.base(), nullptr, impl.get(),
                              LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_CLOSE_ON_FREE,
                              kBacklog, list->ai_addr, static_cast<int>(list->ai_addrlen)));
  if (!impl->owned) return unavailable(std::strerror(errno));
  impl->socket = impl->owned.get();
  evconnlistener_set_error_cb(impl->socket, &Impl::OnAcceptFailed);
  impl->accept_again.reset(
      event_new(loop.base(), -1, EV_PERSIST, &Impl::OnAcceptAgain, impl.get()));
  if (!impl->accept_again || event_add(impl->accept_again.get(), &kAcceptPause) != 0) {
    return Fail(ErrorCode::kUnavailable, "no memory for a server");
  }
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

void Listener::Accept(std::function<void(bufferevent* stream)> accepted) {
  impl_->accepted = std::move(accepted);
  evconnlistener_set_cb(impl_->socket, &Impl::OnAccept, impl_.get());
}

evconnlistener* Listener::ReleaseListener() {
  return impl_->owned.release();
}

bufferevent* Listener::NewStream(int fd) {
  return impl_->NewStream(fd);
}

void Listener::NoteAnswered(const bufferevent* stream) {
  const auto asked =
      std::find_if(impl_->connections.begin(), impl_->connections.end(),
                   [&](const auto& connection) { return connection->stream() == stream; });
  if (asked != impl_->connections.end()) (*asked)->NoteAnswered();
}

bool Listener::crowded() const {
  return impl_->connections.size() > kCrowd;
}

}  // namespace zkcluster
