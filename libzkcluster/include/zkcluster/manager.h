// Creates, changes and deletes clusters: what `zkctl` uses. Each change is one ZooKeeper
// transaction guarded by the versions read before, so that of two operators at once one is told
// kConflict, and a program killed in the middle leaves either all of its change or nothing.
// Thread-safe: calls wait for the answer, and for each other.
#pragma once

#include <zkcluster/export.h>
#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace zkcluster {

struct ManagerOptions {
  std::string zookeeper;  // "host:port,host:port"; port 2181 where left out
  std::string root = "/goreclusters";
  Duration timeout = std::chrono::seconds(10);  // of each call, connecting included
};

// A forked child opens its own: of its parent's Manager every call answers kUnavailable there, and
// destroying it leaves the parent undisturbed and releases nothing.
class ZKC_EXPORT Manager {
 public:
  // Does not wait for a connection. Errors: kInvalid, kUnavailable (no thread or descriptors left).
  [[nodiscard]] static Result<std::unique_ptr<Manager>> Open(ManagerOptions options);
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // Every call: kUnavailable when no ZooKeeper answers in time; kUnknownOutcome when the answer was
  // lost and reading again could not tell what became of it.

  // Creates the cluster and returns its version (spec.version is ignored).
  // Errors: kInvalid, kTooLarge, kExists.
  [[nodiscard]] Result<std::uint64_t> Create(const ClusterSpec& spec);

  // Replaces the spec whose version is spec.version, as read by Get, and returns the new version.
  // Errors: kInvalid, kTooLarge, kNotFound, kConflict (the cluster changed since).
  [[nodiscard]] Result<std::uint64_t> Update(const ClusterSpec& spec);

  // Deletes the cluster with everything below it, whoever is using it. `version` guards as in
  // Update; 0 deletes whatever is there. Errors: kNotFound, kConflict.
  [[nodiscard]] Result<void> Delete(std::string_view name, std::uint64_t version = 0);

  // Errors: kNotFound, kBadData.
  [[nodiscard]] Result<ClusterSpec> Get(std::string_view name);

  // Names, sorted. An absent root is an empty list.
  [[nodiscard]] Result<std::vector<std::string>> List();

 private:
  class ZKC_LOCAL Impl;
  explicit Manager(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zkcluster
