#include "tools/zkctl/report/doctor.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/join.h"
#include "checker/rules/freeze.h"
#include "codec/codec.h"
#include "model/limits.h"
#include "model/settings.h"
#include "model/spec_check.h"
#include "text/address.h"
#include "text/duration.h"
#include "text/fraction.h"
#include "tools/zkctl/report/exam.h"
#include "tools/zkctl/report/flapping.h"
#include "zk/client.h"

namespace zkcluster::zkctl {
namespace {

// A registration takes a moment to arrive; a larger difference means a wrong clock.
constexpr Micros kClockSlack = std::chrono::seconds(2);
// A status dated further ahead was dated by a wrong clock.
constexpr Micros kDateSlack = std::chrono::seconds(5);

std::string Percent(std::size_t part, std::size_t whole) {
  return std::to_string(whole == 0 ? 0 : 100 * part / whole) + " %";
}

class Doctor {
 public:
  Doctor(const Snapshot& snapshot, const Assessment& assessment, const Absences& absences)
      : snapshot_(snapshot),
        assessment_(assessment),
        spec_(snapshot.spec.spec),
        exam_(snapshot, assessment, absences) {}

  std::vector<Finding> Examine() {
    CheckBytes();
    ExamineOrders(exam_);
    CheckGhosts();
    CheckRegistrations();
    CheckGo();
    ExamineCheckers(exam_);
    CheckProbeNumbers();
    CheckVotes();
    CheckRacks();
    CheckVersions();
    CheckClocks();
    CheckDates();
    CheckHosts();
    CheckShardRacks();
    CheckFlapping();
    CheckSizes();
    std::vector<Finding> found = exam_.Take();
    std::ranges::stable_sort(found, {}, &Finding::severity);
    return found;
  }

 private:
  void Add(Severity severity, std::string_view kind, std::string what, std::string remedy) {
    exam_.Add(severity, kind, std::move(what), std::move(remedy));
  }
  [[nodiscard]] std::string Command(const std::string& verb, const std::string& rest = "") const {
    return exam_.Command(verb, rest);
  }
  [[nodiscard]] std::set<std::string> Registered() const { return exam_.Registered(); }

  void CheckBytes() {
    for (const std::string& problem : snapshot_.problems) {
      Add(Severity::kBroken, "undecodable", problem,
          "find out who else writes below this cluster; our leader or checker writes again what is "
          "its own, and a candidate or ballot of a stranger goes with the stranger's session");
    }
  }

  // Znodes without a session, which a restored backup leaves.
  void CheckGhosts() {
    for (const Snapshot::Ghost& ghost : snapshot_.ghosts) {
      const bool stray = ghost.kind == Snapshot::Ghost::Kind::kStray;
      exam_.Add(stray ? Severity::kAdvice : Severity::kRisk, "ghost", GhostSentence(ghost),
                (stray ? "" : "a leader removes it within moments; where it stays, ") +
                    Command("doctor", "--fix") + " removes it",
                {ghost});
    }
  }

  // Registrations and ballots that have no live process behind them.
  void CheckRegistrations() {
    std::map<std::string, int> registrations;
    for (const auto& candidate : snapshot_.candidates) ++registrations[candidate.name.id];
    for (const auto& [id, count] : registrations) {
      if (count < 2) continue;
      Add(Severity::kBroken, "ghost",
          id + " is registered " + std::to_string(count) +
              " times: two checkers have one id, or "
              "the session of one that died has not expired yet",
          "if this does not change, give one of them another id in its file");
    }
    for (const CheckerView& view : assessment_.checkers) {
      const std::string last = LastVotesSentence(view);
      if (last.empty()) continue;
      const auto registered = static_cast<int>(Registered().size());
      const int quorum = assessment_.electorate.quorum;
      Add(Severity::kRisk, "ghost",
          last + (registered == quorum
                      ? ", and then all " + std::to_string(registered) +
                            " others are needed for the quorum of " + exam_.QuorumText()
                      : ""),
          "start it again");
    }
  }

  void CheckGo() {
    if (!snapshot_.go_voters.empty()) {
      Add(Severity::kBroken, "go",
          Counted(snapshot_.go_voters.size(), "Go checker") + " registered (" +
              ShortList(snapshot_.go_voters) + "): our checkers vote, but decide nothing",
          "stop the Go checkers; when the last one is gone, our checkers take over");
    }
    if (snapshot_.spec_from_one_write) return;
    CheckLostKeys();
    std::vector<std::string> unset;
    for (const Setting& setting : Settings()) {
      // A Go manager keeps the switches, so they cannot be lost. A group without any set member is
      // named as a whole.
      if (setting.holds<bool>() || GetSetting(spec_, setting).index() != 0) continue;
      if (assessment_.safeguards.lost.contains(std::string(setting.key))) continue;
      if (setting.group().empty()) {
        unset.emplace_back(setting.key);
      } else if (spec_.probe == ProbeSpec{} && (unset.empty() || unset.back() != setting.group())) {
        unset.emplace_back(setting.group());
      }
    }
    if (unset.empty()) return;
    Add(Severity::kRisk, "go_manager",
        "the spec was last written by a Go manager (or by hand), which drops the keys that the Go "
        "library does not know; not set now: " +
            Join(unset, ", "),
        "compare with its file, set what is missing with " + Command("update") +
            ", and use zkctl from then on");
  }

