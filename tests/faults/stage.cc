#include "tests/faults/stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <utility>

#include "tests/faults/netns_fabric.h"
#include "tests/faults/proxy_fabric.h"
#include "tests/faults/recorder.h"

namespace zkcluster::faults {
namespace {

using std::chrono::seconds;

// From the last fault until everything is in order. The longest part is a
// penalty of ten thresholds.
constexpr Duration kRecoverLimit = seconds(25);
// The permitted delay of a status behind the truth: the threshold, an election.
constexpr Duration kGrace = seconds(6);

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::string WhyNot(const Scenario& scenario, const Fabric& fabric) {
  for (const Need need : scenario.needs) {
    if (auto why = fabric.WhyNot(need); !why.empty()) return why;
  }
  return scenario.why_not ? scenario.why_not() : std::string();
}

std::size_t FlipsOf(const Measures& measures, const std::string& shard) {
  return static_cast<std::size_t>(
      std::count_if(measures.flips.begin(), measures.flips.end(),
                    [&](const Flip& flip) { return flip.shard == shard; }));
}

// "s1 dead 0.7 s, alive 0.3 s; s2 ...": how long each change of the truth took to be noticed.
std::string DescribeAnswers(const Measures& measures) {
  std::map<std::string, std::string> shards;
  std::map<std::string, std::size_t> changes;
  for (const auto& answer : measures.answers) {
    const std::string& shard = answer.change.shard;
    std::string& line = shards[shard];
    if (++changes[shard] > 4) continue;  // a flapping one is described by its flips
    line += fmt::format(
        "{}{} {}", line.empty() ? shard + " " : ", ",
        answer.change.truth == Truth::kDead ? "dead" : "alive",
        answer.after ? fmt::format("{:.1f} s", Seconds(*answer.after)) : "not reported");
  }
  std::string text;
  for (const auto& [shard, line] : shards) {
    text += (text.empty() ? "" : "; ") + line;
    if (changes[shard] > 4) {
      text += fmt::format(" ...: {} changes, {} flips", changes[shard], FlipsOf(measures, shard));
    }
  }
  return text;
}

// Ballots that break a rule of Play::ForbidDeadVotes.
std::vector<std::string> FalseVotes(const Play& play, const Evidence& evidence) {
  std::vector<std::string> failures;
  for (const auto& rule : play.vote_rules()) {
    std::map<std::string, Vote> before;
    for (const auto& ballot : evidence.ballots) {
      if (ballot.id != rule.id) continue;
      for (const auto& [shard, vote] : ballot.votes) {
        const Vote last = std::exchange(before[shard], vote);
        if (ballot.at < rule.from || ballot.at > rule.to) continue;
        if (vote.opinion != Opinion::kDead || last.opinion == Opinion::kDead) continue;
        const Micros earliest = ballot.at - std::chrono::duration_cast<Micros>(kGrace);
        const bool excused =
            rule.false_ones_only && play.truth().Was(shard, Truth::kDead, earliest, ballot.at);
        if (excused) continue;
        failures.push_back(fmt::format("{:.3f} s: {} voted {} dead ({})",
                                       Seconds(ballot.at - play.begun()), rule.id, shard,
                                       ReasonName(vote.reason)));
      }
    }
  }
  return failures;
}

std::vector<std::string> LateDecisions(const Play& play, const Measures& measures) {
  std::vector<std::string> failures;
  for (const auto& answer : measures.answers) {
    const auto limit = play.decision_limits().find(answer.change.shard);
    if (limit == play.decision_limits().end()) continue;
    if (answer.after && *answer.after <= limit->second) continue;
    failures.push_back(
        fmt::format("{} changed, and was decided {}: within {:.0f} s is asked", answer.change.shard,
                    answer.after ? fmt::format("after {:.1f} s", Seconds(*answer.after)) : "never",
                    Seconds(limit->second)));
  }
  return failures;
}

void Fill(Outcome& outcome, const Scenario& scenario, const Play& play, const Evidence& evidence,
          Micros ended) {
  const Measures measures =
      Measure(Play::Shards(), play.truth(), evidence.steps, play.begun(), ended, kGrace);
  outcome.violations = evidence.violations;
  outcome.longest_wrong_s = Seconds(measures.longest_wrong);
  outcome.wrong_shard = measures.wrong_shard;
  outcome.false_flips = measures.unjustified();
  outcome.transactions = evidence.counters.transactions;
  outcome.tables = evidence.tables;
  outcome.observed = DescribeAnswers(measures);
  for (const auto& remark : play.remarks()) {
    outcome.observed += (outcome.observed.empty() ? "" : "; ") + remark;
  }
  for (const auto& flip : measures.flips) {
    outcome.story.push_back(fmt::format("{:8.3f}  flip: {} {}{}", Seconds(flip.at - play.begun()),
                                        flip.shard, ShardStatusName(flip.to),
                                        flip.justified ? "" : ", which is false"));
  }
  if (outcome.false_flips > 0 && !scenario.may_flip_falsely) {
    outcome.failures.push_back(fmt::format("{} false flips", outcome.false_flips));
  }
  for (const auto& failure : FalseVotes(play, evidence)) outcome.failures.push_back(failure);
  for (const auto& failure : LateDecisions(play, measures)) outcome.failures.push_back(failure);
  for (const auto& [shard, most] : play.most_flips()) {
    const auto flips = FlipsOf(measures, shard);
    if (flips <= most) continue;
    outcome.failures.push_back(fmt::format("{} flipped {} times: {} at most", shard, flips, most));
  }
}

void CopyFiles(const std::string& keep) {
  if (keep.empty()) return;
  std::error_code ignored;  // sockets, and what is just being removed
  std::filesystem::copy(std::filesystem::temp_directory_path(), keep,
                        std::filesystem::copy_options::recursive, ignored);
}

void Run(const Scenario& scenario, Fabric& fabric, const std::string& keep, Outcome& outcome) {
  Site site(fabric, scenario.site);
  Play play(site, scenario.intervention);
  const auto publish = [&] {
    outcome.story = play.story();
    outcome.failures = play.failures();
  };
  try {
    scenario.play(play);
    play.Expect(play.intervened(), "the operator acted during the fault");
    play.Recover(kRecoverLimit);
  } catch (const std::exception& error) {
    play.Expect(false, std::string("the scenario ended early: ") + error.what());
  }
  if (fabric.dropped() > 0) {
    play.Remark(fmt::format("{} packets dropped", fabric.dropped()));
  }
  const Micros ended = play.Now();
  publish();
  if (!play.failures().empty()) outcome.story.push_back(site.LogTails());
  site.Revive();
  site.End();
  CopyFiles(keep);
  std::vector<std::filesystem::path> logs;
  for (std::size_t i = 0; i < site.ensemble.size(); ++i) {
    logs.push_back(site.ensemble.server(i).data());
  }
  std::map<std::string, std::filesystem::path> tables;
  for (std::size_t i = 0; i < kPrograms; ++i) {
    tables["p" + std::to_string(i + 1)] = site.TableFile(i);
  }
  const Evidence evidence = Judge(ReadRecording(logs), tables, play.begun());
  Fill(outcome, scenario, play, evidence, ended);
  outcome.story.insert(outcome.story.end(), evidence.story.begin(), evidence.story.end());
}

}  // namespace

Outcome PlayScenario(const Scenario& scenario, const std::string& why_no_namespaces,
                     const std::string& keep) {
  Outcome outcome;
  outcome.scenario = scenario.name;
  const TimePoint begun = std::chrono::steady_clock::now();
  try {
    std::unique_ptr<Fabric> fabric;
    if (why_no_namespaces.empty()) {
      fabric = std::make_unique<NetnsFabric>();
    } else {
      fabric = std::make_unique<ProxyFabric>(why_no_namespaces);
    }
    outcome.fabric = fabric->name();
    outcome.reason = WhyNot(scenario, *fabric);
    if (!outcome.reason.empty()) {
      outcome.kind = Outcome::Kind::kSkipped;
      return outcome;
    }
    Run(scenario, *fabric, keep, outcome);
    const bool passed = outcome.failures.empty() && outcome.violations.empty();
    outcome.kind = passed ? Outcome::Kind::kPassed : Outcome::Kind::kFailed;
  } catch (const std::exception& error) {
    outcome.reason = error.what();
  }
  outcome.took_s = Seconds(std::chrono::steady_clock::now() - begun);
  return outcome;
}

}  // namespace zkcluster::faults
