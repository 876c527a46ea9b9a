#include "tools/zkctl/verbs/watch.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/lifetime.h"
#include "model/paths.h"
#include "text/duration.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/report/render.h"
#include "tools/zkctl/report/report.h"
#include "tools/zkctl/report/screen.h"
#include "tools/zkctl/report/status.h"
#include "tools/zkctl/verbs/ordering.h"
#include "zk/watcher.h"

namespace zkcluster::zkctl {
namespace {

constexpr Duration kTick = std::chrono::seconds(1);  // ages move
// Ballots change without a watch of ours, so everything is read at this interval.
constexpr Duration kReread = std::chrono::seconds(5);

// Switches to a screen of its own, and back at the end.
class Screen {
 public:
  Screen() { (void)Print("\x1b[?1049h\x1b[?25l"); }
  ~Screen() { (void)Print("\x1b[?25h\x1b[?1049l"); }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // `text` is wrapped to the same width that cuts it.
  [[nodiscard]] bool Draw(const std::string& text, std::size_t columns) const {
    winsize size{};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
    return Print(DrawScreen(text, known ? size.ws_row : 24, columns));
  }
};

// Reads the cluster again when a watch fires, and at intervals.
class Watching {
 public:
  Watching(Connection& connection, const std::string& name)
      : connection_(connection),
        paths_(connection.root(), name),
        retry_(connection.loop().NewTimer([this] { Read(); })),
        ledger_(connection.loop(), connection.client(), paths_.ledger(), Hint()),
        head_(connection.loop(), connection.client(), paths_.head(), Hint()),
        leader_(connection.loop(), connection.client(), paths_.leader(), Hint()),
        base_(connection.loop(), connection.client(), paths_.base(), Hint()),
        candidates_(connection.loop(), connection.client(), paths_.election(), HintOfNames()) {}

  [[nodiscard]] const std::optional<Snapshot>& snapshot() const { return snapshot_; }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  // Grows by one with each reading.
  [[nodiscard]] int readings() const { return readings_; }

 private:
  std::function<void(const std::optional<zk::Node>&)> Hint() {
    return [this](const std::optional<zk::Node>&) { Read(); };
  }
  std::function<void(const std::optional<std::vector<std::string>>&)> HintOfNames() {
    return [this](const std::optional<std::vector<std::string>>&) { Read(); };
  }

  // Which of the reads failed does not matter where no read can succeed.
  static std::string TroubleOf(const Error& error) {
    return zk::IsTransient(error) ? "ZooKeeper does not answer" : error.message;
  }

  void Read() {
    again_ |= reading_;
    if (reading_) return;
    reading_ = true;
    ReadSnapshot(connection_.loop(), connection_.client(), paths_,
                 lifetime_.Guard([this](Result<Snapshot> snapshot) {
                   if (snapshot) snapshot_ = *std::move(snapshot);
                   OnRead(snapshot ? nullptr : &snapshot.error());
                 }));
  }

  void OnRead(const Error* error) {
    reading_ = false;
    ++readings_;
    trouble_ = error == nullptr ? "" : TroubleOf(*error);
    retry_->Arm(again_ ? std::chrono::milliseconds(20) : kReread);
    again_ = false;
  }