  // The ledger remembers what they were.
  void CheckLostKeys() {
    const auto lost = LostWithValues(assessment_.safeguards);
    if (lost.empty()) return;
    std::string options;
    for (std::string option : lost) {
      std::ranges::replace(option, '_', '-');
      std::ranges::replace(option, '=', ' ');
      options += (options.empty() ? "--" : " --") + option;
    }
    Add(Severity::kRisk, "keys_lost",
        "the spec lost " + Join(lost, ", ") +
            " to a writer that does not know such keys, such as a Go manager; " +
            (lost.size() == 1 ? "it stays" : "they stay") + " in force until zkctl writes the spec",
        "write the spec with them: " + Command("update", options));
  }

  // Such a spec is refused where it is written; this one is older than that rule, or by hand.
  void CheckProbeNumbers() {
    const SpecProblems problems = CheckThresholds(spec_.probe);
    for (const SpecProblem& problem : problems.found()) {
      Add(Severity::kRisk, "thresholds", problem.key + ": " + problem.what,
          "set numbers that fit each other: " + Command("update", "--probe KEY=DURATION"));
    }
  }

  // Shards on which the checkers vote that they do not know.
  void CheckVotes() {
    std::vector<std::string> unknown;
    for (std::size_t i = 0; i < assessment_.tallies.size(); ++i) {
      const ServerTally& tally = assessment_.tallies[i];
      if (tally.outcome == Outcome::kNoQuorum &&
          tally.counts.unknown >= assessment_.electorate.quorum) {
        unknown.push_back(spec_.shards[i].name);
      }
    }
    if (unknown.empty()) return;
    Add(Severity::kRisk, "votes",
        "the checkers do not know whether " + ShortList(unknown) +
            (unknown.size() == 1 ? " is" : " are") + " alive: no status can flip there",
        Command("explain", unknown.front()) +
            " says why, for example a name that does not resolve, or an untrusted certificate");
  }

  void CheckRacks() {
    std::set<std::string> racks;
    for (const auto& candidate : snapshot_.candidates) racks.insert(candidate.registration.rack);
    if (snapshot_.candidates.empty()) return;
    const int wanted = assessment_.electorate.min_racks;
    if (static_cast<int>(racks.size()) < wanted) {
      Add(Severity::kBroken, "racks",
          "min_racks is " + std::to_string(wanted) + ", and the registered checkers are on " +
              Counted(racks.size(), "rack") + ": no shard can be marked dead",
          "set `rack` in each checker's file, start checkers on other racks, or lower min_racks");
    }
    if (racks.size() == 1 && Registered().size() > 1) {
      const std::string& rack = *racks.begin();
      Add(Severity::kRisk, "racks",
          rack.empty() ? "no checker says which rack it is on"
                       : "all checkers are on rack " + rack + ": they all fail with its switch",
          rack.empty() ? "set `rack` in each checker's file"
                       : "run them on three racks or more, and set min_racks: 2");
    }
  }

  void CheckVersions() {
    std::map<std::string, std::vector<std::string>> by_version;
    for (const auto& candidate : snapshot_.candidates) {
      by_version[candidate.registration.version].push_back(candidate.name.id);
    }
    if (by_version.size() < 2) return;
    std::vector<std::string> parts;
    for (const auto& [version, ids] : by_version) {
      parts.push_back((version.empty() ? "no version" : version) + " on " + ShortList(ids));
    }
    Add(Severity::kAdvice, "versions",
        "the checkers are of different versions: " + Join(parts, "; "),
        "finish the upgrade; an older leader ignores orders that it does not know");
  }

