#include "checker/monitor/monitor.h"

#include <utility>

#include "checker/monitor/metrics.h"
#include "checker/monitor/status_json.h"

namespace zkcluster {

namespace {

constexpr Duration kCountInterval = std::chrono::seconds(1);
constexpr Duration kServeAgain = std::chrono::seconds(10);

HttpAnswer AnswerOf(const Verdict& verdict) {
  HttpAnswer answer;
  answer.code = verdict.good ? 200 : 503;
  answer.body = verdict.text;
  return answer;
}

}  // namespace

Monitor::Monitor(EventLoop& loop, Logger& logger, std::string id, std::string rack,
                 const Sources& sources)
    : loop_(loop),
      logger_(logger),
      id_(std::move(id)),
      rack_(std::move(rack)),
      sources_(sources),
      started_(loop.WallNow()),
      counted_at_(loop.Now()),
      summary_teller_(loop, logger, sources.pool, [this] { return sources_.roster.details(); }),
      count_(loop.NewTimer([this] { Count(); })),
      serve_(loop.NewTimer([this] { Serve(); })) {}

void Monitor::Listen(std::optional<Address> address) {
  listen_ = std::move(address);
  server_ = nullptr;
  told_unavailable_ = false;
  serve_->Cancel();
  count_->Cancel();
  if (!listen_) return;
  counted_at_ = loop_.Now();
  Count();
  Serve();
}

void Monitor::Count() {
  count_->Arm(kCountInterval);
  // To ask a worker that hangs again and again would only fill its mailbox.
  if (std::exchange(counting_, true)) return;
  sources_.pool.CollectCounts(lifetime_.Guard([this](const WorkerCounts& counts) {
    counting_ = false;
    counted_at_ = loop_.Now();
    counts_ = counts;
  }));
}

void Monitor::Serve() {
  auto server = HttpServer::Listen(loop_, *listen_, Pages());
  if (server) {
    server_ = *std::move(server);
    logger_.Info("metrics.listening", {{"address", FormatAddress(*listen_)}});
    return;
  }
  if (!std::exchange(told_unavailable_, true)) {
    logger_.Error("metrics.unavailable", {{"error", server.error().message}});
  }
  serve_->Arm(kServeAgain);
}

HttpServer::Pages Monitor::Pages() {
  HttpServer::Pages pages;
  pages["/metrics"] = [this] { return HttpAnswer{200, kMetricsType, FormatMetrics(Facts())}; };
  pages["/status.json"] = [this] {
    return HttpAnswer{200, "application/json", FormatStatus(Facts())};
  };
  pages["/healthz"] = [this] { return AnswerOf(JudgeHealth(CountsAge())); };
  pages["/readyz"] = [this] {
    return AnswerOf(JudgeReadiness(sources_.client.state(), sources_.roster.readiness()));
  };
  return pages;
}

MonitorFacts Monitor::Facts() const {
  MonitorFacts facts;
  facts.id = id_;
  facts.rack = rack_;
  facts.started = started_;
  facts.session = sources_.client.state();
  facts.ready = sources_.roster.readiness().ready();
  facts.clusters = sources_.roster.details();
  facts.counts = counts_;
  facts.counts_age = CountsAge();
  facts.main_lag = sources_.pool.lag();
  facts.stalls = stalls_;
  facts.hooks = sources_.hooks.counters();
  return facts;
}

}  // namespace zkcluster
