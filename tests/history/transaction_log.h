// Reads the transaction log of a real ZooKeeper server (3.8: `version-2/log.<zxid>`) into the same
// history that FakeEnsemble keeps, so that one judge judges both.
//
// Left out is what changes no znode: new sessions, refused requests (the server logs them as
// errors), ACLs, reconfigurations. Not in the log are the versions that deletes and sets were
// guarded by: a set carries the version before it, a delete kAnyVersion; a check carries the
// version that stood. Containers and TTL nodes are read as persistent ones. Times are the wall
// clock of the server that proposed, in milliseconds since 1970.
//
// A server logs what it was asked to commit before it is committed. After a change of leader the
// end of a log may hold transactions that never were: read the log of a server that is in step
// with the others. What a follower logged twice, as it does when it joins in the middle of a
// request, counts once. A torn end, of a server that is still running or was killed, ends the file.
#pragma once

#include <zkcluster/result.h>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/znode_tree.h"

namespace zkcluster::history {

// `folder` holds the log files themselves. In the order of zxids. Errors, with file and offset:
// kBadData (not such a log, or a record that cannot be read), kNotFound (no log there).
[[nodiscard]] Result<std::vector<sim::Transaction>> ReadTransactionLog(
    const std::filesystem::path& folder);

// The bytes of one file, appended to `history`. Returns whether its end is torn.
[[nodiscard]] Result<bool> ParseTransactionLog(std::string_view bytes,
                                               std::vector<sim::Transaction>& history);

}  // namespace zkcluster::history
