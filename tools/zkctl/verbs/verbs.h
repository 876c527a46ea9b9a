// The verbs of zkctl, one function each: given a parsed command line, they talk to ZooKeeper,
// print, and return the exit code. One thread.
#pragma once

#include <string>
#include <vector>

#include "tools/zkctl/cli/command_line.h"

namespace zkcluster::zkctl {

// verbs_edit.cc: what changes clusters, and the specs themselves
int RunCreate(const CommandLine& line);
int RunUpdate(const CommandLine& line);
int RunDelete(const CommandLine& line);
int RunApply(const CommandLine& line);
int RunDiff(const CommandLine& line);
int RunGet(const CommandLine& line);
int RunRename(const CommandLine& line);

// verbs_transfer.cc: all clusters to a file and back
int RunExport(const CommandLine& line);
int RunImport(const CommandLine& line);

// verbs_read.cc: what the checkers made of them
int RunList(const CommandLine& line);
int RunStatus(const CommandLine& line);
int RunCheckers(const CommandLine& line);
int RunLocate(const CommandLine& line);
int RunExplain(const CommandLine& line);
int RunDoctor(const CommandLine& line);

// verbs_watch.cc
int RunWatch(const CommandLine& line);

// verbs_complete.cc: for the shells' completion; the words typed so far, the last one unfinished.
int RunComplete(const std::vector<std::string>& words, const Environment& environment);

// verbs_ring.cc: where keys lie, and where they would
int RunRing(const CommandLine& line);

// verbs_order.cc: orders to the checkers
int RunPause(const CommandLine& line);
int RunResume(const CommandLine& line);
int RunUnfreeze(const CommandLine& line);
int RunForget(const CommandLine& line);

// verbs_maintenance.cc: the same, about some shards
int RunMaintenanceOn(const CommandLine& line);
int RunMaintenanceOff(const CommandLine& line);
int RunMaintenanceList(const CommandLine& line);

// verbs_access.cc: who may change what
int RunInit(const CommandLine& line);
int RunAccess(const CommandLine& line);

// verbs_events.cc
int RunEvents(const CommandLine& line);

}  // namespace zkcluster::zkctl
