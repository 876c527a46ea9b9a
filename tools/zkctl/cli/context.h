// What the verbs of zkctl share: exit codes, the two streams, and the one session with ZooKeeper,
// whose answers they wait for. Not for use outside of zkctl. Loop-bound (a loop of its own).
#pragma once

#include <zkcluster/result.h>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/cluster_admin.h"
#include "base/event_loop.h"
#include "base/log.h"
#include "tools/zkctl/cli/globals.h"
#include "tools/zkctl/report/json.h"
#include "tools/zkctl/report/render.h"
#include "zk/client.h"

namespace zkcluster::zkctl {

enum ExitCode {
  kDone = 0,
  kRefused = 1,  // also: not found
  kUsage = 64,
  kBadFile = 65,
  kUnreachable = 69,  // ZooKeeper
};

[[nodiscard]] int ExitCodeOf(ErrorCode code);

// One line on stderr ("zkctl: ..."); problems of a file are printed as they are, one per line.
// Returns the exit code that goes with the error.
int Complain(const Error& error);
int ComplainAboutFile(const Error& error);

// Writes to stdout. False when that fails: silently when the reader has closed the pipe, else with
// the reason on stderr.
bool Print(std::string_view text);
// Prints `json` in the form the command line asks for, or the text that `table` makes.
// Returns kDone.
int Emit(OutputForm form, const OrderedJson& json,
         const std::function<std::string(const Terminal& to)>& table);
// True when stdout and stderr go to a terminal.
[[nodiscard]] bool ShowsStandardError();
// True when stdout is a terminal with colours and NO_COLOR is not set.
[[nodiscard]] bool UseColor();
// Stdout: its width is that of the environment's COLUMNS, or the terminal's own, or 80.
[[nodiscard]] Terminal StandardOutput();

// The one session of a command, closed in good order at the end. Everything goes through it: specs,
// orders, and what the verbs read and watch themselves.
class Connection {
 public:
  // Waits for the session. Errors: kInvalid (the servers, the access file), kUnavailable.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> Open(const Globals& globals);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] EventLoop& loop() { return loop_; }
  [[nodiscard]] zk::Client& client() { return *client_; }
  [[nodiscard]] const std::string& root() const { return root_; }

  // Runs the loop until `start`'s callback has run. Errors: the call's own; kUnavailable after the
  // command's timeout: then a late answer is ignored.
  template <class T>
  [[nodiscard]] Result<T> Await(const std::function<void(std::function<void(Result<T>)>)>& start) {
    auto answer = std::make_shared<std::optional<Result<T>>>();
    start([answer](Result<T> result) { *answer = std::move(result); });
    if (!loop_.RunUntil([&] { return answer->has_value(); }, timeout_)) return Fail(NoAnswer());
    return **std::move(answer);
  }

  // The same for a call of ClusterAdmin. When the time is up, the error says whether a change may
  // have been made: kUnknownOutcome, or kUnavailable when certainly none was.
  template <class T>
  [[nodiscard]] Result<T> Ask(
      const std::function<void(ClusterAdmin&, ClusterAdmin::Done<T>)>& call) {
    std::optional<Result<T>> answer;
    call(*admin_, [&answer](Result<T> result) { answer = std::move(result); });
    if (!loop_.RunUntil([&] { return answer.has_value(); }, timeout_)) admin_->Abandon();
    return *std::move(answer);
  }

 private:
  Connection(const Globals& globals, std::vector<std::string> servers, zk::Identity identity);
  [[nodiscard]] Error NoAnswer() const;

  EventLoop loop_;
  std::shared_ptr<Logger> logger_;
  std::string servers_;
  Duration timeout_;
  std::string root_;
  std::unique_ptr<zk::Client> client_;
  std::optional<ClusterAdmin> admin_;  // while there is a client
};

}  // namespace zkcluster::zkctl
