#include "base/log.h"

#include <fmt/format.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

namespace zkcluster {
namespace {

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
    case LogLevel::kOff:
      return "off";
  }
  return "off";
}

// The control character that `text` begins with. Those above ASCII, which some terminals obey
// as well, are of two bytes in UTF-8.
struct Control {
  unsigned code = 0;
  std::size_t bytes = 0;  // 0: none
};
Control ControlAt(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  if (byte(0) < 0x20 || byte(0) == 0x7f) return {byte(0), 1};
  if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) < 0xa0) return {byte(1), 2};
  return {};
}

bool NeedsQuotes(std::string_view value) {
  if (value.empty()) return true;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == ' ' || c == '"' || c == '=' || c == '\\') return true;
    if (ControlAt(value.substr(i)).bytes > 0) return true;
  }
  return false;
}

void AppendQuoted(std::string& line, std::string_view value) {
  line += '"';
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    switch (c) {
      case '"':
        line += "\\\"";
        break;
      case '\\':
        line += "\\\\";
        break;
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      case '\t':
        line += "\\t";
        break;
      default:
        if (const Control control = ControlAt(value.substr(i)); control.bytes > 0) {
          line += fmt::format("\\u{:04x}", control.code);
          i += control.bytes - 1;
        } else {
          line += c;
        }
    }
  }
  line += '"';
}

void AppendPair(std::string& line, std::string_view key, std::string_view value) {
  if (!line.empty()) line += ' ';
  line += key;
  line += '=';
  if (NeedsQuotes(value)) {
    AppendQuoted(line, value);
  } else {
    line += value;
  }
}

std::string FormatLogfmt(std::string_view timestamp, LogLevel level, std::string_view event,
                         std::initializer_list<LogField> fields) {
  std::string line;
  if (!timestamp.empty()) AppendPair(line, "ts", timestamp);
  AppendPair(line, "level", LevelName(level));
  AppendPair(line, "event", event);
  for (const LogField& field : fields) AppendPair(line, field.key, field.value);
  return line;
}

std::string FormatJson(std::string_view timestamp, LogLevel level, std::string_view event,
                       std::initializer_list<LogField> fields) {
  nlohmann::ordered_json object;
  if (!timestamp.empty()) object["ts"] = timestamp;
  object["level"] = LevelName(level);
  object["event"] = event;
  for (const LogField& field : fields) {
    nlohmann::ordered_json& slot = object[std::string(field.key)];
    if (field.bare) {
      slot = nlohmann::ordered_json::parse(field.value, nullptr, false);
    } else {
      slot = field.value;
    }
  }
  // Values come from outside too; bytes that are not UTF-8 must not make logging throw.
  const std::string text =
      object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  // The control characters that are left are within strings.
  std::string line;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (const Control control = ControlAt(std::string_view(text).substr(i)); control.bytes > 0) {
      line += fmt::format("\\u{:04x}", control.code);
      i += control.bytes - 1;
    } else {
      line += text[i];
    }
  }
  return line;
}

class SinkLogger final : public Logger {
 public:
  SinkLogger(LogLevel level, LineSink sink) : level_(level), sink_(std::move(sink)) {}
  void Log(LogLevel level, std::string_view event,
           std::initializer_list<LogField> fields) override {
    if (level < level_ || level_ == LogLevel::kOff) return;
    const std::string line = FormatLogLine(LogFormat::kLogfmt, "", level, event, fields);
    const std::lock_guard lock(mutex_);
    sink_(level, line);
  }

 private:
  const LogLevel level_;
  std::mutex mutex_;  // so that a sink need not be thread-safe
  const LineSink sink_;
};

class Silence final : public Logger {
 public:
  void Log(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

}  // namespace

std::string FormatLogLine(LogFormat format, std::string_view timestamp, LogLevel level,
                          std::string_view event, std::initializer_list<LogField> fields) {
  return format == LogFormat::kJson ? FormatJson(timestamp, level, event, fields)
                                    : FormatLogfmt(timestamp, level, event, fields);
}

std::shared_ptr<Logger> NewSinkLogger(LogLevel level, Logger::LineSink sink) {
  return std::make_shared<SinkLogger>(level, std::move(sink));
}

std::shared_ptr<Logger> NullLogger() {
  return std::make_shared<Silence>();
}

Result<LogLevel> ParseLogLevel(std::string_view text) {
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError, LogLevel::kOff}) {
    if (text == LevelName(level)) return level;
  }
  return Fail(
      ErrorCode::kInvalid,
      fmt::format("unknown log level \"{}\": expected debug, info, warn, error or off", text));
}

}  // namespace zkcluster
