// Reads the transaction log of a real ZooKeeper server (3.8: `version-2/log.<zxid>`) into the same
// history that FakeEnsemble keeps, so that one judge judges both.
//
// Records that change no znode are left out: new sessions, refused requests (the server logs them
// as errors), ACLs, reconfigurations. The log does not hold the versions that guarded deletes and
// sets: a set gets the version before it, a delete gets kAnyVersion, and a check gets the version
// at that time. Containers and TTL nodes are read as persistent ones. Times are the wall clock of
// the server that proposed, in milliseconds since 1970.
//
// A server logs a proposal before it is committed. After a change of leader the end of a log may
// hold transactions that were never committed: read the log of a server that is in step with the
// others. A follower that joins in the middle of a request logs it twice; that counts once. An
// incomplete record, of a server that still runs or was killed, ends the file.
#pragma once

#include <zkcluster/result.h>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/znode_tree.h"

namespace zkcluster::history {

// `folder` holds the log files themselves. The result is in the order of zxids. Errors, with file
// and offset: kBadData (not such a log, or a record that cannot be read), kNotFound (no log there).
[[nodiscard]] Result<std::vector<sim::Transaction>> ReadTransactionLog(
    const std::filesystem::path& folder);

// Appends the transactions of one file to `history`. Returns whether its last record is incomplete.
[[nodiscard]] Result<bool> ParseTransactionLog(std::string_view bytes,
                                               std::vector<sim::Transaction>& history);

}  // namespace zkcluster::history