  // Compares the time that a checker wrote with the server's time of that write.
  void CheckClocks() {
    std::set<std::string> named;
    const auto compare = [&](const std::string& id, const std::string& what, Micros said,
                             Micros stamped) {
      if (said == Micros(0) || stamped == Micros(0)) return;
      const Micros off = said - stamped;
      if (off >= -kClockSlack && off <= kClockSlack) return;
      if (!named.insert(id).second) return;
      Add(Severity::kRisk, "clock",
          "the clock of " + id + " and ZooKeeper's differ by " +
              FormatAge(off < Micros(0) ? -off : off) + " (" + what + "): it is " +
              (off < Micros(0) ? "behind" : "ahead"),
          "synchronize the clocks of checkers and servers by NTP: logs depend on them, and "
          "programs compare the dates of their values with ZooKeeper's");
    };
    const Micros ours = snapshot_.newest_stamp - snapshot_.taken;
    if (ours > kDateSlack) {
      Add(Severity::kRisk, "clock",
          "ZooKeeper has stamped a write " + FormatAge(ours) +
              " ahead of this machine's clock: one of the two is wrong",
          "see to NTP on this machine, then on the ZooKeeper servers");
    }
    for (const auto& candidate : snapshot_.candidates) {
      compare(candidate.name.id, "its registration", candidate.registration.since,
              candidate.stat.modified);
    }
    if (snapshot_.leader && snapshot_.leader_stat) {
      compare(snapshot_.leader->id, "its take-over", snapshot_.leader->since,
              snapshot_.leader_stat->modified);
    }
  }

  // Statuses that a leader with a wrong clock has dated, or a ZooKeeper with one.
  void CheckDates() {
    const Micros now = std::max(snapshot_.taken, snapshot_.newest_stamp);
    std::vector<std::string> names;
    Micros ahead{0};
    for (std::size_t i = 0; i < snapshot_.board.shards.size(); ++i) {
      const Micros by = snapshot_.board.shards[i].since - now;
      if (by <= kDateSlack) continue;
      names.push_back(spec_.shards[i].name);
      ahead = std::max(ahead, by);
    }
    if (names.empty()) return;
    Add(Severity::kRisk, "since",
        ShortList(names) + (names.size() == 1 ? " is" : " are") + " dated up to " +
            FormatAge(ahead) +
            " ahead: until then programs that go by `since` take every value there for stale",
        Command("redate") + " dates " + (names.size() == 1 ? "it" : "them") +
            " again, by ZooKeeper's clock");
  }

  void CheckHosts() {
    std::map<std::string, std::size_t> hosts;
    std::size_t local = 0;
    for (const ShardSpec& shard : spec_.shards) {
      const auto address = ParseAddress(shard.addr);
      if (!address) continue;
      ++hosts[address->host];
      local += address->host.empty() ? 1 : 0;
    }
    if (local > 0 && Registered().size() > 1) {
      Add(Severity::kRisk, "hosts",
          Counted(local, "shard") +
              " without a host in the address: each checker and each program "
              "connects to its own machine",
          "name the host, unless every machine really has its own");
    }
    const std::size_t all = spec_.shards.size();
    const auto most =
        std::max_element(hosts.begin(), hosts.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (all < 2 || most == hosts.end() || most->first.empty()) return;
    const double fraction = spec_.max_dead_fraction.value_or(1);
    if (most->second == all) {
      Add(Severity::kRisk, "hosts",
          "all " + std::to_string(all) + " shards are on host " + most->first +
              ": when it fails, no stand-in is left",
          "spread them over hosts, on racks of their own");
    } else if (most->second > DeadAllowed(fraction, all)) {
      Add(Severity::kRisk, "hosts",
          std::to_string(most->second) + " of " + std::to_string(all) + " shards (" +
              Percent(most->second, all) + ") are on host " + most->first + ", more than the " +
              std::to_string(DeadAllowed(fraction, all)) + " that max_dead_fraction " +
              FormatFraction(fraction) +
              " allows to be dead: when it fails, the cluster freezes with them in the ring",
          "spread them over more hosts, or raise max_dead_fraction");
    } else if (most->second * 2 > all) {
      Add(Severity::kAdvice, "hosts",
          std::to_string(most->second) + " of " + std::to_string(all) + " shards (" +
              Percent(most->second, all) + ") are on host " + most->first,
          "spread them over more hosts");
    }
  }

  // A shard's rack is known where a checker runs on its host.
  void CheckShardRacks() {
    std::map<std::string, std::string> rack_of;
    for (const auto& candidate : snapshot_.candidates) {
      const Registration& registration = candidate.registration;
      if (!registration.rack.empty()) rack_of[registration.host] = registration.rack;
    }
    std::set<std::string> hosts;
    std::set<std::string> racks;
    for (const ShardSpec& shard : spec_.shards) {
      const auto address = ParseAddress(shard.addr);
      if (!address || !rack_of.contains(address->host)) return;
      hosts.insert(address->host);
      racks.insert(rack_of.at(address->host));
    }
    if (hosts.size() < 2 || racks.size() != 1) return;
    Add(Severity::kRisk, "hosts",
        "all shards are on rack " + *racks.begin() + ": when its switch fails, no stand-in is left",
        "spread them over racks");
  }

  void CheckFlapping() {
    for (const std::string& shard : FindFlapping(snapshot_)) {
      Add(Severity::kRisk, "shards",
          "shard " + shard + " flaps: it " + DeathsText(snapshot_.ledger->penalties.at(shard)) +
              "; each time its keys go to its stand-ins and back",
          "check that server and the way to it: " + Command("explain", shard) + "; " +
              Command("maintenance on", shard) + " keeps its status until it is mended");
    }
  }

  void CheckSizes() {
    const auto near = [this](const std::string& what, std::size_t bytes, std::size_t limit,
                             const std::string& then) {
      if (bytes * 5 < limit * 4) return;
      Add(Severity::kRisk, "size",
          what + " is " + std::to_string(bytes) + " bytes, " + Percent(bytes, limit) + " of the " +
              std::to_string(limit) + " allowed",
          then);
    };
    for (const auto& voter : snapshot_.voters) {
      near("the ballot of " + voter.id, voter.bytes, zk::kMaxRequestBytes,
           "divide the cluster: a larger one cannot be written");
    }
    near("the list of shards", EncodeSpec(spec_).shards.size(), kMaxShardsBytes,
         "divide the cluster, or shorten names and addresses");
    if (snapshot_.ledger) {
      near("the ledger", EncodeLedger(*snapshot_.ledger).size(), zk::kMaxRequestBytes,
           "end maintenance that is no longer needed");
    }
    const std::size_t mirror = EncodeMirror(spec_.shards, snapshot_.board).size();
    const std::size_t limit = spec_.mirror_limit.value_or(kDefaultMirrorLimit);
    if (limit > 0 && mirror > limit) {
      Add(Severity::kAdvice, "size",
          "the mirror for Go clients would be " + std::to_string(mirror) + " bytes, more than " +
              std::to_string(limit) + ": it is not kept, and Go clients see no status",
          "raise mirror_limit if there are Go clients; set it to 0 otherwise");
    }
  }

  const Snapshot& snapshot_;
  const Assessment& assessment_;
  const ClusterSpec& spec_;
  Exam exam_;
};

Color SeverityColor(Severity severity) {
  switch (severity) {
    case Severity::kBroken:
      return Color::kBad;
    case Severity::kRisk:
      return Color::kDoubtful;
    case Severity::kAdvice:
      return Color::kFaint;
  }
  return Color::kNone;
}

}  // namespace

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kBroken:
      return "broken";
    case Severity::kRisk:
      return "risk";
    case Severity::kAdvice:
      return "advice";
  }
  return "advice";
}

