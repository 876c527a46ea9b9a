#include "model/safeguards.h"

#include "model/settings.h"

namespace zkcluster {

Safeguards SafeguardsInForce(const ClusterSpec& spec, bool from_one_write,
                             const std::optional<Safeguards>& remembered) {
  Safeguards now;
  if (remembered) now.unknown_keys = remembered->unknown_keys;
  const auto take = [&](const char* key, auto ClusterSpec::*of_spec, auto Safeguards::*member) {
    now.*member = spec.*of_spec;
    if (from_one_write || !remembered || now.*member || !((*remembered).*member)) return;
    now.*member = (*remembered).*member;
    now.lost.insert(key);
  };
  take("checkers", &ClusterSpec::checkers, &Safeguards::checkers);
  take("quorum", &ClusterSpec::quorum, &Safeguards::quorum);
  take("min_racks", &ClusterSpec::min_racks, &Safeguards::min_racks);
  take("max_dead_fraction", &ClusterSpec::max_dead_fraction, &Safeguards::max_dead_fraction);
  return now;
}

ClusterSpec WithSafeguards(ClusterSpec spec, const Safeguards& safeguards) {
  spec.checkers = safeguards.checkers;
  spec.quorum = safeguards.quorum;
  spec.min_racks = safeguards.min_racks;
  spec.max_dead_fraction = safeguards.max_dead_fraction;
  return spec;
}

std::vector<std::string> LostWithValues(const Safeguards& safeguards,
                                        const std::set<std::string>& reported) {
  const ClusterSpec values = WithSafeguards({}, safeguards);
  std::vector<std::string> texts;
  for (const std::string& key : safeguards.lost) {
    const Setting* const setting = FindSetting(key);
    if (setting == nullptr || reported.contains(key)) continue;
    texts.push_back(key + "=" + FormatSetting(GetSetting(values, *setting)));
  }
  return texts;
}

}  // namespace zkcluster
