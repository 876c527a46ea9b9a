// The adapter that runs a command for HookQueue: without a shell, with the event as its stdin,
// nothing of ours but that (no descriptors, no environment but PATH, ZKCLUSTER_CLUSTER and
// ZKCLUSTER_EVENT), and in a process group of its own, all of which ends with it. Its stdout is
// dropped; the first kilobytes of its stderr are kept. Nothing is read or written while it runs:
// both are files in memory, of bounded size. Nor is its start waited for: a command that lies on a
// file system that hangs holds up itself alone. Loop-bound.
#pragma once

#include <zkcluster/result.h>
#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.h"
#include "checker/hooks/hook_queue.h"

namespace zkcluster {

// Errors: kInvalid naming the command and why it cannot be run. Looks at the file, and waits where
// its file system hangs.
[[nodiscard]] Result<void> CheckCommand(const std::string& path);

// Errors: kUnavailable with the cause, where there can be no process. A command that cannot be run
// ends with exit status 127 and says why. `ended` runs in a later turn. REQUIRES: SIGCHLD is left
// to `loop`, and no other thread takes it.
[[nodiscard]] Result<std::unique_ptr<RunningHook>> StartCommand(
    EventLoop& loop, const std::string& path, const HookRun& run,
    std::function<void(const HookEnd&)> ended);

}  // namespace zkcluster
