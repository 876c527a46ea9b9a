#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "base/log.h"

namespace zkcluster {
namespace {

std::string Timestamp() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const auto seconds = static_cast<std::time_t>(millis / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     millis % 1000);
}

// systemd names the stream it reads as device:inode. The variable by itself says little: a child
// whose stderr was sent to a file inherits it too.
bool JournaldReadsStderr() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat info {};
  if (stream == nullptr || fstat(STDERR_FILENO, &info) != 0) return false;
  return fmt::format("{}:{}", info.st_dev, info.st_ino) == stream;
}

// The prefix gives journald a line's priority; journald removes it (SyslogLevelPrefix=, which is on
// unless a unit says no). See sd-daemon(3).
std::string_view JournalPrefix(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "<7>";
    case LogLevel::kInfo:
      return "<6>";
    case LogLevel::kWarn:
      return "<4>";
    case LogLevel::kError:
    case LogLevel::kOff:
      return "<3>";
  }
  return "<3>";
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

class SpdlogLogger final : public Logger {
 public:
  // journald stamps lines itself.
  SpdlogLogger(const LogOptions& options, bool for_journald, spdlog::sink_ptr sink)
      : level_(options.level),
        format_(options.format),
        for_journald_(for_journald),
        spdlog_("zkcluster", std::move(sink)) {
    spdlog_.set_level(ToSpdlog(options.level));
    spdlog_.set_pattern("%v");
    // There are few lines, and the last one before a crash matters most.
    spdlog_.flush_on(spdlog::level::trace);
  }

  void Log(LogLevel level, std::string_view event,
           std::initializer_list<LogField> fields) override {
    if (level < level_ || level_ == LogLevel::kOff) return;
    const std::string line =
        std::string(for_journald_ ? JournalPrefix(level) : "") +
        FormatLogLine(format_, for_journald_ ? std::string() : Timestamp(), level, event, fields);
    spdlog_.log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  const LogLevel level_;
  const LogFormat format_;
  const bool for_journald_;
  spdlog::logger spdlog_;
};

}  // namespace

Result<std::shared_ptr<Logger>> NewLogger(const LogOptions& options) {
  if (options.file.empty()) {
    return std::make_shared<SpdlogLogger>(options, JournaldReadsStderr(),
                                          std::make_shared<spdlog::sinks::stderr_sink_mt>());
  }
  try {
    return std::make_shared<SpdlogLogger>(
        options, false, std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file));
  } catch (const spdlog::spdlog_ex& e) {
    return Fail(ErrorCode::kInvalid, fmt::format("log file {}: {}", options.file, e.what()));
  }
}

}  // namespace zkcluster
