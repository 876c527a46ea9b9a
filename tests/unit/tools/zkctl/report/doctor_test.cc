// zkctl doctor: each finding on a cluster with exactly this fault, and none on a healthy one.
#include "tools/zkctl/report/doctor.h"

#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/unit/tools/zkctl/report/snapshots.h"

namespace doctor_test {

using namespace zkcluster;
using namespace zkcluster::zkctl;
using namespace std::chrono_literals;

namespace {

using Kind = Snapshot::Ghost::Kind;

// Nothing to complain about: three checkers on three racks, shards on hosts of their own.
Snapshot Well() {
  Snapshot snapshot = Healthy();
  snapshot.spec.spec.checkers = 3;
  for (auto& candidate : snapshot.candidates) {
    candidate.stat.czxid = 5;
    candidate.stat.ephemeral_owner = 9;
    candidate.stat.modified = candidate.registration.since + 20ms;
  }
  return snapshot;
}

std::vector<Finding> Examine(const Snapshot& snapshot) {
  return Diagnose(snapshot, Assess(snapshot));
}

struct Row {
  const char* kind;
  Severity severity;
  const char* says;
  const char* remedy;
  std::function<void(Snapshot&)> damage;
};

Maintenance OldOrder() {
  return {kNow - 25h, Micros(0), "ann@ops1", "memory"};
}

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      {"undecodable", Severity::kBroken, "ballot c9: not JSON", "with the stranger's session",
       [](Snapshot& s) { s.problems.push_back("ballot c9: not JSON at byte 1"); }},
      {"ghost", Severity::kRisk, "the candidate of c1 has no session: it is a ghost",
       "`zkctl doctor sessions --fix` removes it",
       [](Snapshot& s) {
         s.ghosts.push_back({Kind::kCandidate, "/r/election/c1-x", "c1"});
       }},
      {"ghost", Severity::kRisk,
       "the ballot of junk has no session: it is a ghost, which counts "
       "for nothing (/r/votes/junk)",
       "--fix",
       [](Snapshot& s) {
         s.ghosts.push_back({Kind::kBallot, "/r/votes/junk", "junk"});
       }},
      {"ghost", Severity::kRisk, "the Go registration n_1 has no session", "--fix",
       [](Snapshot& s) {
         s.ghosts.push_back({Kind::kGoChecker, "/r/localstatus/n_1", "n_1"});
       }},
      {"ghost", Severity::kAdvice, "/r/election/x is no candidate: it is ignored", "--fix",
       [](Snapshot& s) {
         s.ghosts.push_back({Kind::kStray, "/r/election/x", "x"});
       }},
      {"ghost", Severity::kBroken, "c1 is registered 2 times", "another id",
       [](Snapshot& s) {
         s.candidates.push_back(s.candidates[0]);
         s.candidates.back().node += "twin";
       }},
      {"ghost", Severity::kRisk, "c9 has a ballot and is not registered (/r/votes/c9)",
       "goes with its session",
       [](Snapshot& s) {
         s.voters.push_back(s.voters[0]);
         s.voters.back().id = "c9";
         s.voters.back().path = "/r/votes/c9";
       }},
      {"ghost", Severity::kRisk, "c4 is gone, and still counts for the quorum (3 of 4)",
       "zkctl checkers forget sessions c4",
       [](Snapshot& s) {
         s.spec.spec.checkers.reset();
         s.ledger->electorate.insert("c4");
       }},
      {"ghost", Severity::kAdvice, "c4 is known, but not registered now",
       "zkctl checkers forget sessions c4", [](Snapshot& s) { s.ledger->electorate.insert("c4"); }},
      {"go", Severity::kBroken, "1 Go checker registered (n_0000000001)", "stop the Go checkers",
       [](Snapshot& s) { s.go_voters = {"n_0000000001"}; }},
      {"go_manager", Severity::kRisk,
       "not set now: quorum, min_racks, max_dead_fraction, probe, mirror_limit",
       "zkctl update sessions", [](Snapshot& s) { s.spec_from_one_write = false; }},
      {"keys_lost", Severity::kRisk, "the spec lost max_dead_fraction=0.25, quorum=2 to a writer",
       "zkctl update sessions --max-dead-fraction 0.25 --quorum 2",
       [](Snapshot& s) {
         s.spec_from_one_write = s.spec.from_one_write = false;
         s.ledger->safeguards = Safeguards{{}, 2, {}, 0.25, {}, ""};
       }},
      {"quorum", Severity::kBroken, "the quorum of 4 is more than the 3 that may vote",
       "zkctl update sessions --quorum none", [](Snapshot& s) { s.spec.spec.quorum = 4; }},
      {"quorum", Severity::kBroken, "the quorum is 3 of 5, and 2 checkers are registered",
       "start checkers",
       [](Snapshot& s) {
         s.spec.spec.checkers = 5;
         s.candidates.pop_back();
       }},
      {"quorum", Severity::kRisk, "all 3 registered checkers are needed for the quorum of 3 of 5",
       "start the checkers that are missing", [](Snapshot& s) { s.spec.spec.checkers = 5; }},
      {"quorum", Severity::kAdvice, "the spec says 2 checkers, and 3 are registered",
       "zkctl update sessions --checkers 3", [](Snapshot& s) { s.spec.spec.checkers = 2; }},
      {"quorum", Severity::kRisk, "the quorum of 1 of 3 is not a majority", "makes it a majority",
       [](Snapshot& s) { s.spec.spec.quorum = 1; }},
      {"votes", Severity::kRisk, "the checkers do not know whether s2 is alive",
       "zkctl explain sessions s2",
       [](Snapshot& s) {
         for (auto& voter : s.voters) {
           voter.ballot->votes[1] = {Opinion::kUnknown, Reason::kUnresolved};
         }
       }},
      {"racks", Severity::kBroken, "min_racks is 4, and the registered checkers are on 3 racks",
       "lower min_racks", [](Snapshot& s) { s.spec.spec.min_racks = 4; }},
      {"racks", Severity::kRisk, "all checkers are on rack r7", "on three racks or more",
       [](Snapshot& s) {
         for (auto& candidate : s.candidates) candidate.registration.rack = "r7";
       }},
      {"racks", Severity::kRisk, "no checker says which rack it is on", "set `rack`",
       [](Snapshot& s) {
         for (auto& candidate : s.candidates) candidate.registration.rack = "";
       }},
      {"versions", Severity::kAdvice, "0.1.0 on c1, c3; 0.2.0 on c2", "finish the upgrade",
       [](Snapshot& s) { s.candidates[1].registration.version = "0.2.0"; }},
      {"clock", Severity::kRisk, "ZooKeeper has stamped a write 1h 00m ahead of this machine's",
       "NTP", [](Snapshot& s) { s.newest_stamp = kNow + 1h; }},
      {"since", Severity::kRisk, "s2 is dated up to 364d", "`zkctl redate sessions` dates it again",
       [](Snapshot& s) { s.board.shards[1].since = kNow + 24h * 364 + 6h; }},
      {"clock", Severity::kRisk, "the clock of c2 and ZooKeeper's differ by 5m 00s", "NTP",
       [](Snapshot& s) { s.candidates[1].stat.modified += 5min; }},
      {"clock", Severity::kRisk, "(its take-over): it is ahead", "NTP",
       [](Snapshot& s) {
         s.leader_stat = zk::Stat{};
         s.leader_stat->modified = s.leader->since - 10s;
       }},
      {"hosts", Severity::kRisk, "all 2 shards are on host 10.0.0.1", "spread them over hosts",
       [](Snapshot& s) { s.spec.spec.shards[1].addr = "10.0.0.1:6380"; }},
      {"hosts", Severity::kRisk, "1 shard without a host in the address", "name the host",
       [](Snapshot& s) { s.spec.spec.shards[1].addr = ":6379"; }},
      {"hosts", Severity::kRisk, "all shards are on rack r-c1", "over racks",
       [](Snapshot& s) {
         s.candidates[1].registration.rack = "r-c1";
         s.spec.spec.shards[0].addr = "host-c1:1";
         s.spec.spec.shards[1].addr = "host-c2:1";
       }},
      {"size", Severity::kRisk, "the ballot of c1 is 900000 bytes, 90 % of the 1000000", "divide",
       [](Snapshot& s) { s.voters[0].bytes = 900'000; }},
      {"size", Severity::kAdvice, "the mirror for Go clients would be", "raise mirror_limit",
       [](Snapshot& s) { s.spec.spec.mirror_limit = 10; }},
      {"orders", Severity::kRisk, "paused for 1d 1h without an end, by ann@ops1: move",
       "zkctl resume sessions",
       [](Snapshot& s) {
         s.ledger->pause = Pause{kNow - 25h, Micros(0), "ann@ops1", "move"};
       }},
      {"orders", Severity::kBroken, "frozen for 1m 40s: ", "zkctl unfreeze sessions --accept",
       [](Snapshot& s) {
         s.spec.spec.max_dead_fraction = 0.5;
         s.ledger->freeze = {true, kFlip, 2, false, 0};
       }},
      {"orders", Severity::kRisk, "s2 is under maintenance for more than a day without an end",
       "zkctl maintenance off sessions SHARD",
       [](Snapshot& s) {
         s.ledger->maintenance = {{"s2", OldOrder()}};
       }},
  };
  return rows;
}

}  // namespace

TEST_CASE("doctor: nothing on a healthy cluster, also during a short pause or maintenance") {
  Snapshot snapshot = Well();
  CHECK(Examine(snapshot).empty());
  snapshot.ledger->pause = Pause{kNow - 1h, Micros(0), "ann", "move"};
  snapshot.ledger->maintenance = {{"s2", {kNow - 48h, kNow + 1h, "ann", "memory"}}};
  CHECK(Examine(snapshot).empty());
  CHECK(DoctorText(snapshot, {}, true) == "sessions: nothing found\n");
}

TEST_CASE("doctor: each problem, with its numbers, and what to do") {
  for (const Row& row : Rows()) {
    CAPTURE(row.says);
    Snapshot snapshot = Well();
    row.damage(snapshot);
    bool found = false;
    std::string all;
    for (const Finding& finding : Examine(snapshot)) {
      all += finding.what + " | ";
      if (!Contains(finding.what, row.says)) continue;
      found = true;
      CHECK(finding.kind == row.kind);
      CHECK(finding.severity == row.severity);
      CHECK_MESSAGE(Contains(finding.remedy, row.remedy), finding.remedy);
    }
    CHECK_MESSAGE(found, all);
  }
}

TEST_CASE("doctor: the worst first, in lines that fit") {
  Snapshot snapshot = Well();
  for (const Row& row : Rows()) row.damage(snapshot);
  const auto findings = Examine(snapshot);
  for (std::size_t i = 1; i < findings.size(); ++i) {
    CHECK(findings[i - 1].severity <= findings[i].severity);
  }
  std::istringstream lines(DoctorText(snapshot, findings, false));
  for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(line.size() <= 100, line);
  const OrderedJson json = DoctorJson(snapshot, findings);
  CHECK(json["findings"].size() == findings.size());
  CHECK(json["findings"][0]["severity"] == "broken");
}

}  // namespace doctor_test