  Connection& connection_;
  const ClusterPaths paths_;
  std::optional<Snapshot> snapshot_;
  std::string trouble_;
  int readings_ = 0;
  bool reading_ = false;
  bool again_ = false;
  std::unique_ptr<Timer> retry_;
  zk::NodeWatcher ledger_;
  zk::NodeWatcher head_;
  zk::NodeWatcher leader_;
  zk::NodeWatcher base_;
  zk::ChildrenWatcher candidates_;
  Lifetime lifetime_;
};

std::string PageOf(const Watching& watching, Micros now, const Terminal& to,
                   const StatusView& view) {
  std::string text = "zkctl status --watch, " + FormatTime(now) + ", Ctrl-C ends it\n";
  if (!watching.trouble().empty()) {
    std::string trouble = Printable(watching.trouble());
    if (watching.snapshot()) {
      const Micros taken = watching.snapshot()->taken;
      trouble += "; what follows is as of " + FormatTime(taken) + ", " + RenderAge(taken, now);
    }
    text += PaintLines("! " + WrapText(trouble, 2, to.columns), Color::kBad, to.color);
  }
  text += "\n";
  if (!watching.snapshot()) return text;
  const Snapshot& snapshot = *watching.snapshot();
  return text + StatusText(snapshot, Assess(snapshot), now, to, view);
}

// For output that is no terminal: the same form as without --watch, once per change.
std::string RecordOf(OutputForm form, const Snapshot& snapshot, Micros now,
                     const StatusView& view) {
  const Assessment assessment = Assess(snapshot);
  switch (form) {
    case OutputForm::kTable:
      return StatusText(snapshot, assessment, now, StandardOutput(), view) + "\n";
    case OutputForm::kJson:
      return RenderJsonLine(StatusJson(snapshot, assessment, view));
    case OutputForm::kYaml:
      return "---\n" + RenderYaml(StatusJson(snapshot, assessment, view));
  }
  return "";
}

bool DrawUntilStopped(Connection& connection, const Watching& watching, const StatusView& view,
                      const bool& stopped) {
  const Screen screen;
  while (!stopped) {
    const Micros now = connection.loop().WallNow();
    const Terminal to = StandardOutput();  // its user may have resized it
    if (!screen.Draw(PageOf(watching, now, to, view), to.columns)) return false;
    const int seen = watching.readings();
    (void)connection.loop().RunUntil([&] { return stopped || watching.readings() != seen; }, kTick);
  }
  return true;
}

bool PrintUntilStopped(Connection& connection, const Watching& watching, OutputForm form,
                       const StatusView& view, const bool& stopped) {
  std::string last;
  while (!stopped) {
    if (watching.snapshot()) {
      const std::string record =
          RenderJsonLine(StatusJson(*watching.snapshot(), Assess(*watching.snapshot()), view));
      if (record != last) {
        last = record;
        const Micros now = connection.loop().WallNow();
        if (!Print(RecordOf(form, *watching.snapshot(), now, view))) return false;
      }
    }
    const int seen = watching.readings();
    (void)connection.loop().RunUntil([&] { return stopped || watching.readings() != seen; },
                                     std::chrono::hours(1));
  }
  return true;
}

}  // namespace

int WatchStatus(const Globals& globals, const std::string& name, const StatusView& view) {
  const auto opened = Connection::Open(globals);
  if (!opened) return Complain(opened.error());
  Connection& connection = **opened;
  if (const auto first = TakeSnapshot(connection, name); !first) {
    return Complain(first.error());
  }
  bool stopped = false;
  const auto stop = [&stopped] { stopped = true; };
  const auto interrupt = connection.loop().OnSignal(SIGINT, stop);
  const auto terminate = connection.loop().OnSignal(SIGTERM, stop);
  const Watching watching(connection, name);
  const bool in_place = globals.output == OutputForm::kTable && isatty(STDOUT_FILENO) == 1;
  if (!in_place) {
    // A record is in the order of the spec.
    const StatusView plain{.dead_only = view.dead_only};
    return PrintUntilStopped(connection, watching, globals.output, plain, stopped) ? kDone
                                                                                   : kRefused;
  }
  if (!DrawUntilStopped(connection, watching, view, stopped)) return kRefused;
  // The last page stays on the screen, below the former output.
  if (!watching.snapshot()) return kDone;
  const Snapshot& last = *watching.snapshot();
  const Micros now = connection.loop().WallNow();
  return Print("\n" +
               StatusText(last, Assess(last), now, StandardOutput(), {.dead_only = view.dead_only}))
             ? kDone
             : kRefused;
}

}  // namespace zkcluster::zkctl
