// A Logger that others keep while the logger behind it is replaced: by a reload that changes level,
// format or file, or that reopens the file after logrotate has moved it away. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "base/log.h"

namespace zkcluster {

class LogSwitch final : public Logger {
 public:
  explicit LogSwitch(std::shared_ptr<Logger> logger) : logger_(std::move(logger)) {}

  // The former logger ends when its last line is written.
  void Replace(std::shared_ptr<Logger> logger) {
    const std::lock_guard lock(mutex_);
    logger_ = std::move(logger);
  }
  void Log(LogLevel level, std::string_view event,
           std::initializer_list<LogField> fields) override {
    current()->Log(level, event, fields);
  }

 private:
  std::shared_ptr<Logger> current() {
    const std::lock_guard lock(mutex_);
    return logger_;
  }

  std::mutex mutex_;
  std::shared_ptr<Logger> logger_;
};

}  // namespace zkcluster
