// What the verbs of zkctl stand on: exit codes, the two streams, and a connection whose answers are
// waited for. One thread; not for use outside zkctl.
#pragma once

#include <zkcluster/result.h>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "base/log.h"
#include "tools/zkctl/cli/command_line.h"
#include "tools/zkctl/report/render.h"
#include "zk/client.h"

namespace zkcluster::zkctl {

enum ExitCode {
  kDone = 0,
  kRefused = 1,  // or not found
  kUsage = 64,
  kBadFile = 65,
  kUnreachable = 69,  // ZooKeeper
};

[[nodiscard]] int ExitCodeOf(ErrorCode code);

// One line on stderr ("zkctl: ..."); problems of a file stand as they are, one a line.
// Returns the exit code that goes with the error.
int Complain(const Error& error);
int ComplainAboutFile(const Error& error);

// Writes to stdout. False when that fails: without a word when nobody reads it any more, else with
// the reason on stderr.
bool Print(std::string_view text);
// Prints `json` in the form the command line asks for, or the text that `table` makes.
// `table` is told whether to use colours. Returns kDone.
int Emit(OutputForm form, const Json& json, const std::function<std::string(bool color)>& table);
// Who sees what goes to stdout has seen what went to stderr, too.
[[nodiscard]] bool ShowsStandardError();
// Stdout is a terminal that shows colours, and NO_COLOR is not set.
[[nodiscard]] bool UseColor();

// A session of its own for one command, closed in good order at the end.
class Connection {
 public:
  // Waits for the session. Errors: kInvalid (the servers, the access file), kUnavailable.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> Open(const CommandLine& line);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] EventLoop& loop() { return loop_; }
  [[nodiscard]] zk::Client& client() { return *client_; }

  // Runs the loop until `start`'s callback has run. Errors: the call's own; kUnavailable after the
  // command's timeout: then the callback may still come, and finds nobody.
  template <class T>
  [[nodiscard]] Result<T> Await(const std::function<void(std::function<void(Result<T>)>)>& start) {
    auto answer = std::make_shared<std::optional<Result<T>>>();
    start([answer](Result<T> result) { *answer = std::move(result); });
    if (!loop_.RunUntil([&] { return answer->has_value(); }, timeout_)) return Fail(NoAnswer());
    return **std::move(answer);
  }

 private:
  Connection(const CommandLine& line, std::vector<std::string> servers, zk::Identity identity);
  [[nodiscard]] Error NoAnswer() const;

  EventLoop loop_;
  std::shared_ptr<Logger> logger_;
  std::string servers_;
  Duration timeout_;
  std::unique_ptr<zk::Client> client_;
};

}  // namespace zkcluster::zkctl
