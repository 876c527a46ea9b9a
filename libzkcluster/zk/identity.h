// From an access file (zk/access.h) to the identity of the program that uses it. Blocking:
// reads the file.
#pragma once

#include <zkcluster/result.h>
#include <string>

#include "zk/access.h"
#include "zk/client.h"

namespace zkcluster::zk {

// Errors: kInvalid, naming the file.
[[nodiscard]] Result<Access> LoadAccess(const std::string& file);

// Errors: kInvalid when znodes are to be restricted and the file does not name operators and
// checkers. `file`: for messages.
[[nodiscard]] Result<Identity> MakeIdentity(const Access& access, bool restricted,
                                            const std::string& root, const std::string& file);

// Both of the above, for programs that are no checkers: `own` is one more password. With an empty
// `file` there is no identity. REQUIRES: root as ValidateRoot accepts it.
[[nodiscard]] Result<Identity> LoadIdentity(const std::string& file, bool restricted,
                                            const std::string& root);

}  // namespace zkcluster::zk
