// The addresses of a name, for a thread that waits. Thread-safe.
#pragma once

#include <zkcluster/time.h>
#include <functional>
#include <string>
#include <vector>

namespace zkcluster {

// IP literals; the last good ones where the name does not resolve any more, and no later than
// `limit`. Empty: none was ever known. Null: names are not looked up.
using NameLookup = std::function<std::vector<std::string>(const std::string& host, Duration limit)>;

}  // namespace zkcluster
