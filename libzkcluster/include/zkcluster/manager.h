// Creates, changes and deletes clusters, and gives orders to their checkers: what `zkctl` does,
// for programs. Each change is one ZooKeeper transaction guarded by the versions read before, so
// that of two operators at once one gets kConflict, and a program killed in the middle leaves
// either all of its change or nothing. Thread-safe: calls wait for the answer, and for each other;
// other managers of the same client do not wait.
#pragma once

#include <zkcluster/client.h>
#include <zkcluster/export.h>
#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace zkcluster {

// A manager with a client of its own. All members but `timeout` are those of ClientOptions.
struct ManagerOptions {
  std::string zookeeper = {};
  std::string root = "/goreclusters";
  // Of each call, connecting included: 1 ms .. 1 h.
  Duration timeout = std::chrono::seconds(10);
  std::string access_file = {};
  bool restricted = true;
};

struct PauseOrder {
  Duration length{0};       // kMinPause .. kMaxPause, then it ends by itself; 0: until it is ended
  std::string by = {};      // who gives the order, such as "ann@ops1"
  std::string reason = {};  // why, for other people; one line, at most 500 bytes
};
// Which shards an order is about: exactly one of the three.
struct ShardChoice {
  std::vector<std::string> names = {};
  // The host part of their addresses, as written there: a name, or an IP literal without brackets.
  std::string host = {};
  bool all = false;
};
struct MaintenanceOrder {
  ShardChoice shards = {};  // by name or by host
  // These three are as in PauseOrder.
  Duration length{0};
  std::string by = {};
  std::string reason = {};
};
inline constexpr Duration kMinPause = std::chrono::seconds(1);
inline constexpr Duration kMaxPause = std::chrono::hours(24 * 30);

// A forked child opens its own Manager. In the child every call of the parent's Manager answers
// kUnavailable, and destroying it leaves the parent undisturbed and releases nothing.
class ZKC_EXPORT Manager {
 public:
  // On a client that others share. `timeout` of each call, connecting included: 1 ms .. 1 h. Does
  // not wait. Errors: kInvalid (also: the client is to restrict what it makes, and its access file
  // does not name both operators and checkers), kUnavailable (in a forked child).
  [[nodiscard]] static Result<std::unique_ptr<Manager>> Open(
      const Client& client, Duration timeout = std::chrono::seconds(10));
  // The short form, with a client of its own. Does not wait for a connection. Errors: kInvalid (the
  // access file, too), kUnavailable (no thread or descriptors left).
  [[nodiscard]] static Result<std::unique_ptr<Manager>> Open(ManagerOptions options);
  // No call may be under way.
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // Every call: kUnavailable when no ZooKeeper answers in time; kUnknownOutcome when the answer was
  // lost and reading again did not show the outcome; kInvalid within a callback of the same client,
  // where the answer could never come.

  // Creates the cluster and returns its version (spec.version is ignored).
  // Errors: kInvalid, kTooLarge, kExists.
  [[nodiscard]] Result<std::uint64_t> Create(const ClusterSpec& spec);

  // Replaces the spec whose version is spec.version, as read by Get, and returns the new version.
  // Errors: kInvalid, kTooLarge, kNotFound, kConflict (the cluster changed since).
  [[nodiscard]] Result<std::uint64_t> Update(const ClusterSpec& spec);

  // Deletes the cluster with everything below it, even while it is in use. `version` guards as in
  // Update; 0 deletes any version. Errors: kNotFound, kConflict.
  [[nodiscard]] Result<void> Delete(std::string_view name, std::uint64_t version = 0);

  // Errors: kNotFound, kBadData.
  [[nodiscard]] Result<ClusterSpec> Get(std::string_view name);

  // Names, sorted. An absent root is an empty list.
  [[nodiscard]] Result<std::vector<std::string>> List();

  // Orders to the checkers of a cluster. They hold from the moment of the answer, also for a
  // decision under way, and for every later leader; the journal (`zkctl events`) records who gave
  // them. Orders of two operators at once both take effect, one after the other. `by`: who gives
  // the order, such as "ann@ops1"; one line, at most 500 bytes. Errors of each, besides those that
  // it names: kInvalid, kNotFound (no such cluster), kBadData (what the checkers remember cannot be
  // decoded), kConflict (it changes faster than it can be read).

  // Checkers probe and vote, and no status flips. True: it replaced an earlier pause.
  [[nodiscard]] Result<bool> Pause(std::string_view name, const PauseOrder& order);

  // Ends the pause. Errors: kNotFound also when there is none.
  [[nodiscard]] Result<void> Resume(std::string_view name, std::string_view by);

  // Ends the freeze (see ClusterSpec::max_dead_fraction). Without `accept` it begins again at the
  // leader's next decision if still too many shards would be dead; with it the leader lets all
  // deaths pass that there are by then. Errors: kNotFound also when it is not frozen.
  [[nodiscard]] Result<void> Unfreeze(std::string_view name, bool accept, std::string_view by);

  // Until the order ends, checkers probe these shards and vote on them, but their status does not
  // flip in either direction. All other shards flip. Returns the names under maintenance, sorted;
  // shards that come later to the same host are not among them. An order replaces an earlier one
  // for the same shard. A shard that leaves the spec leaves maintenance. Errors:
  // kNotFound also when there is no such shard; kTooLarge when more than 200 of the
  // cluster would be under maintenance.
  [[nodiscard]] Result<std::vector<std::string>> Maintain(std::string_view name,
                                                          const MaintenanceOrder& order);

  // Ends maintenance and returns the names of these shards, sorted. A shard that has died or come
  // back meanwhile flips at once. Errors: kNotFound also when a named shard is not under
  // maintenance, or when no shard of the host, or of the cluster, is.
  [[nodiscard]] Result<std::vector<std::string>> EndMaintenance(std::string_view name,
                                                                const ShardChoice& shards,
                                                                std::string_view by);

  // Takes checker `id` out of the electorate; it joins again only if it comes back. Errors:
  // kNotFound also when it is not in the electorate; kExists when it is registered or votes:
  // stop it first.
  [[nodiscard]] Result<void> Forget(std::string_view name, std::string_view id,
                                    std::string_view by);

 private:
  class ZKC_LOCAL Impl;
  ZKC_LOCAL explicit Manager(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zkcluster
