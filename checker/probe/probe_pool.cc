#include "checker/probe/probe_pool.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace zkcluster {

struct ProbePool::Inbox {
  Loop& main;       // Post only, from any thread
  ProbePool* pool;  // on the main loop only; null once the pool is gone
};

ProbePool::ProbePool(Loop& main, Seats seats)
    : seats_(std::move(seats)),
      load_(seats_.size(), 0),
      inbox_(std::make_shared<Inbox>(Inbox{main, this})),
      beat_(main.NewTimer([this] { OnBeat(); })) {
  ZKC_CHECK(!seats_.empty());
  const TimePoint now = main.Now();
  static_cast<void>(stall_.Turn(now));
  beat_due_ = now + kBeat;
  beat_->Arm(kBeat);
}

void ProbePool::OnBeat() {
  const TimePoint now = inbox_->main.Now();
  lag_.Observe(std::max(now - beat_due_, Duration(0)));
  beat_due_ = now + kBeat;
  beat_->Arm(kBeat);
  NoteTurn();
}

ProbePool::~ProbePool() {
  inbox_->pool = nullptr;
}

Worker::Report ProbePool::ReportFunction() {
  return [inbox = inbox_](std::vector<WorkerReport> reports) {
    inbox->main.Post([inbox, reports = std::move(reports)] { Deliver(inbox, reports); });
  };
}

void ProbePool::Deliver(const std::shared_ptr<Inbox>& inbox,
                        const std::vector<WorkerReport>& reports) {
  ProbePool* const pool = inbox->pool;
  if (pool == nullptr) return;
  pool->NoteTurn();
  if (!pool->settling_) return Dispatch(inbox, reports);
  pool->held_.insert(pool->held_.end(), reports.begin(), reports.end());
}

void ProbePool::NoteTurn() {
  const Duration lateness = stall_.Turn(inbox_->main.Now());
  if (lateness == Duration(0)) return;
  Settle();
  if (stall_listener_) stall_listener_("main", lateness);
}

void ProbePool::Settle() {
  settling_ = true;
  // A second stall while settling starts over: the workers' answers to the first are old again.
  const std::uint64_t round = ++settling_round_;
  const auto missing = std::make_shared<std::size_t>(seats_.size());
  for (const auto& seat : seats_) {
    seat->Post([seat, inbox = inbox_, missing, round](Worker* worker) {
      if (worker != nullptr) worker->CheckForStall();
      // A turn later, after a report that this may have queued.
      seat->Post([inbox, missing, round](Worker*) {
        inbox->main.Post([inbox, missing, round] {
          ProbePool* const pool = inbox->pool;
          if (pool == nullptr || pool->settling_round_ != round || --*missing > 0) return;
          pool->settling_ = false;
          const std::vector<WorkerReport> reports = std::exchange(pool->held_, {});
          Dispatch(inbox, reports);
        });
      });
    });
  }
}

void ProbePool::Dispatch(const std::shared_ptr<Inbox>& inbox,
                         const std::vector<WorkerReport>& reports) {
  for (const WorkerReport& report : reports) {
    // A listener may end the pool.
    ProbePool* const pool = inbox->pool;
    if (pool == nullptr) return;
    std::visit([pool](const auto& one) { pool->Dispatch(one); }, report);
  }
}

void ProbePool::Dispatch(const ServerReport& report) {
  // Searched for each report: a listener may end the watch of the next one.
  const auto found = entries_.find(report.handle);
  if (found == entries_.end()) return;
  const Listener listener = found->second.listener;
  listener(report);
}

void ProbePool::Dispatch(const StallReport& report) {
  if (stall_listener_) stall_listener_("worker", report.lateness);
}

void ProbePool::OnSeat(std::size_t seat, std::function<void(Worker&)> task) {
  seats_[seat]->Post([task = std::move(task)](Worker* worker) {
    if (worker != nullptr) task(*worker);
  });
}

ServerHandle ProbePool::Watch(ServerToProbe server, Listener listener) {
  const auto lightest = std::min_element(load_.begin(), load_.end());
  const auto seat = static_cast<std::size_t>(lightest - load_.begin());
  ++load_[seat];
  const ServerHandle handle = next_++;
  entries_.emplace(handle, Entry{seat, std::move(listener)});
  server.handle = handle;
  OnSeat(seat, [server = std::move(server)](Worker& worker) { worker.Watch(server); });
  return handle;
}

void ProbePool::Unwatch(ServerHandle handle) {
  const auto found = entries_.find(handle);
  if (found == entries_.end()) return;
  const std::size_t seat = found->second.seat;
  --load_[seat];
  entries_.erase(found);
  OnSeat(seat, [handle](Worker& worker) { worker.Unwatch(handle); });
}

void ProbePool::Retune(ServerHandle handle, const HealthSettings& settings) {
  const auto found = entries_.find(handle);
  if (found == entries_.end()) return;
  OnSeat(found->second.seat,
         [handle, settings](Worker& worker) { worker.Retune(handle, settings); });
}

void ProbePool::SetQuestion(ServerHandle handle, ProbeQuestion question,
                            std::shared_ptr<const TlsContext> tls) {
  const auto found = entries_.find(handle);
  if (found == entries_.end()) return;
  OnSeat(found->second.seat, [handle, question = std::move(question), tls = std::move(tls)](
                                 Worker& worker) { worker.SetQuestion(handle, question, tls); });
}

void ProbePool::DropGroup(ProbeGroup group) {
  for (std::size_t seat = 0; seat < seats_.size(); ++seat) {
    OnSeat(seat, [group](Worker& worker) { worker.DropGroup(group); });
  }
}

void ProbePool::CollectCounts(std::function<void(const WorkerCounts&)> done) {
  struct Collection {
    std::function<void(const WorkerCounts&)> done;
    std::size_t missing;
    WorkerCounts sum;
  };
  const auto collection =
      std::make_shared<Collection>(Collection{std::move(done), seats_.size(), WorkerCounts{}});
  for (const auto& seat : seats_) {
    // Moved on, not copied: `done` must not be destroyed on a worker's thread.
    seat->Post([inbox = inbox_, collection](Worker* worker) mutable {
      WorkerCounts counts = worker != nullptr ? worker->counts() : WorkerCounts{};
      Loop& main = inbox->main;
      main.Post([inbox = std::move(inbox), collection = std::move(collection),
                 counts = std::move(counts)] {
        collection->sum += counts;
        if (--collection->missing == 0 && inbox->pool != nullptr) collection->done(collection->sum);
      });
    });
  }
}

}  // namespace zkcluster
