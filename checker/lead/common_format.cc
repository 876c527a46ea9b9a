#include "checker/lead/common_format.h"

#include <algorithm>
#include <utility>

#include "codec/codec.h"

namespace zkcluster {

CommonFormat::CommonFormat(Logger& logger, zk::Client& client, ClusterPaths paths, Formats formats)
    : logger_(logger), client_(client), paths_(std::move(paths)), formats_(formats) {}

void CommonFormat::OnCandidates(const std::vector<std::string>& nodes) {
  if (formats_.size() == 1) return;
  std::erase_if(reads_, [&](const auto& candidate) {
    return std::find(nodes.begin(), nodes.end(), candidate.first) == nodes.end();
  });
  for (const std::string& node : nodes) {
    if (!ParseCandidateName(node)) continue;  // no checker made it
    if (!reads_.emplace(node, formats_.front().number).second) continue;
    Read(node);
  }
}

// Read once for each candidate: a registration is never rewritten.
void CommonFormat::Read(const std::string& node) {
  client_.Get(paths_.candidate(node), {}, lifetime_.Guard([this, node](Result<zk::Node> answer) {
    const auto candidate = reads_.find(node);
    if (candidate == reads_.end()) return;
    const auto registration =
        answer ? DecodeRegistration(answer->data) : Result<Registration>(Fail(answer.error()));
    if (registration) candidate->second = registration->format;
    logger_.Debug("leader.format_read", {{"cluster", paths_.name()},
                                         {"node", node},
                                         {"reads", candidate->second},
                                         {"writes", now().number}});
  }));
}

const Format& CommonFormat::now() const {
  int lowest = formats_.back().number;
  for (const auto& [node, reads] : reads_) lowest = std::min(lowest, reads);
  return NewestFormat(formats_, lowest);
}

}  // namespace zkcluster
