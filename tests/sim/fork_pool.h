// Runs many independent tasks, in as many processes as asked for. Processes, because a world is one
// thread's, and because a broken assertion (ZKC_CHECK) ends the process: then the task it was at
// has crashed, and another process goes on behind it. What comes out does not depend on the number
// of processes, but for its order.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace zkcluster::sim {

struct TaskResult {
  std::size_t task = 0;
  bool crashed = false;
  std::string payload;  // what the task returned; of a crash, how it ended
};

// `run` is called in a child, once for each task 0 .. tasks-1; `take` in the caller, as results
// come. When `take` says false, the rest is not run. `jobs` 0: one a processor.
void RunForked(std::size_t tasks, int jobs, const std::function<std::string(std::size_t)>& run,
               const std::function<bool(const TaskResult&)>& take);

}  // namespace zkcluster::sim
