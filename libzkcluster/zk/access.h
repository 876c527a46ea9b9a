// The access file with the credentials for ZooKeeper, and the list of permissions that follows
// for each znode of zkcluster. Everybody may read. Operators change specs, checkers and
// operators change what checkers say and decide, and only the checker itself changes its ballot
// and registration. Lines:
//
//   operators digest   ops:Ovx4jQ8T...=     # known by hash: listed, no more
//   checkers  password checkers:SECRET      # known by password: we are this one, too
//   own       password rack7:SECRET         # this very checker
//   tls ca    /etc/zkcluster/ca.pem         # TLS to ZooKeeper: all three lines, or none
//   tls cert  /etc/zkcluster/me.pem
//   tls key   /etc/zkcluster/me.key
//
// Checkers know operators by hash and operators the checkers,
// so that neither holds the other's password. Pure.
#pragma once

#include <zkcluster/result.h>
#include <string>
#include <string_view>
#include <vector>

#include "zk/acl.h"

namespace zkcluster {

struct Access {
  std::vector<std::string> credentials;  // "user:password" of each line that has one
  // In the form of DigestId; empty: not in the file.
  std::string operators;
  std::string checkers;
  std::string own;
  struct Tls {
    std::string ca;
    std::string cert;
    std::string key;
    bool operator==(const Tls&) const = default;
  } tls;
  bool operator==(const Access&) const = default;
};

inline constexpr std::size_t kMaxAccessBytes = 65'536;
inline constexpr std::size_t kMaxAccessUserBytes = 100;  // every list holds them

// Errors: kInvalid, `file:line: ...` of the first problem; it never shows a password.
[[nodiscard]] Result<Access> ParseAccess(std::string_view file, std::string_view text);
// Its password is in the file, not only its hash.
[[nodiscard]] bool HasPasswordOf(const Access& access, const std::string& id);
// The same file with hashes in place of passwords, for the other side.
[[nodiscard]] std::string FormatAccessByDigest(const Access& access);

// The lists of everything at and below `root`, and of the znodes created above it.
// REQUIRES: root as ValidateRoot accepts it; access knows operators and checkers.
[[nodiscard]] AclFunction RestrictedAcl(std::string root, const Access& access);

}  // namespace zkcluster
