#include "tests/sim/format_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "codec/codec.h"
#include "tests/fakes/tomorrow.h"

namespace zkcluster::sim {
namespace {

// A leader hears of a candidate by a watch, and reads it. Watches and answers may be late by
// seconds, and for as long as a session lives without them.
constexpr Duration kHeardWithin = std::chrono::seconds(10);

constexpr std::string_view kElection = "quorum/election/";
constexpr std::string_view kRows = "quorum/status/";
constexpr std::string_view kVotes = "quorum/votes/";
constexpr std::string_view kHead = "quorum/head";
constexpr std::string_view kLedger = "quorum/ledger";
constexpr std::string_view kLeader = "quorum/leader";
constexpr std::string_view kOptions = "options";

int FormatOf(std::string_view bytes) {
  const auto registration = DecodeRegistration(bytes);
  return registration ? registration->format : 1;
}

}  // namespace

std::string WithMember(std::string bytes, std::string_view member) {
  const std::size_t end = bytes.rfind('}');
  if (end == std::string::npos || bytes.find(member) != std::string::npos) return bytes;
  return bytes.insert(end, "," + std::string(member));
}

// Only as WithMember makes them: damaged ones are bad, whatever they say.
bool FormatJudge::Cluster::NeedsNewer() const {
  return options.ends_with(std::string(kNeedOfTomorrow) + "}");
}

const FormatJudge::Candidate* FormatJudge::Cluster::Of(std::int64_t session) const {
  const auto found = std::find_if(candidates.begin(), candidates.end(),
                                  [&](const auto& each) { return each.second.session == session; });
  return found == candidates.end() ? nullptr : &found->second;
}

std::optional<FormatJudge::Finding> FormatJudge::Observe(const Transaction& transaction) {
  Found first;
  std::map<std::string, std::string> versions;  // that are written, by cluster
  for (const zk::Op& op : transaction.ops) {
    const auto* const create = std::get_if<zk::CreateOp>(&op);
    const auto* const set = std::get_if<zk::SetOp>(&op);
    const auto* const remove = std::get_if<zk::DeleteOp>(&op);
    if (create == nullptr && set == nullptr && remove == nullptr) continue;
    const std::string& whole = create != nullptr ? create->path
                               : set != nullptr  ? set->path
                                                 : remove->path;
    if (!whole.starts_with(root_ + "/")) continue;
    const std::string below = whole.substr(root_.size() + 1);
    const std::size_t slash = below.find('/');
    const std::string name = below.substr(0, slash);
    const std::string path = slash == std::string::npos ? "" : below.substr(slash + 1);
    const std::string* const data = create != nullptr ? &create->data
                                    : set != nullptr  ? &set->data
                                                      : nullptr;
    if (path.empty() && data == nullptr) {
      clusters_.erase(name);
      continue;
    }
    if (path.empty()) versions[name] = *data;
    Found found = Judge(name, clusters_[name], {path, data, transaction, create != nullptr});
    if (!first) first = std::move(found);
  }
  for (auto& [name, cluster] : clusters_) {
    const auto written = versions.find(name);
    const bool fresh = written != versions.end() && !cluster.versions.contains(written->second);
    if (!cluster.NeedsNewer()) cluster.needing.clear();
    if (cluster.NeedsNewer() && fresh) cluster.needing = written->second;
    if (written != versions.end()) cluster.versions.insert(written->second);
  }
  return first;
}

FormatJudge::Found FormatJudge::Judge(const std::string& name, Cluster& cluster,
                                      const Change& change) {
  const std::string& path = change.path;
  if (path == kOptions) {
    cluster.options = change.data != nullptr ? *change.data : "";
    return std::nullopt;
  }
  if (path.starts_with(kElection)) return OnCandidate(name, cluster, change);
  if (path == kLeader) cluster.changed = change.transaction.time;
  if (path.starts_with(kVotes)) return OnBallot(name, cluster, change);
  const bool rows = path.starts_with(kRows);
  if (!rows && path != kHead && path != kLedger) return std::nullopt;
  const bool by_checker = cluster.Of(change.transaction.session_id) != nullptr;
  if (cluster.NeedsNewer() && by_checker) {
    return Finding{
        "needs",
        fmt::format("{}: {} is written, and the options need an unknown feature", name, path)};
  }
  if (path == kLedger) return OnLedger(name, cluster, change);
  return rows && by_checker ? OnRows(name, cluster, change) : std::nullopt;
}

FormatJudge::Found FormatJudge::OnCandidate(const std::string& name, Cluster& cluster,
                                            const Change& change) {
  cluster.changed = change.transaction.time;
  if (change.data == nullptr) {
    cluster.candidates.erase(change.path);
    return std::nullopt;
  }
  const std::int64_t session = change.transaction.session_id;
  if (!change.created || session == 0) {
    const auto found = cluster.candidates.find(change.path);
    if (found != cluster.candidates.end()) found->second.touched = true;
    return std::nullopt;
  }
  const int format = FormatOf(*change.data);
  cluster.candidates[change.path] = {session, format, false, change.transaction.time};
  const auto built = format_of_(session);
  if (!built || *built == format) return std::nullopt;
  return Finding{"format", fmt::format("{}: {} says format {}, and its checker reads {}", name,
                                       change.path, format, *built)};
}

FormatJudge::Found FormatJudge::OnRows(const std::string& name, const Cluster& cluster,
                                       const Change& change) {
  if (change.data == nullptr || change.data->find("[[") == std::string::npos) return std::nullopt;
  const int written = HasColumnOfTomorrow(*change.data) ? 2 : 1;
  const TimePoint now = change.transaction.time;
  int common = cluster.Of(change.transaction.session_id)->format;
  bool certain = true;  // that the leader has read them all as they are here
  bool unheard = false;
  for (const auto& [path, candidate] : cluster.candidates) {
    certain = certain && !candidate.touched;
    common = std::min(common, candidate.format);
    if (candidate.touched || candidate.format >= written) continue;
    if (now - candidate.came < kHeardWithin) {
      unheard = true;
      continue;
    }
    return Finding{"format", fmt::format("{}: {} is written in format {}, and {} reads {}", name,
                                         change.path, written, path, candidate.format)};
  }
  if (unheard) ++excuses_[history::Excuse::kFormatUnknown];
  if (written >= common || !certain) return std::nullopt;
  if (now - cluster.changed < kHeardWithin) {
    ++excuses_[history::Excuse::kFormatUnread];
    return std::nullopt;
  }
  return Finding{"format", fmt::format("{}: {} is written in format {}, and all read {}", name,
                                       change.path, written, common)};
}

FormatJudge::Found FormatJudge::OnLedger(const std::string& name, Cluster& cluster,
                                         const Change& change) {
  const std::string before =
      std::exchange(cluster.ledger, change.data != nullptr ? *change.data : "");
  if (change.data == nullptr || change.transaction.session_id == 0) return std::nullopt;
  // Of a ledger that nobody could read, nobody could keep anything.
  const bool had = before.find(kKeyOfTomorrow) != std::string::npos && DecodeLedger(before);
  if (!had || change.data->find(kKeyOfTomorrow) != std::string::npos) return std::nullopt;
  return Finding{"unknown_keys", fmt::format("{}: the ledger was {}, and is written again as {}",
                                             name, before, *change.data)};
}

FormatJudge::Found FormatJudge::OnBallot(const std::string& name, const Cluster& cluster,
                                         const Change& change) const {
  if (cluster.needing.empty() || change.data == nullptr || change.transaction.session_id == 0) {
    return std::nullopt;
  }
  const auto ballot = DecodeBallot(*change.data);
  if (!ballot || std::to_string(ballot->spec.version) != cluster.needing) return std::nullopt;
  return Finding{"needs", fmt::format("{}: {} votes on version {}, which needs an unknown feature",
                                      name, change.path, cluster.needing)};
}

std::optional<FormatJudge::Finding> FormatJudge::TableOf(std::string_view cluster,
                                                         std::uint64_t spec_version) const {
  const auto found = clusters_.find(cluster);
  if (found == clusters_.end() || found->second.needing != std::to_string(spec_version)) {
    return std::nullopt;
  }
  return Finding{"needs",
                 fmt::format("{}: a program takes version {}, which needs an unknown feature",
                             cluster, spec_version)};
}

}  // namespace zkcluster::sim
