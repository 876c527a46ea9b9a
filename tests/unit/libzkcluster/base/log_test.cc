#include "base/log.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace zkcluster::log_test {
namespace {

TEST_CASE("logfmt: values are quoted where a reader would split or misread them") {
  struct Case {
    std::string value;
    const char* written;
  };
  const Case cases[] = {{"plain", "plain"},
                        {"10.0.0.1:6379", "10.0.0.1:6379"},
                        {"", "\"\""},
                        {"two words", "\"two words\""},
                        {"a=b", "\"a=b\""},
                        {"say \"x\"", "\"say \\\"x\\\"\""},
                        {"back\\slash", "\"back\\\\slash\""},
                        {"line\nbreak\r\t", "\"line\\nbreak\\r\\t\""},
                        {std::string("nul\0", 4), "\"nul\\u0000\""},
                        {"bell\x07\x7f", "\"bell\\u0007\\u007f\""},
                        {"clear\xc2\x9b[2J", "\"clear\\u009b[2J\""},
                        {"\xc2\xa0\xc2", "\xc2\xa0\xc2"},
                        {"\xc3\xa9", "\xc3\xa9"}};
  for (const Case& c : cases) {
    CHECK(FormatLogLine(LogFormat::kLogfmt, "", LogLevel::kInfo, "e", {{"k", c.value}}) ==
          std::string("level=info event=e k=") + c.written);
  }
}

TEST_CASE("logfmt: order and kinds of fields") {
  CHECK(FormatLogLine(LogFormat::kLogfmt, "2026-01-02T03:04:05.678Z", LogLevel::kWarn, "shard.dead",
                      {{"shard", "s2"}, {"dead", 3}, {"frozen", false}, {"epoch", -41L}}) ==
        "ts=2026-01-02T03:04:05.678Z level=warn event=shard.dead shard=s2 dead=3 frozen=false "
        "epoch=-41");
}

TEST_CASE("JSON: one object a line, numbers and booleans bare, any bytes") {
  const std::string line = FormatLogLine(LogFormat::kJson, "T", LogLevel::kError, "e",
                                         {{"text", "a \"b\"\n"},
                                          {"n", 18446744073709551615ULL},
                                          {"digits", "12"},
                                          {"b", true},
                                          {"escape", "\x7f\xc2\x9b[2J"},
                                          {"bad", "\xff\xfe"}});
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.find("\"\\u007f\\u009b[2J\"") != std::string::npos);
  CHECK(line.rfind(R"({"ts":"T","level":"error","event":"e",)", 0) == 0);
  const auto json = nlohmann::json::parse(line);
  CHECK(json["text"] == "a \"b\"\n");
  CHECK(json["n"] == 18446744073709551615ULL);
  CHECK(json["digits"] == "12");
  CHECK(json["b"] == true);
  CHECK(json["escape"] == "\x7f\xc2\x9b[2J");
  CHECK(json["bad"].is_string());
  CHECK_FALSE(nlohmann::json::parse(FormatLogLine(LogFormat::kJson, "", LogLevel::kInfo, "e", {}))
                  .contains("ts"));
}

TEST_CASE("sink logger: passes on lines that reach its level") {
  std::vector<std::string> lines;
  const auto logger = NewSinkLogger(
      LogLevel::kInfo, [&](LogLevel, const std::string& line) { lines.push_back(line); });
  logger->Debug("quiet", {});
  logger->Info("loud", {{"n", 1}});
  logger->Error("louder", {});
  CHECK(lines == std::vector<std::string>{"level=info event=loud n=1", "level=error event=louder"});
  NullLogger()->Error("nowhere", {});
}

TEST_CASE("log levels: parsed by name") {
  CHECK(ParseLogLevel("debug") == LogLevel::kDebug);
  CHECK(ParseLogLevel("off") == LogLevel::kOff);
  for (const char* bad : {"", "INFO", "verbose"}) {
    const auto level = ParseLogLevel(bad);
    REQUIRE_FALSE(level);
    CHECK(level.error().code == ErrorCode::kInvalid);
  }
}

