// Structured logging: one line per transition, with a stable event name and fields. The conductors
// and roots log, the core never does. There are two formats, logfmt and JSON:
//
//   level=info event=shard.dead cluster=sessions ...
//
// Both carry a time stamp, or a priority where journald reads them (it stamps lines itself).
// Thread-safe.
#pragma once

#include <zkcluster/result.h>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace zkcluster {

enum class LogLevel { kDebug, kInfo, kWarn, kError, kOff };
enum class LogFormat { kLogfmt, kJson };

struct LogField {
  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v ? "true" : "false"), bare(true) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) LogField(std::string_view k, T v)
      : key(k), value(std::to_string(v)), bare(true) {}

  std::string_view key;
  std::string value;
  bool bare = false;  // a number or a boolean: unquoted in JSON
};

class Logger {
 public:
  using LineSink = std::function<void(LogLevel, const std::string& line)>;

  virtual ~Logger() = default;
  virtual void Log(LogLevel level, std::string_view event,
                   std::initializer_list<LogField> fields) = 0;

  void Debug(std::string_view event, std::initializer_list<LogField> f) {
    Log(LogLevel::kDebug, event, f);
  }
  void Info(std::string_view event, std::initializer_list<LogField> f) {
    Log(LogLevel::kInfo, event, f);
  }
  void Warn(std::string_view event, std::initializer_list<LogField> f) {
    Log(LogLevel::kWarn, event, f);
  }
  void Error(std::string_view event, std::initializer_list<LogField> f) {
    Log(LogLevel::kError, event, f);
  }
};

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kLogfmt;
  std::string file;  // empty: stderr
  bool operator==(const LogOptions&) const = default;
};

// Writes through spdlog. Errors: kInvalid when the file cannot be opened.
[[nodiscard]] Result<std::shared_ptr<Logger>> NewLogger(const LogOptions& options);
// Passes every finished line (without time stamp) to `sink`: for tests and `zkctl dev`.
[[nodiscard]] std::shared_ptr<Logger> NewSinkLogger(LogLevel level, Logger::LineSink sink);
// Drops everything: for programs that link the library.
[[nodiscard]] std::shared_ptr<Logger> NullLogger();

// One line without its end, as the loggers above write it. `timestamp` may be empty. Pure.
[[nodiscard]] std::string FormatLogLine(LogFormat format, std::string_view timestamp,
                                        LogLevel level, std::string_view event,
                                        std::initializer_list<LogField> fields);

// "debug", "info", "warn", "error", "off".
[[nodiscard]] Result<LogLevel> ParseLogLevel(std::string_view text);

}  // namespace zkcluster
