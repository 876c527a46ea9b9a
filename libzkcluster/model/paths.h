// Where everything is in ZooKeeper (libzkcluster/README.md has a table of all znodes). Pure.
#pragma once

#include <zkcluster/result.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zkcluster {

// Paths of one cluster.
class ClusterPaths {
 public:
  // REQUIRES: ValidateName(name); root as ValidateRoot accepts it.
  ClusterPaths(std::string_view root, std::string_view name)
      : name_(name), base_((root == "/" ? std::string() : std::string(root)) + "/" + name_) {}

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& base() const { return base_; }  // data: version of the spec
  [[nodiscard]] std::string shards() const { return base_ + "/shards"; }
  [[nodiscard]] std::string options() const { return base_ + "/options"; }
  [[nodiscard]] std::string mirror() const { return base_ + "/status"; }
  [[nodiscard]] std::string go_voters() const { return base_ + "/localstatus"; }
  [[nodiscard]] std::string quorum() const { return base_ + "/quorum"; }
  [[nodiscard]] std::string election() const { return quorum() + "/election"; }
  [[nodiscard]] std::string candidate(std::string_view node) const {
    return election() + "/" + std::string(node);
  }
  [[nodiscard]] std::string leader() const { return quorum() + "/leader"; }
  [[nodiscard]] std::string votes() const { return quorum() + "/votes"; }
  [[nodiscard]] std::string vote(std::string_view id) const {
    return votes() + "/" + std::string(id);
  }
  [[nodiscard]] std::string chunks() const { return quorum() + "/status"; }
  [[nodiscard]] std::string chunk(std::size_t k) const {
    return chunks() + "/" + std::to_string(k);
  }
  [[nodiscard]] std::string head() const { return quorum() + "/head"; }
  [[nodiscard]] std::string ledger() const { return quorum() + "/ledger"; }
  [[nodiscard]] std::string events() const { return quorum() + "/events"; }
  [[nodiscard]] std::string event_prefix() const { return events() + "/e_"; }

 private:
  std::string name_;
  std::string base_;
};

// The name of a candidate znode: `<id>-<guid>-<seq>`. The id may contain '-';
// the guid is 32 hex digits.
struct CandidateName {
  std::string id;
  std::string guid;
  std::int32_t sequence = 0;  // may have wrapped: compare with SequenceBefore
  bool operator==(const CandidateName&) const = default;
};
// "<id>-<guid>-".
[[nodiscard]] std::string CandidatePrefix(std::string_view id, std::string_view guid);
// Nothing for foreign names.
[[nodiscard]] std::optional<CandidateName> ParseCandidateName(std::string_view node);
// ZooKeeper's counter is a signed 32-bit number that wraps: order by distance, as TCP does.
[[nodiscard]] inline bool SequenceBefore(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) - static_cast<std::uint32_t>(b)) <
         0;
}
// Whether a child of `localstatus` with this name is a Go checker's registration.
[[nodiscard]] inline bool IsGoVoter(std::string_view node) {
  return node.starts_with("n_");
}
// The number at the end of a sequential znode's name ("e_0000000012", "n_-2147483648").
[[nodiscard]] std::optional<std::int32_t> ParseSequence(std::string_view node);

// Cluster names and checker ids are parts of paths: 1 .. 200 bytes of UTF-8, no '/', no
// control or otherwise forbidden characters, not "." or "..". Errors: kInvalid. `what` names
// the thing in the message.
[[nodiscard]] Result<void> ValidateName(std::string_view what, std::string_view name);
// "/" or "/a/b": absolute, no empty parts, no slash at the end.
[[nodiscard]] Result<void> ValidateRoot(std::string_view root);

}  // namespace zkcluster
