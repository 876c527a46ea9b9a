#include "tests/faults/supervisor.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <memory>
#include <stdexcept>

#include "base/unique_fd.h"
#include "tests/faults/namespaces.h"
#include "tests/faults/stage.h"
#include "tools/sandbox/process.h"

namespace zkcluster::faults {
namespace {

constexpr Duration kLimit = std::chrono::minutes(5);  // for one scenario

std::atomic<bool> g_interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");

// One running scenario. It ends with the object.
class Job {
 public:
  Job(const Scenario& scenario, std::size_t place, const RunOptions& options)
      : place_(place),
        name_(scenario.name),
        deadline_(std::chrono::steady_clock::now() + kLimit),
        result_(::memfd_create("outcome", MFD_CLOEXEC)) {
    std::string keep;
    if (options.keep) {
      std::string kept = std::filesystem::temp_directory_path() / ("faults-" + name_ + "-XXXXXX");
      if (::mkdtemp(kept.data()) == nullptr) throw std::runtime_error("cannot make " + kept);
      keep = kept;
      std::fprintf(stderr, "%s: files are kept in %s\n", name_.c_str(), keep.c_str());
    }
    const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
    IsolatedOptions isolated;
    isolated.command = {self,
                        "--stage",
                        name_,
                        "--result",
                        std::to_string(result_.get()),
                        "--keep-in",
                        keep,
                        "--why-no-namespaces",
                        options.why_no_namespaces};
    isolated.folder = folder_.path();
    isolated.namespaces = options.why_no_namespaces.empty();
    isolated.keep_open = result_.get();
    pid_ = StartIsolated(isolated);
  }
  ~Job() { Collect(SIGKILL); }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  [[nodiscard]] std::size_t place() const { return place_; }

  // The outcome. Nothing while the scenario runs.
  std::optional<Outcome> Poll() {
    const bool late = std::chrono::steady_clock::now() > deadline_;
    if (late) ::kill(pid_, SIGKILL);
    int status = 0;
    if (::waitpid(pid_, &status, late ? 0 : WNOHANG) != pid_) return std::nullopt;
    pid_ = -1;
    auto outcome = DecodeOutcome(ReadResult());
    if (outcome) return *outcome;
    Outcome failed;
    failed.scenario = name_;
    failed.reason = late ? "it did not end within 5 minutes"
                         : "its process ended with status " + std::to_string(status);
    return failed;
  }

 private:
  void Collect(int signal) {
    if (pid_ < 0) return;
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  std::string ReadResult() const {
    std::string text;
    char bytes[65536];
    ssize_t got = 0;
    while ((got = ::pread(result_.get(), bytes, sizeof bytes, static_cast<off_t>(text.size()))) >
           0) {
      text.append(bytes, static_cast<std::size_t>(got));
    }
    return text;
  }

  const std::size_t place_;
  const std::string name_;
  const TimePoint deadline_;
  UniqueFd result_;
  sandbox::TempFolder folder_{"zkc-faults"};
  pid_t pid_ = -1;
};

}  // namespace

std::vector<Outcome> RunScenarios(const std::vector<const Scenario*>& scenarios,
                                  const RunOptions& options,
                                  const std::function<void(const Outcome&)>& done) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    ::signal(number, [](int) { g_interrupted = true; });
  }
  std::vector<Outcome> outcomes(scenarios.size());
  std::list<Job> jobs;
  std::size_t next = 0;
  while (next < scenarios.size() || !jobs.empty()) {
    while (next < scenarios.size() && jobs.size() < options.jobs) {
      jobs.emplace_back(*scenarios[next], next, options);
      ++next;
    }
    const auto one_ended = [&] {
      for (auto job = jobs.begin(); job != jobs.end(); ++job) {
        if (auto outcome = job->Poll()) {
          outcomes[job->place()] = *std::move(outcome);
          done(outcomes[job->place()]);
          jobs.erase(job);
          return true;
        }
      }
      return g_interrupted.load();
    };
    static_cast<void>(sandbox::WaitUntil(one_ended, kLimit));
    if (g_interrupted) throw Interrupted();
  }
  return outcomes;
}

int RunStage(const std::string& scenario, int result, const std::string& keep,
             const std::string& why_no_namespaces) {
  ::signal(SIGPIPE, SIG_IGN);
  // The terminal's Ctrl-C reaches this process, too; but only its supervisor ends it.
  for (const int number : {SIGINT, SIGHUP}) ::signal(number, SIG_IGN);
  const auto& all = Scenarios();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Scenario& s) { return s.name == scenario; });
  if (found == all.end()) return 64;
  const std::string text = EncodeOutcome(PlayScenario(*found, why_no_namespaces, keep));
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = ::write(result, text.data() + written, text.size() - written);
    if (n <= 0) return 1;
    written += static_cast<std::size_t>(n);
  }
  return 0;
}

}  // namespace zkcluster::faults
