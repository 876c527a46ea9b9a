// The readable history of a run: faults, transactions, sessions and log lines, each with its
// virtual time. Off by default, because formatting lines costs more than simulating: a failing seed
// runs again with the trace on. Not thread-safe.
#pragma once

#include <zkcluster/time.h>
#include <cstddef>
#include <cstdio>
#include <deque>
#include <string>
#include <string_view>

namespace zkcluster::sim {

enum class TraceMode {
  kOff,
  kKept,     // the newest kLines, for the report of a violation
  kPrinted,  // every line, as it happens
};

class Trace {
 public:
  static constexpr std::size_t kLines = 200;

  explicit Trace(TraceMode mode) : mode_(mode) {}
  [[nodiscard]] bool on() const { return mode_ != TraceMode::kOff; }

  // `since_start`: virtual time. `what`: the kind of line in a word.
  void Add(Duration since_start, std::string_view what, std::string_view text) {
    if (!on()) return;
    char stamp[40];
    std::snprintf(stamp, sizeof stamp, "%10.4f %-8.*s ",
                  std::chrono::duration<double>(since_start).count(), static_cast<int>(what.size()),
                  what.data());
    std::string line = stamp;
    line += text;
    if (mode_ == TraceMode::kPrinted) std::printf("%s\n", line.c_str());
    lines_.push_back(std::move(line));
    if (lines_.size() > kLines) lines_.pop_front();
  }
  [[nodiscard]] const std::deque<std::string>& lines() const { return lines_; }

 private:
  const TraceMode mode_;
  std::deque<std::string> lines_;
};

}  // namespace zkcluster::sim
