// What the verbs that give orders share: who gives them, how one is given, and how a cluster is
// read. Loop-bound: on the connection's.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "admin/cluster_admin.h"
#include "admin/snapshot.h"
#include "tools/zkctl/cli/context.h"

namespace zkcluster::zkctl {

// "ann@ops1", for the journal. Who came by sudo is named, not root.
[[nodiscard]] std::string Who();

// Gives an order about the cluster and waits for its answer. When the time is up, the error says
// whether it may have been given.
[[nodiscard]] Result<Ordered> Give(
    Connection& connection, const std::string& name,
    const std::function<void(ClusterAdmin&, ClusterAdmin::Done<Ordered>)>& order);

// Everything there is of the cluster. Errors: ReadSnapshot's; a name that does not exist comes with
// the nearest that does, and what cannot be read with what to do about it.
[[nodiscard]] Result<Snapshot> Look(Connection& connection, const std::string& name);

// The spec in force. Errors: those of ClusterAdmin::Get, likewise with the nearest name.
[[nodiscard]] Result<ClusterSpec> GetCluster(Connection& connection, const std::string& name);

// `error`, with the nearest cluster's name where it says that there is no cluster of this one.
[[nodiscard]] Error WithNearest(Error error, const std::vector<std::string>& clusters,
                                const std::string& name);
// The same, asking for the names when they are needed.
[[nodiscard]] Error WithNearest(Connection& connection, Error error, const std::string& name);

// What an order answers in JSON begins so.
[[nodiscard]] OrderedJson OrderJson(const std::string& cluster, std::string_view action);

}  // namespace zkcluster::zkctl
