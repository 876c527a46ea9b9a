// Connects the main loop and the workers: distributes servers among workers (each stays with one),
// and brings reports back to the main loop. Threads belong to the composition root; in the
// simulator all loops are one. A destroyed pool reports nothing more; workers stop probing when the
// root destroys them (or by Unwatch). Loop-bound to the main loop, which outlives the workers;
// reaches their loops only through Post.
//
// When the main loop itself was stopped or starved, reports that waited for it may be old: a
// process frozen for seconds would vote by what it saw before. They are held until every worker
// has checked its own clock since then (and has withdrawn what the stall made worthless), and are
// then delivered together.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/loop.h"
#include "checker/probe/worker_seat.h"

namespace zkcluster {

class ProbePool {
 public:
  using Listener = std::function<void(const ServerReport&)>;  // on the main loop
  // `loop`: "main" or "worker".
  using StallListener = std::function<void(std::string_view loop, Duration lateness)>;

  // The main loop beats this often while there is a pool. A beat later than the limit is a stall.
  static constexpr Duration kBeat = std::chrono::milliseconds(250);

  using Seats = std::vector<std::shared_ptr<WorkerSeat>>;

  // REQUIRES: seats is not empty.
  ProbePool(Loop& main, Seats seats);
  ~ProbePool();
  ProbePool(const ProbePool&) = delete;
  ProbePool& operator=(const ProbePool&) = delete;

  // The function that the root gives to each Worker: brings its reports to this pool's main loop.
  [[nodiscard]] Worker::Report ReportFunction();

  // Called for each stall, for the log.
  void OnStall(StallListener listener) { stall_listener_ = std::move(listener); }

  // Starts probing; `server.handle` is set here. Reports reach `listener` until Unwatch.
  [[nodiscard]] ServerHandle Watch(ServerToProbe server, Listener listener);
  void Unwatch(ServerHandle handle);  // after it, no report of this handle comes
  void Retune(ServerHandle handle, const HealthSettings& settings);
  void SetQuestion(ServerHandle handle, ProbeQuestion question,
                   std::shared_ptr<const TlsContext> tls);

  // For ServerToProbe::group. Dropping a group forgets its counts.
  [[nodiscard]] ProbeGroup NewGroup() { return next_group_++; }
  void DropGroup(ProbeGroup group);  // REQUIRES: its servers are no longer watched

  // Sums the workers' counts; `done` runs on the main loop.
  void CollectCounts(std::function<void(const WorkerCounts&)> done);
  // The lateness of each beat of the main loop.
  [[nodiscard]] const Histogram& lag() const { return lag_; }

 private:
  // Shared with the workers' threads: the main loop, and the pool while it exists.
  struct Inbox;
  struct Entry {
    std::size_t seat;
    Listener listener;
  };
  static void Deliver(const std::shared_ptr<Inbox>& inbox,
                      const std::vector<WorkerReport>& reports);
  static void Dispatch(const std::shared_ptr<Inbox>& inbox,
                       const std::vector<WorkerReport>& reports);
  void Dispatch(const ServerReport& report);  // a listener may destroy the pool
  void Dispatch(const StallReport& report);
  void OnBeat();
  void NoteTurn();
  void Settle();
  void OnSeat(std::size_t seat, std::function<void(Worker&)> task);

  Seats seats_;
  std::vector<std::size_t> load_;  // servers per seat
  std::unordered_map<ServerHandle, Entry> entries_;
  ServerHandle next_ = 1;
  ProbeGroup next_group_ = 1;
  std::shared_ptr<Inbox> inbox_;
  StallListener stall_listener_;
  StallDetector stall_{kBeat, Worker::kStallLimit};
  std::unique_ptr<Timer> beat_;
  TimePoint beat_due_{};
  Histogram lag_;
  bool settling_ = false;
  std::uint64_t settling_round_ = 0;
  std::vector<WorkerReport> held_;  // while settling
};

}  // namespace zkcluster