struct TempFolder {
  TempFolder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~TempFolder() {
    unlink((path + "/log").c_str());
    rmdir(path.c_str());
  }
  std::string path = "/tmp/zkc-log-XXXXXX";
};

TEST_CASE("file logger: stamped lines, whole ones also from several threads") {
  const TempFolder folder;
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  {
    const auto logger = NewLogger({LogLevel::kInfo, LogFormat::kLogfmt, folder.path + "/log"});
    REQUIRE(logger);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&logger, t] {
        for (int i = 0; i < kLines; ++i) (*logger)->Info("written", {{"t", t}, {"i", i}});
        (*logger)->Debug("unseen", {});
      });
    }
    for (auto& thread : threads) thread.join();
  }
  std::ifstream file(folder.path + "/log");
  std::string line;
  int count = 0;
  bool whole = true;
  while (std::getline(file, line)) {
    ++count;
    // ts=2026-01-02T03:04:05.678Z
    whole = whole && line.rfind("ts=20", 0) == 0 && line.size() > 27 && line[26] == 'Z' &&
            line.find(" level=info event=written t=") == 27;
  }
  CHECK(count == kThreads * kLines);
  CHECK(whole);
}

// Stderr as a pipe, during its lifetime.
class CapturedStderr {
 public:
  CapturedStderr() : saved_(::dup(STDERR_FILENO)) {
    REQUIRE(::pipe(pipe_.data()) == 0);
    REQUIRE(::dup2(pipe_[1], STDERR_FILENO) == STDERR_FILENO);
  }
  ~CapturedStderr() {
    ::dup2(saved_, STDERR_FILENO);
    for (const int fd : {saved_, pipe_[0], pipe_[1]}) ::close(fd);
  }
  std::string Read() const {
    std::array<char, 4096> buffer{};
    const ssize_t count = ::read(pipe_[0], buffer.data(), buffer.size());
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
  }

 private:
  const int saved_;
  std::array<int, 2> pipe_{};
};

void LogEachLevel(LogFormat format) {
  const auto logger = NewLogger({LogLevel::kDebug, format, ""});
  REQUIRE(logger);
  (*logger)->Debug("d", {});
  (*logger)->Info("i", {});
  (*logger)->Warn("w", {});
  (*logger)->Error("e", {{"n", 1}});
}

TEST_CASE("stderr logger: where journald reads, priorities instead of stamps") {
  const CapturedStderr captured;
  struct stat info {};
  REQUIRE(::fstat(STDERR_FILENO, &info) == 0);
  const std::string stream = std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
  ::setenv("JOURNAL_STREAM", stream.c_str(), 1);
  LogEachLevel(LogFormat::kLogfmt);
  const std::string logfmt = captured.Read();
  LogEachLevel(LogFormat::kJson);
  const std::string json = captured.Read();
  ::setenv("JOURNAL_STREAM", "1:2", 1);
  LogEachLevel(LogFormat::kLogfmt);
  const std::string elsewhere = captured.Read();
  ::unsetenv("JOURNAL_STREAM");
  CHECK(logfmt ==
        "<7>level=debug event=d\n<6>level=info event=i\n<4>level=warn event=w\n"
        "<3>level=error event=e n=1\n");
  CHECK(json.starts_with("<7>{\"level\":\"debug\",\"event\":\"d\"}\n<6>{"));
  CHECK(elsewhere.starts_with("ts=20"));
  CHECK(elsewhere.find('<') == std::string::npos);
}

TEST_CASE("file logger: a file that cannot be opened") {
  const TempFolder folder;
  const auto logger = NewLogger({LogLevel::kInfo, LogFormat::kLogfmt, folder.path});
  REQUIRE_FALSE(logger);
  CHECK(logger.error().code == ErrorCode::kInvalid);
  CHECK(logger.error().message.find(folder.path) != std::string::npos);
}

}  // namespace
}  // namespace zkcluster::log_test
