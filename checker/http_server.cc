#include "checker/http_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace zkcluster {

namespace {

// A scrape is one short request. Whoever is slower, or larger, is no Prometheus.
constexpr int kIdleSeconds = 30;
constexpr ev_ssize_t kMaxHeaderBytes = 16'384;
constexpr ev_ssize_t kMaxBodyBytes = 4'096;
constexpr std::size_t kMaxUnreadBytes = 32'768;
// A connection that cannot be accepted, for want of descriptors or because there are too many,
// waits in the kernel's queue: to be told of it again at once would make the main loop spin, when
// it has the least to spare.
constexpr timeval kAcceptPause = {1, 0};

struct FreeHttp {
  void operator()(evhttp* server) const { evhttp_free(server); }
  void operator()(evbuffer* buffer) const { evbuffer_free(buffer); }
  void operator()(event* freed) const { event_free(freed); }
};

// A connection of evhttp's, which does not tell when one ends: this keeps a reference, and looks.
class Connection {
 public:
  explicit Connection(bufferevent* stream) : stream_(stream) { bufferevent_incref(stream); }
  ~Connection() { bufferevent_decref(stream_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Freed by evhttp, which takes its callbacks away.
  [[nodiscard]] bool ended() const {
    bufferevent_data_cb read = nullptr;
    bufferevent_data_cb write = nullptr;
    bufferevent_event_cb event = nullptr;
    void* argument = nullptr;
    bufferevent_getcb(stream_, &read, &write, &event, &argument);
    return read == nullptr && write == nullptr && event == nullptr;
  }

 private:
  bufferevent* const stream_;
};

}  // namespace

struct HttpServer::Impl {
  static void OnRequest(evhttp_request* request, void* page) {
    Answer(request, (*static_cast<const std::function<HttpAnswer()>*>(page))());
  }
  static void OnOther(evhttp_request* request, void* self) {
    HttpAnswer answer;
    answer.code = HTTP_NOTFOUND;
    answer.body = "There is only";
    for (const auto& page : static_cast<Impl*>(self)->pages) answer.body += " " + page.first;
    answer.body += ".\n";
    Answer(request, answer);
  }
  static void Answer(evhttp_request* request, const HttpAnswer& answer) {
    const std::unique_ptr<evbuffer, FreeHttp> body(evbuffer_new());
    if (body) evbuffer_add(body.get(), answer.body.data(), answer.body.size());
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
                      answer.type.c_str());
    evhttp_send_reply(request, answer.code, nullptr, body.get());
  }

  // Closed with the last reference: evhttp's, or ours.
  static bufferevent* OnAccept(event_base* base, void* self) {
    auto* const impl = static_cast<Impl*>(self);
    bufferevent* const stream = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (stream == nullptr) return nullptr;
    bufferevent_setwatermark(stream, EV_READ, 0, kMaxUnreadBytes);
    impl->Sweep();
    impl->connections.push_back(std::make_unique<Connection>(stream));
    if (impl->Full()) evconnlistener_disable(impl->listener);
    return stream;
  }
  // What comes with the listener belongs to evhttp: who this is about cannot be told here.
  static void OnAcceptFailed(evconnlistener* listener, void*) { evconnlistener_disable(listener); }
  static void OnAcceptAgain(evutil_socket_t, short, void* self) {
    auto* const impl = static_cast<Impl*>(self);
    impl->Sweep();
    if (!impl->Full()) evconnlistener_enable(impl->listener);
  }
  [[nodiscard]] bool Full() const { return connections.size() >= kMaxConnections; }
  void Sweep() {
    std::erase_if(connections, [](const auto& connection) { return connection->ended(); });
  }

  Pages pages;
  std::vector<std::unique_ptr<Connection>> connections;  // may outlive evhttp's own reference
  std::unique_ptr<evhttp, FreeHttp> http;
  evconnlistener* listener = nullptr;  // of http
  // Every second, whether accept had failed or not.
  std::unique_ptr<event, FreeHttp> accept_again;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(EventLoop& loop, const Address& listen,
                                                       Pages pages) {
  auto impl = std::make_unique<Impl>();
  impl->pages = std::move(pages);
  impl->http.reset(evhttp_new(loop.base()));
  if (!impl->http) return Fail(ErrorCode::kUnavailable, "no memory for a server");
  evhttp* const http = impl->http.get();
  evhttp_set_allowed_methods(http, EVHTTP_REQ_GET);  // to HEAD it would send a body
  evhttp_set_max_headers_size(http, kMaxHeaderBytes);
  evhttp_set_max_body_size(http, kMaxBodyBytes);
  evhttp_set_timeout(http, kIdleSeconds);
  evhttp_set_bevcb(http, &Impl::OnAccept, impl.get());
  for (auto& [path, page] : impl->pages) evhttp_set_cb(http, path.c_str(), &Impl::OnRequest, &page);
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
