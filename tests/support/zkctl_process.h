// Runs the real zkctl: as a script does, with both streams caught apart and a given standard input,
// and as a person does, on a terminal of 100 columns. What is started here ends with its object.
// Used from the main thread only.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "tests/support/site.h"

namespace zkcluster::integration {

using Arguments = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

struct Output {
  int code = -1;  // -1: a signal ended it
  int signal = 0;
  std::string out;
  std::string err;
};

// One running zkctl whose streams are kept until the test asks for them.
class ZkctlProcess {
 public:
  ZkctlProcess(const Arguments& arguments, const Variables& variables, std::string_view input = {});

  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;
  [[nodiscard]] sandbox::ChildProcess& child() { return *child_; }
  // Waits for its own end; the case fails if it does not end.
  [[nodiscard]] Output Wait();

 private:
  sandbox::TempFolder folder_{"zkc-zkctl"};
  std::unique_ptr<sandbox::ChildProcess> child_;
};

// One running zkctl with a terminal before it.
class ZkctlTerminal {
 public:
  ZkctlTerminal(const Arguments& arguments, const Variables& variables);
  ~ZkctlTerminal();
  ZkctlTerminal(const ZkctlTerminal&) = delete;
  ZkctlTerminal& operator=(const ZkctlTerminal&) = delete;

  // Waits for `part` on the screen.
  [[nodiscard]] bool Await(std::string_view part);
  void Type(std::string_view text);
  // Reads to its end: the exit code, and all that was on the screen (with the keys
  // that were echoed).
  [[nodiscard]] Output Wait();

 private:
  bool ReadMore();  // false: nothing more comes

  pid_t pid_ = -1;
  UniqueFd terminal_;
  std::string screen_;
};

// A user whose shell has variables for a site's ZooKeeper and root.
class Operator {
 public:
  explicit Operator(const Site& site);
  [[nodiscard]] Output Run(const Arguments& arguments, std::string_view input = {}) const;
  [[nodiscard]] std::unique_ptr<ZkctlProcess> Start(const Arguments& arguments) const;
  // A file for -f. Only the name in its path matters.
  [[nodiscard]] std::string File(const std::string& name, std::string_view text) const;

  Variables variables;

 private:
  std::shared_ptr<const sandbox::TempFolder> folder_;
};

// Runs it without any variable for ZooKeeper's address.
[[nodiscard]] Output RunZkctl(const Arguments& arguments);

// It failed with this code and one line that contains `part`, and printed nothing.
void CheckRefused(const Output& output, int code, std::string_view part);
// It succeeded, and stderr is empty.
void CheckDone(const Output& output);

}  // namespace zkcluster::integration
