// What the verbs that give orders share: who gives them, how one is given, and how a cluster is
// looked at. One thread.
#pragma once

#include <zkcluster/manager.h>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "admin/cluster_admin.h"
#include "admin/snapshot.h"
#include "tools/zkctl/cli/command_line.h"
#include "tools/zkctl/cli/context.h"

namespace zkcluster::zkctl {

// The manager of the ensemble and root that the command line names. Errors: Manager::Open's.
[[nodiscard]] Result<std::unique_ptr<Manager>> OpenManager(const CommandLine& line);

// "ann@ops1", for the journal. Who came by sudo is named, not root.
[[nodiscard]] std::string Who();

// Gives the order and waits for its answer. When the time is up,
// the error says whether it may have been given.
[[nodiscard]] Result<Ordered> Give(
    Connection& connection, const CommandLine& line,
    const std::function<void(ClusterAdmin&, ClusterAdmin::Done<Ordered>)>& order);

// Everything there is of the cluster. Errors: ReadSnapshot's; a name that does not exist comes with
// the nearest that does, and what cannot be read with what to do about it.
[[nodiscard]] Result<Snapshot> Look(Connection& connection, const CommandLine& line,
                                    const std::string& name);

// `error`, with the nearest cluster's name where it says that there is no cluster of this one.
[[nodiscard]] Error WithNearest(Error error, const std::vector<std::string>& clusters,
                                const std::string& name);
// The same, asking for the names when they are needed.
[[nodiscard]] Error WithNearest(Connection& connection, const CommandLine& line, Error error,
                                const std::string& name);

// What an order answers in JSON begins so.
[[nodiscard]] Json OrderJson(const std::string& cluster, std::string_view action);

}  // namespace zkcluster::zkctl
