// Runs many independent tasks in a given number of processes. Processes, because a world belongs to
// one thread, and because a failed assertion (ZKC_CHECK) ends the process: then its current task
// has crashed, and another process continues after that task. Only the order of the results
// depends on the number of processes.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace zkcluster::sim {

struct TaskResult {
  std::size_t task = 0;
  bool crashed = false;
  std::string payload;  // what the task returned, or how it crashed
};

// Calls `run` in a child, once for each task 0 .. tasks-1, and `take` in the caller as results
// arrive. When `take` returns false, the other tasks do not run. `jobs` 0: one per processor.
void RunForked(std::size_t tasks, int jobs, const std::function<std::string(std::size_t)>& run,
               const std::function<bool(const TaskResult&)>& take);

}  // namespace zkcluster::sim
