#include "checker/http/http_server.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <sys/time.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "checker/http/listener.h"

namespace zkcluster {

namespace {

// A scrape is one short request. Prometheus sends nothing larger.
constexpr ev_ssize_t kMaxHeaderBytes = 16'384;
constexpr ev_ssize_t kMaxBodyBytes = 4'096;

struct Free {
  void operator()(evhttp* server) const { evhttp_free(server); }
  void operator()(evbuffer* buffer) const { evbuffer_free(buffer); }
  void operator()(char* text) const { std::free(text); }
};

HttpRequest RequestOf(evhttp_request* request) {
  HttpRequest asked;
  const evhttp_uri* const uri = evhttp_request_get_evhttp_uri(request);
  if (uri == nullptr) return asked;
  if (const char* const path = evhttp_uri_get_path(uri)) {
    std::size_t size = 0;
    const std::unique_ptr<char, Free> decoded(evhttp_uridecode(path, 0, &size));
    if (decoded) asked.path.assign(decoded.get(), size);
  }
  if (const char* const query = evhttp_uri_get_query(uri)) asked.query = query;
  return asked;
}

}  // namespace

struct HttpServer::Impl {
  explicit Impl(HttpFunction function) : answer(std::move(function)) {}

  static void OnRequest(evhttp_request* request, void* self) {
    auto* const impl = static_cast<Impl*>(self);
    impl->Send(request, impl->answer(RequestOf(request)));
  }
  void Send(evhttp_request* request, const HttpAnswer& sent) {
    const std::unique_ptr<evbuffer, Free> body(evbuffer_new());
    if (body) evbuffer_add(body.get(), sent.body.data(), sent.body.size());
    auto* const headers = evhttp_request_get_output_headers(request);
    evhttp_add_header(headers, "Content-Type", sent.type.c_str());
    if (listener->crowded()) evhttp_add_header(headers, "Connection", "close");
    evhttp_request_set_on_complete_cb(request, &Impl::OnSent, this);
    evhttp_send_reply(request, sent.status, nullptr, body.get());
  }
  static void OnSent(evhttp_request* request, void* self) {
    static_cast<Impl*>(self)->listener->NoteAnswered(
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(request)));
  }
  static bufferevent* OnAccept(event_base*, void* self) {
    return static_cast<Impl*>(self)->listener->NewStream(-1);
  }

  const HttpFunction answer;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<evhttp, Free> http;  // ends first: the listener's socket is its own
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(EventLoop& loop, const Address& listen,
                                                       HttpFunction answer,
                                                       const HttpLimits& limits) {
  auto impl = std::make_unique<Impl>(std::move(answer));
  auto listener = Listener::Bind(loop, listen, limits.request);
  if (!listener) return Fail(listener.error());
  impl->listener = *std::move(listener);
  impl->http.reset(evhttp_new(loop.base()));
  if (!impl->http) return Fail(ErrorCode::kUnavailable, "no memory for a server");
  evhttp* const http = impl->http.get();
  evhttp_set_allowed_methods(http, EVHTTP_REQ_GET);  // it would answer HEAD with a body
  evhttp_set_max_headers_size(http, kMaxHeaderBytes);
  evhttp_set_max_body_size(http, kMaxBodyBytes);
  const auto idle_us = std::chrono::duration_cast<Micros>(limits.idle).count();
  const timeval idle = {idle_us / 1'000'000, idle_us % 1'000'000};
  evhttp_set_timeout_tv(http, &idle);
  evhttp_set_bevcb(http, &Impl::OnAccept, impl.get());
  evhttp_set_gencb(http, &Impl::OnRequest, impl.get());
  if (evhttp_bind_listener(http, impl->listener->ReleaseListener()) == nullptr) {
    return Fail(ErrorCode::kUnavailable, "no memory for a server");
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace zkcluster
