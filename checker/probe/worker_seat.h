// A worker's place in the pool: its loop, and the worker while it exists. The root makes a seat for
// each worker thread and shares it with the pool; the worker itself is made, used and destroyed
// only on the loop of the seat. A task that runs after the worker is gone gets null. Thread-safe:
// Post. The rest is loop-bound to the loop of the seat.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/loop.h"
#include "checker/probe/worker.h"

namespace zkcluster {

class WorkerSeat : public std::enable_shared_from_this<WorkerSeat> {
 public:
  // REQUIRES: `loop` outlives the last Post, and the worker of this seat.
  explicit WorkerSeat(Loop& loop) : loop_(loop) {}
  ~WorkerSeat() { ZKC_CHECK(worker_ == nullptr); }
  WorkerSeat(const WorkerSeat&) = delete;
  WorkerSeat& operator=(const WorkerSeat&) = delete;

  // REQUIRES: `prober` outlives the worker.
  void Occupy(Prober& prober, Worker::Report report) {
    worker_ = std::make_unique<Worker>(loop_, prober, std::move(report));
  }
  void Vacate() { worker_ = nullptr; }
  [[nodiscard]] Worker* worker() const { return worker_.get(); }

  // Runs `task` on the loop in a later turn, with the worker of that moment, or null.
  void Post(std::function<void(Worker*)> task) {
    loop_.Post([seat = shared_from_this(), task = std::move(task)] { task(seat->worker()); });
  }

 private:
  Loop& loop_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace zkcluster