std::vector<Finding> Diagnose(const Snapshot& snapshot, const Assessment& assessment,
                              const Absences& absences) {
  return Doctor(snapshot, assessment, absences).Examine();
}

OrderedJson DoctorJson(const Snapshot& snapshot, const std::vector<Finding>& findings) {
  OrderedJson json;
  json["cluster"] = snapshot.spec.spec.name;
  json["version"] = snapshot.spec.spec.version;
  json["findings"] = OrderedJson::array();
  for (const Finding& finding : findings) {
    OrderedJson row;
    row["severity"] = SeverityName(finding.severity);
    row["kind"] = finding.kind;
    row["what"] = finding.what;
    row["remedy"] = finding.remedy;
    for (const Snapshot::Ghost& ghost : finding.removes) row["removes"].push_back(ghost.path);
    json["findings"].push_back(std::move(row));
  }
  return json;
}

namespace {

// A death is no fault of the cluster, and still nobody should take "nothing found" for "all is well".
std::string DeadText(const Snapshot& snapshot) {
  std::vector<std::string> dead;
  const auto& shards = snapshot.spec.spec.shards;
  for (std::size_t i = 0; i < std::min(shards.size(), snapshot.board.shards.size()); ++i) {
    if (snapshot.board.shards[i].status == ShardStatus::kDead) {
      dead.push_back(Printable(shards[i].name));
    }
  }
  if (dead.empty()) return "";
  return "; " + std::to_string(dead.size()) + " of " + Counted(shards.size(), "shard") +
         (dead.size() == 1 ? " is dead: " : " are dead: ") + ShortList(dead);
}

}  // namespace

std::string DoctorText(const Snapshot& snapshot, const std::vector<Finding>& findings,
                       const Terminal& to) {
  const std::string name = Printable(snapshot.spec.spec.name);
  if (findings.empty()) return name + ": nothing found" + DeadText(snapshot) + "\n";
  std::string text;
  for (const Finding& finding : findings) {
    std::string label(SeverityName(finding.severity));
    label.resize(8, ' ');
    text += Paint(label, SeverityColor(finding.severity), to.color) +
            WrapText(Printable(finding.what), 8, to.columns) + "        " +
            Paint("do: ", Color::kFaint, to.color) +
            WrapText(Printable(finding.remedy), 12, to.columns);
  }
  return text + name + ": " + Counted(findings.size(), "finding") + "\n";
}

}  // namespace zkcluster::zkctl
