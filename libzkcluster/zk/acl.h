// Who may do what with a znode, in ZooKeeper's terms: a list of identities with their permissions.
// A list can hide a znode's data, but not its existence; whether a znode may be deleted is decided
// by its parent's list. Ensembles know identities by digest: the list holds the hash of
// "user:password", and only its owner's file holds the password itself. Pure.
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
// The list that a new znode gets, by path (of a sequential one: without the number). Null: anyone
// may do anything.
using AclFunction = std::function<Acl(const std::string& path)>;

// "user:password" as lists hold it: "user:" and the SHA-1 of all of it in base64. That hash is
// fast: anybody who reads it can guess all but a long random password.
[[nodiscard]] std::string DigestId(std::string_view credential);

}  // namespace zkcluster
