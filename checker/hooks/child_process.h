// The adapter that runs a command for HookQueue, without a shell. The command gets the event as its
// stdin and nothing else of ours: no descriptors, no environment but PATH, ZKCLUSTER_CLUSTER and
// ZKCLUSTER_EVENT. It runs in a process group of its own, and the whole group ends with it. Its
// stdout is dropped; the first kilobytes of its stderr are kept. The daemon never blocks on it:
// stdin and stderr are files in memory of bounded size, and a command on a hung file system delays
// only itself. Loop-bound.
#pragma once

#include <zkcluster/result.h>
#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.h"
#include "checker/hooks/hook_queue.h"

namespace zkcluster {

// Errors: kInvalid naming the command and why it cannot be run. Reads the file's status, and blocks
// if its file system hangs.
[[nodiscard]] Result<void> CheckCommand(const std::string& path);

// Errors: kUnavailable with the cause, when no process can be made. A command that cannot be run
// ends with exit status 127 and the cause on stderr. `ended` runs in a later turn. REQUIRES:
// SIGCHLD is left to `loop`, and no other thread takes it.
[[nodiscard]] Result<std::unique_ptr<RunningHook>> StartCommand(
    EventLoop& loop, const std::string& path, const HookRun& run,
    std::function<void(const HookEnd&)> ended);

}  // namespace zkcluster
