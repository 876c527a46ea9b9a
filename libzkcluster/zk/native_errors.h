// The C client's return codes as our errors (the one switch), and what is never passed to it. Pure.
#pragma once

#include <zkcluster/result.h>
#include <vector>

#include <optional>
#include <string>
#include <string_view>
#include "zk/client.h"

namespace zkcluster::zk {

// `what` names the request for the message ("get /a/b"). REQUIRES: rc != ZOK.
[[nodiscard]] Error TranslateError(int rc, const std::string& what);

// True when a server answered this request, if only to refuse it. False: the library gave
// up by itself.
[[nodiscard]] bool IsAnswer(int rc);

// True for paths that the server accepts. The library never gets any other: a bad path inside of a
// multi makes it free an uninitialised pointer. `sequential`: the last part may be empty.
[[nodiscard]] bool IsValidPath(std::string_view path, bool sequential = false);
[[nodiscard]] bool IsSequential(CreateMode mode);

// Why a request is refused without asking a server: kInvalid or kTooLarge.
[[nodiscard]] std::optional<Error> WhyNeverSent(std::string_view path, std::string_view data,
                                                bool sequential);
[[nodiscard]] std::optional<Error> WhyNeverSent(const std::vector<Op>& ops);

}  // namespace zkcluster::zk
