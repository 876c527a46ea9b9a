// What the verbs that give orders share: the operator's name, giving an order, and reading a
// cluster. Loop-bound: on the connection's.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/cluster_admin.h"
#include "admin/snapshot.h"
#include "follow/journal.h"
#include "tools/zkctl/cli/context.h"

namespace zkcluster::zkctl {

// "ann@ops1", for the journal. Under sudo it is the calling user, not root.
[[nodiscard]] std::string Who();

// Where this machine's clock and ZooKeeper's differ, a line that says so; else "". For after an
// order, whose end is by ZooKeeper's.
[[nodiscard]] std::string ClockNote(Connection& connection);

// Gives an order about the cluster and waits for its answer. When the time is up, the error says
// whether it may have been given.
[[nodiscard]] Result<Ordered> Give(
    Connection& connection, const std::string& name,
    const std::function<void(ClusterAdmin&, ClusterAdmin::Done<Ordered>)>& order);

// Reads everything of the cluster. Errors: ReadSnapshot's. For an unknown name they suggest the
// nearest; for unreadable znodes they say what to do.
[[nodiscard]] Result<Snapshot> TakeSnapshot(Connection& connection, const std::string& name);
// A line for people if Go checkers decide in the cluster, because no order binds them. Else empty.
[[nodiscard]] std::string GoNote(Connection& connection, const std::string& name);

// The spec in force. Errors: those of ClusterAdmin::Get, likewise with the nearest name.
[[nodiscard]] Result<ClusterSpec> GetCluster(Connection& connection, const std::string& name);

// Every entry of the cluster's journal, the oldest first.
[[nodiscard]] Result<std::vector<JournalEntry>> GetJournal(Connection& connection,
                                                           const std::string& name);

// `error`, with the nearest cluster's name if it says that there is no such cluster.
[[nodiscard]] Error WithNearest(Error error, const std::vector<std::string>& clusters,
                                const std::string& name);
// The same, asking for the names when they are needed.
[[nodiscard]] Error WithNearest(Connection& connection, Error error, const std::string& name);

// The first members of an order's answer in JSON.
[[nodiscard]] OrderedJson OrderJson(const std::string& cluster, std::string_view action);

}  // namespace zkcluster::zkctl
