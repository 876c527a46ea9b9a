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
  answer.status = verdict.good ? 200 : 503;
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
      summary_log_(loop, logger, sources.pool,
                   [this] { return sources_.roster.facts(FactsDepth::kShards); }),
      count_(loop.NewTimer([this] { Count(); })),
      serve_(loop.NewTimer([this] { Serve(); })) {}

void Monitor::Listen(std::optional<Address> address) {
  listen_ = std::move(address);
  server_ = nullptr;
  logged_unavailable_ = false;
  serve_->Cancel();
  count_->Cancel();
  if (!listen_) return;
  counted_at_ = loop_.Now();
  Count();
  Serve();
}

void Monitor::Count() {
  count_->Arm(kCountInterval);
  // Repeated requests would only fill the mailbox of a worker that hangs.
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
  if (!std::exchange(logged_unavailable_, true)) {
    logger_.Error("metrics.unavailable", {{"error", server.error().message}});
  }
  serve_->Arm(kServeAgain);
}

HttpPages Monitor::Pages() {
  const auto all = [this] { return sources_.roster.facts(FactsDepth::kShards); };
  return {
      {"/metrics",
       [this, all](const HttpRequest&) {
         return HttpAnswer{200, kMetricsType, FormatMetrics(all(), Process())};
       }},
      {"/status.json",
       [this, all](const HttpRequest&) {
         return HttpAnswer{200, "application/json", FormatStatusJson(all(), Process())};
       }},
      {"/healthz", [this](const HttpRequest&) { return AnswerOf(JudgeHealth(CountsAge())); }},
      {"/readyz",
       [this](const HttpRequest&) {
         return AnswerOf(JudgeReadiness(sources_.roster.facts(FactsDepth::kCounts)));
       }},
  };
}

ProcessFacts Monitor::Process() const {
  ProcessFacts process;
  process.id = id_;
  process.rack = rack_;
  process.started = started_;
  process.counts = counts_;
  process.counts_age = CountsAge();
  process.main_lag = sources_.pool.lag();
  process.stalls = stalls_;
  process.hooks = sources_.hooks.counters();
  return process;
}

}  // namespace zkcluster
