#include "names/system_names.h"

#include <utility>

namespace zkcluster {

SystemNames::SystemNames(EventLoop& loop, AresDns::Files files)
    : dns_(loop, std::move(files)), resolver_(loop, dns_), book_(loop, resolver_) {}

}  // namespace zkcluster
