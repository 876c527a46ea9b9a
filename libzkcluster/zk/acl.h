// Who may do what with a znode, in ZooKeeper's terms: a list of identities with their permissions.
// Reading may be forbidden, but never that a znode exists; and whether a znode may be deleted is
// its parent's affair. Ensembles know identities by digest: the hash of "user:password" stands in
// the list, the password itself only in the file of whoever uses it. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace zkcluster {

// ZooKeeper's own bits.
using Permissions = unsigned;
inline constexpr Permissions kMayRead = 1;
inline constexpr Permissions kMayWrite = 2;
inline constexpr Permissions kMayCreate = 4;  // children
inline constexpr Permissions kMayDelete = 8;  // children
inline constexpr Permissions kMayAdmin = 16;  // change this list
inline constexpr Permissions kMayAll = 31;

struct AclEntry {
  std::string id;  // as DigestId makes them; empty: anyone
  Permissions permissions = 0;
  bool operator==(const AclEntry&) const = default;
};
using Acl = std::vector<AclEntry>;  // empty: anyone may do anything
// What the znodes that somebody creates are given, by path (of a sequential one: without the
// number). Null: anyone may do anything.
using AclFunction = std::function<Acl(const std::string& path)>;

// "user:password" as it stands in lists: "user:" and the SHA-1 of all of it in base64. That hash is
// fast: only a long random password withstands whoever reads it.
[[nodiscard]] std::string DigestId(std::string_view credential);

}  // namespace zkcluster
