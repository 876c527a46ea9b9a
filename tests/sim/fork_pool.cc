#include "tests/sim/fork_pool.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/unique_fd.h"

namespace zkcluster::sim {
namespace {

// A child reports "begin TASK\n", and "end TASK BYTES\n" followed by that number of bytes.
void WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written <= 0) _exit(3);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

class Pool {
 public:
  Pool(std::size_t tasks, int jobs, const std::function<std::string(std::size_t)>& run,
       const std::function<bool(const TaskResult&)>& take)
      : tasks_(tasks),
        stride_(static_cast<std::size_t>(jobs > 0 ? jobs
                                                  : std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)))),
        run_(run),
        take_(take) {}

  void Run() {
    for (std::size_t job = 0; job < stride_; ++job) Spawn(job);
    while (!children_.empty()) Listen();
  }

 private:
  struct Child {
    pid_t pid = 0;
    UniqueFd fd;
    std::optional<std::size_t> at;  // the current task
    std::string unread;
  };

  void Spawn(std::size_t from) {
    if (from >= tasks_) return;
    int ends[2];
    ZKC_CHECK(pipe(ends) == 0);
    std::fflush(stdout);
    const pid_t pid = fork();
    ZKC_CHECK(pid >= 0);
    if (pid == 0) {
      close(ends[0]);
      for (std::size_t task = from; task < tasks_; task += stride_) {
        WriteAll(ends[1], fmt::format("begin {}\n", task));
        const std::string payload = run_(task);
        WriteAll(ends[1], fmt::format("end {} {}\n{}", task, payload.size(), payload));
      }
      std::fflush(stdout);
      _exit(0);
    }
    close(ends[1]);
    children_.push_back({pid, UniqueFd(ends[0]), std::nullopt, ""});
  }

  void Listen() {
    std::vector<pollfd> fds;
    for (const auto& child : children_) fds.push_back({child.fd.get(), POLLIN, 0});
    if (poll(fds.data(), fds.size(), -1) <= 0) return;
    for (std::size_t i = fds.size(); i-- > 0;) {
      if (fds[i].revents == 0) continue;
      char buffer[65536];
      const ssize_t got = read(children_[i].fd.get(), buffer, sizeof buffer);
      if (got <= 0) {
        Ended(i);
      } else {
        children_[i].unread.append(buffer, static_cast<std::size_t>(got));
        Parse(children_[i]);
      }
    }
  }

  void Parse(Child& child) {
    std::size_t line_end = 0;
    while ((line_end = child.unread.find('\n')) != std::string::npos) {
      unsigned long long task = 0;
      unsigned long long bytes = 0;
      const std::string line = child.unread.substr(0, line_end);
      if (std::sscanf(line.c_str(), "begin %llu", &task) == 1) {
        child.at = task;
        child.unread.erase(0, line_end + 1);
        continue;
      }
      ZKC_CHECK(std::sscanf(line.c_str(), "end %llu %llu", &task, &bytes) == 2);
      if (child.unread.size() < line_end + 1 + bytes) return;
      TaskResult result{task, false, child.unread.substr(line_end + 1, bytes)};
      child.unread.erase(0, line_end + 1 + bytes);
      child.at.reset();
      Take(result);
    }
  }

  void Ended(std::size_t index) {
    int status = 0;
    waitpid(children_[index].pid, &status, 0);
    const std::optional<std::size_t> at = children_[index].at;
    children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(index));
    if (stopping_ || !at) return;
    Take({*at, true,
          WIFSIGNALED(status) ? fmt::format("the process ended by signal {}", WTERMSIG(status))
                              : fmt::format("the process ended with {}", WEXITSTATUS(status))});
    if (!stopping_) Spawn(*at + stride_);
  }

  void Take(const TaskResult& result) {
    if (stopping_ || take_(result)) return;
    stopping_ = true;
    for (const auto& child : children_) kill(child.pid, SIGKILL);
  }

  const std::size_t tasks_;
  const std::size_t stride_;
  const std::function<std::string(std::size_t)>& run_;
  const std::function<bool(const TaskResult&)>& take_;
  std::vector<Child> children_;
  bool stopping_ = false;
};

}  // namespace

void RunForked(std::size_t tasks, int jobs, const std::function<std::string(std::size_t)>& run,
               const std::function<bool(const TaskResult&)>& take) {
  Pool(tasks, jobs, run, take).Run();
}

}  // namespace zkcluster::sim
