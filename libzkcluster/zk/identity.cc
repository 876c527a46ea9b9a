#include "zk/identity.h"

#include "base/read_file.h"
#include "zk/native_client.h"

namespace zkcluster::zk {

Result<Access> LoadAccess(const std::string& file) {
  const auto text = ReadFile(file, kMaxAccessBytes);
  if (!text) {
    // A missing file is a fault of configuration, as is every fault inside of it.
    Error error = text.error().Within("access file");
    error.code = ErrorCode::kInvalid;
    return Fail(std::move(error));
  }
  return ParseAccess(file, *text);
}

Result<Identity> MakeIdentity(const Access& access, bool restricted, const std::string& root,
                              const std::string& file) {
  Identity identity{access.credentials, {}, {}};
  if (access.tls != Access::Tls{}) {
    if (!HasTls()) {
      return Fail(ErrorCode::kInvalid,
                  file +
                      ": tls: the installed ZooKeeper client library has none (Debian's has "
                      "none): go through stunnel, as zkcluster-security(7) shows");
    }
    identity.tls = access.tls.ca + "," + access.tls.cert + "," + access.tls.key;
  }
  if (!restricted) return identity;
  const bool knows_both = !access.operators.empty() && !access.checkers.empty();
  if (!knows_both) {
    return Fail(ErrorCode::kInvalid,
                file + ": names no " + (access.operators.empty() ? "operators" : "checkers") +
                    ": with acl restricted it must say who the operators and the checkers are, "
                    "each by password or by digest");
  }
  identity.acl = RestrictedAcl(root, access);
  return identity;
}

Result<Identity> LoadIdentity(const std::string& file, bool restricted, const std::string& root) {
  if (file.empty()) {
    if (!restricted) return Identity{};
    return Fail(ErrorCode::kInvalid, "acl restricted needs an access file");
  }
  auto access = LoadAccess(file);
  if (!access) return Fail(access.error());
  // Only a checker makes ballots that are its own. Another program that changes one must not lock
  // its checker out.
  access->own.clear();
  return MakeIdentity(*access, restricted, root, file);
}

}  // namespace zkcluster::zk
