#include "checker/metrics.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/time.h>

#include <array>
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
// A connection that cannot be accepted for want of descriptors waits in the kernel's queue: to be
// told of it again at once would make the main loop spin, when it has the least to spare.
constexpr timeval kAcceptPause = {1, 0};

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Page {
 public:
  // Everything added until the next call belongs to this family.
  void Begin(std::string name, std::string help, MetricType type) {
    families_.push_back({std::move(name), std::move(help), type, {}});
  }
  void Add(Labels labels, double value) {
    ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = value;
    metric.counter.value = value;
    families_.back().metric.push_back(std::move(metric));
  }
  // A family of nothing would be a heading without a text.
  [[nodiscard]] std::string Text() {
    std::erase_if(families_, [](const MetricFamily& family) { return family.metric.empty(); });
    return prometheus::TextSerializer().Serialize(families_);
  }

 private:
  std::vector<MetricFamily> families_;
};

void AddSession(Page& page, SessionState now) {
  page.Begin("zkcluster_session_state", "1 for the state that the session with ZooKeeper is in.",
             MetricType::Gauge);
  for (const SessionState state : {SessionState::kConnecting, SessionState::kConnected,
                                   SessionState::kSuspended, SessionState::kLost}) {
    page.Add({{"state", std::string(SessionStateName(state))}}, state == now ? 1 : 0);
  }
}

void AddClusters(Page& page, const MetricsFacts& facts) {
  const auto gauge = [&](const char* name, const char* help, bool Participant::Summary::*field) {
    page.Begin(name, help, MetricType::Gauge);
    for (const auto& [cluster, summary] : facts.clusters) {
      page.Add({{"cluster", cluster}}, summary.*field ? 1 : 0);
    }
  };
  gauge("zkcluster_leading", "1 while this checker leads the cluster.",
        &Participant::Summary::leading);
  gauge("zkcluster_frozen",
        "1 while too many shards would be dead and none is marked so; told by the leader.",
        &Participant::Summary::frozen);
  gauge("zkcluster_paused", "1 while an operator lets nothing flip; told by the leader.",
        &Participant::Summary::paused);

  page.Begin("zkcluster_shards", "Shards of the cluster, by this checker's own opinion.",
             MetricType::Gauge);
  static constexpr std::array<std::pair<Opinion, const char*>, 4> kOpinions = {
      {{Opinion::kAlive, "alive"},
       {Opinion::kDead, "dead"},
       {Opinion::kUnknown, "unknown"},
       {Opinion::kNotProbed, "not_probed"}}};
  for (const auto& [cluster, summary] : facts.clusters) {
    for (const auto& [opinion, name] : kOpinions) {
      page.Add({{"cluster", cluster}, {"opinion", name}},
               static_cast<double>(summary.opinions[static_cast<std::size_t>(opinion)]));
    }
  }
}

void AddCounters(Page& page, const MetricsFacts& facts) {
  page.Begin("zkcluster_probes_total", "Probes that have ended, by what came of them.",
             MetricType::Counter);
  page.Add({{"result", "alive"}}, static_cast<double>(facts.probes.succeeded));
  for (int i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (reason == Reason::kNone || reason >= Reason::kMixed) continue;  // no probe ends so
    page.Add({{"result", std::string(ReasonName(reason))}},
             static_cast<double>(facts.probes.failed[static_cast<std::size_t>(i)]));
  }
  page.Begin("zkcluster_stalls_total", "Times that a loop of this process was stopped or starved.",
             MetricType::Counter);
  for (const auto& [loop, count] : facts.stalls) {
    page.Add({{"loop", loop}}, static_cast<double>(count));
  }
}

}  // namespace

std::string FormatMetrics(const MetricsFacts& facts) {
  Page page;
  AddSession(page, facts.session);
  AddClusters(page, facts);
  AddCounters(page, facts);
  return page.Text();
}

struct MetricsServer::Impl {
  struct Free {
    void operator()(evhttp* server) const { evhttp_free(server); }
    void operator()(evbuffer* buffer) const { evbuffer_free(buffer); }
    void operator()(event* freed) const { event_free(freed); }
  };

  static void OnMetrics(evhttp_request* request, void* self) {
    Answer(request, HTTP_OK, "OK", static_cast<Impl*>(self)->page());
  }
  static void OnOther(evhttp_request* request, void*) {
    Answer(request, HTTP_NOTFOUND, "Not Found", "There is only /metrics.\n");
  }
  // What comes with the listener belongs to evhttp: who this is about cannot be told here.
  static void OnAcceptFailed(evconnlistener* listener, void*) { evconnlistener_disable(listener); }
  static void OnAcceptAgain(evutil_socket_t, short, void* listener) {
    evconnlistener_enable(static_cast<evconnlistener*>(listener));
  }
  static void Answer(evhttp_request* request, int code, const char* reason,
                     const std::string& text) {
    const std::unique_ptr<evbuffer, Free> body(evbuffer_new());
    if (body) evbuffer_add(body.get(), text.data(), text.size());
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
                      "text/plain; version=0.0.4; charset=utf-8");
    evhttp_send_reply(request, code, reason, body.get());
  }

  std::function<std::string()> page;
  std::unique_ptr<evhttp, Free> http;
  std::unique_ptr<event, Free> accept_again;  // every second, whether accept had failed or not
};

MetricsServer::MetricsServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
MetricsServer::~MetricsServer() = default;

Result<std::unique_ptr<MetricsServer>> MetricsServer::Listen(EventLoop& loop, const Address& listen,
                                                             std::function<std::string()> page) {
  auto impl = std::make_unique<Impl>();
  impl->page = std::move(page);
  impl->http.reset(evhttp_new(loop.base()));
  if (!impl->http) return Fail(ErrorCode::kUnavailable, "no memory for a server");
  evhttp* const http = impl->http.get();
  evhttp_set_allowed_methods(http, EVHTTP_REQ_GET);  // to HEAD it would send a body
  evhttp_set_max_headers_size(http, kMaxHeaderBytes);
  evhttp_set_max_body_size(http, kMaxBodyBytes);
  evhttp_set_timeout(http, kIdleSeconds);
  evhttp_set_cb(http, "/metrics", &Impl::OnMetrics, impl.get());
  evhttp_set_gencb(http, &Impl::OnOther, impl.get());
  errno = 0;
  auto* const bound = evhttp_bind_socket_with_handle(http, listen.host.c_str(), listen.port);
  if (bound == nullptr) {
    return Fail(ErrorCode::kUnavailable,
                "cannot listen at " + FormatAddress(listen) + ": " + std::strerror(errno));
  }
  evconnlistener* const listener = evhttp_bound_socket_get_listener(bound);
  evconnlistener_set_error_cb(listener, &Impl::OnAcceptFailed);
  impl->accept_again.reset(event_new(loop.base(), -1, EV_PERSIST, &Impl::OnAcceptAgain, listener));
  if (!impl->accept_again || event_add(impl->accept_again.get(), &kAcceptPause) != 0) {
    return Fail(ErrorCode::kUnavailable, "no memory for a server");
  }
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(impl)));
}

}  // namespace zkcluster
