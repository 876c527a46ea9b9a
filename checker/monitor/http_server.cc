#include "checker/monitor/http_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace zkcluster {

namespace {

// A scrape is one short request. Whoever is larger is no Prometheus.
constexpr ev_ssize_t kMaxHeaderBytes = 16'384;
constexpr ev_ssize_t kMaxBodyBytes = 4'096;
constexpr std::size_t kMaxUnreadBytes = 32'768;
// A connection that cannot be accepted, for want of descriptors or because there are too many,
// waits in the kernel's queue: to be told of it again at once would make the main loop spin, when
// it has the least to spare.
constexpr timeval kAcceptPause = {1, 0};
// A request that began no longer ago than this is not given up for another: it may be on its way.
constexpr Duration kGrace = std::chrono::seconds(1);
// Among so many nobody is kept once answered: who asks in time without end would keep others out.
constexpr std::size_t kCrowd = HttpServer::kMaxConnections / 2;

struct FreeHttp {
  void operator()(evhttp* server) const { evhttp_free(server); }
  void operator()(evbuffer* buffer) const { evbuffer_free(buffer); }
  void operator()(event* freed) const { event_free(freed); }
};

// A connection of evhttp's, which does not tell when one ends, and whose timeouts begin anew with
// each byte: this keeps a reference, looks, and knows since when the connection asks or is idle.
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

  // Freed by evhttp, which takes its callbacks away.
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

  // As if evhttp's own timeout had passed: it has ended afterwards.
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

struct HttpServer::Impl {
  struct Served {
    Impl* impl;
    std::function<HttpAnswer()> page;
  };

  Impl(const Loop& on, const HttpLimits& within) : loop(on), limits(within) {}

  static void OnRequest(evhttp_request* request, void* served) {
    const auto& [impl, page] = *static_cast<const Served*>(served);
    impl->Answer(request, page());
  }
  static void OnOther(evhttp_request* request, void* self) {
    auto* const impl = static_cast<Impl*>(self);
    HttpAnswer answer;
    answer.code = HTTP_NOTFOUND;
    answer.body = "There is only";
    for (const auto& page : impl->pages) answer.body += " " + page.first;
    answer.body += ".\n";
    impl->Answer(request, answer);
  }
  void Answer(evhttp_request* request, const HttpAnswer& answer) {
    const std::unique_ptr<evbuffer, FreeHttp> body(evbuffer_new());
    if (body) evbuffer_add(body.get(), answer.body.data(), answer.body.size());
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
                      answer.type.c_str());
    if (connections.size() > kCrowd) {
      evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
    }
    const bufferevent* const stream =
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
    const auto asked =
        std::find_if(connections.begin(), connections.end(),
                     [&](const auto& connection) { return connection->stream() == stream; });
    if (asked != connections.end()) {  // where memory lacked, it is evhttp's alone
      evhttp_request_set_on_complete_cb(request, &Impl::OnAnswered, asked->get());
    }
    evhttp_send_reply(request, answer.code, nullptr, body.get());
  }

  static void OnAnswered(evhttp_request*, void* connection) {
    static_cast<Connection*>(connection)->NoteAnswered();
  }

  // Closed with the last reference: evhttp's, or ours.
  static bufferevent* OnAccept(event_base* base, void* self) {
    auto* const impl = static_cast<Impl*>(self);
    bufferevent* const stream = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (stream == nullptr) return nullptr;
    bufferevent_setwatermark(stream, EV_READ, 0, kMaxUnreadBytes);
    impl->MakeRoom(1);  // before the new one is among them: it has no callbacks yet
    impl->connections.push_back(std::make_unique<Connection>(stream, impl->loop));
    if (impl->Full()) evconnlistener_disable(impl->listener);
    return stream;
  }
  // What comes with the listener belongs to evhttp: who this is about cannot be told here.
  static void OnAcceptFailed(evconnlistener* listener, void*) { evconnlistener_disable(listener); }
  static void OnAcceptAgain(evutil_socket_t, short, void* self) {
    auto* const impl = static_cast<Impl*>(self);
    for (const auto& connection : impl->connections) {
      if (connection->asking() && impl->Age(*connection) >= impl->limits.request) {
        connection->Close();
      }
    }
    impl->MakeRoom(0);
    if (!impl->Full()) evconnlistener_enable(impl->listener);
  }
  [[nodiscard]] bool Full() const { return connections.size() >= kMaxConnections; }
  [[nodiscard]] Duration Age(const Connection& connection) const {
    return loop.Now() - connection.since();
  }
  void Sweep() {
    std::erase_if(connections, [](const auto& connection) { return connection->ended(); });
  }
  // A place stays free for who comes after these `coming`, at the cost of the connection that has
  // been idle, or has not got its request out, for the longest: a crowd keeps no scrape out.
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

  const Loop& loop;
  const HttpLimits limits;
  std::map<std::string, Served> pages;
  std::vector<std::unique_ptr<Connection>> connections;  // may outlive evhttp's own reference
  std::unique_ptr<evhttp, FreeHttp> http;
  evconnlistener* listener = nullptr;  // of http
  // Every second, whether accept had failed or not.
  std::unique_ptr<event, FreeHttp> accept_again;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(EventLoop& loop, const Address& listen,
                                                       Pages pages, const HttpLimits& limits) {
  auto impl = std::make_unique<Impl>(loop, limits);
  for (auto& [path, page] : pages) impl->pages[path] = {impl.get(), std::move(page)};
  impl->http.reset(evhttp_new(loop.base()));
  if (!impl->http) return Fail(ErrorCode::kUnavailable, "no memory for a server");
  evhttp* const http = impl->http.get();
  evhttp_set_allowed_methods(http, EVHTTP_REQ_GET);  // to HEAD it would send a body
  evhttp_set_max_headers_size(http, kMaxHeaderBytes);
  evhttp_set_max_body_size(http, kMaxBodyBytes);
  const auto idle_us = std::chrono::duration_cast<Micros>(limits.idle).count();
  const timeval idle = {idle_us / 1'000'000, idle_us % 1'000'000};
  evhttp_set_timeout_tv(http, &idle);
  evhttp_set_bevcb(http, &Impl::OnAccept, impl.get());
  for (auto& [path, served] : impl->pages) {
    evhttp_set_cb(http, path.c_str(), &Impl::OnRequest, &served);
  }
  evhttp_set_gencb(http, &Impl::OnOther, impl.get());
  errno = 0;
  auto* const bound = evhttp_bind_socket_with_handle(http, listen.host.c_str(), listen.port);
  if (bound == nullptr) {
    return Fail(ErrorCode::kUnavailable,
                "cannot listen at " + FormatAddress(listen) + ": " + std::strerror(errno));
  }
  impl->listener = evhttp_bound_socket_get_listener(bound);
  evconnlistener_set_error_cb(impl->listener, &Impl::OnAcceptFailed);
  impl->accept_again.reset(
      event_new(loop.base(), -1, EV_PERSIST, &Impl::OnAcceptAgain, impl.get()));
  if (!impl->accept_again || event_add(impl->accept_again.get(), &kAcceptPause) != 0) {
    return Fail(ErrorCode::kUnavailable, "no memory for a server");
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace zkcluster
