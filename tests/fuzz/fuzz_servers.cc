// ZooKeeper's connect string.
#include "tests/fuzz/target.h"
#include "text/address.h"
#include "zk/native_client.h"

namespace zkcluster::fuzz::servers_target {

bool TestOneInput(std::string_view input) {
  const auto servers = zk::ParseServers(input);
  if (!servers) {
    CheckError(servers.error(), ErrorCode::kInvalid);
    return false;
  }
  ZKC_CHECK(!servers->empty());
  for (const std::string& server : *servers) ZKC_CHECK(ParseAddress(server).has_value());
  CheckReadsBack(*servers, zk::ParseServers, [](const std::vector<std::string>& list) {
    std::string text;
    for (const std::string& server : list) text += (text.empty() ? "" : ", ") + server;
    return text;
  });
  return true;
}

const Target kTarget("servers", TestOneInput);

}  // namespace zkcluster::fuzz::servers_target
