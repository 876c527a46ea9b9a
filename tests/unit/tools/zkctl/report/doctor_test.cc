// zkctl doctor: each finding on a cluster with exactly this fault, and none on a healthy one.
#include "tools/zkctl/report/doctor.h"

#include <doctest/doctest.h>

#include <algorithm>
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

// Five shards. Only c3 calls four of them dead.
void Blind(Snapshot& snapshot) {
  for (int i = 3; i <= 5; ++i) {
    snapshot.spec.spec.shards.push_back(
        {"s" + std::to_string(i), "10.0.0." + std::to_string(i) + ":6379"});
    snapshot.board.shards.push_back(snapshot.board.shards[0]);
  }
  for (auto& voter : snapshot.voters) {
    voter.ballot->votes.assign(5, voter.id == "c3" ? kTimeoutVote : kAliveVote);
    voter.ballot->votes[1] = kTimeoutVote;
  }
}

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
      {"ghost", Severity::kRisk, "c9 has stopped; its last votes count until its session ends",
       "start it again",
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
      {"ghost", Severity::kAdvice, "c4 is gone; the spec says how many checkers there are",
       "zkctl checkers forget sessions c4", [](Snapshot& s) { s.ledger->electorate.insert("c4"); }},
      {"ghost", Severity::kRisk,
       "c3 is gone, and still counts for the quorum (2 of 3): when one more",
       "start it again; for one that will not return: start another in its place, or "
       "`zkctl update sessions --checkers 2`",
       [](Snapshot& s) {
         s.candidates.pop_back();
         s.voters.pop_back();
       }},
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
      {"quorum", Severity::kBroken,
       "2 of 5 checkers are registered, and a flip needs the votes of 3: nothing can flip",
       "start the checkers that are missing",
       [](Snapshot& s) {
         s.spec.spec.checkers = 5;
         s.candidates.pop_back();
       }},
      {"quorum", Severity::kBroken,
       "c2, c3 are gone; 1 of 3 checkers is registered, and a flip needs the votes of 2: nothing "
       "can "
       "flip",
       "start them there",
       [](Snapshot& s) {
         s.candidates.resize(1);
         s.voters.resize(1);
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
      {"orders", Severity::kRisk,
       "paused 1d 1h ago by ann@ops1, no end: \"move\"; holds back nothing now",
       "zkctl resume sessions",
       [](Snapshot& s) {
         s.ledger->pause = Pause{kNow - 25h, Micros(0), "ann@ops1", "move"};
       }},
      // Nothing was written since.
      {"orders", Severity::kRisk,
       "paused 1d 2h ago by ann@ops1, no end: \"move\"; holds back nothing now",
       "zkctl resume sessions",
       [](Snapshot& s) {
         s.ledger->pause = Pause{kNow - 26h, Micros(0), "ann@ops1", "move"};
         s.newest_stamp = kNow - 26h;
       }},
      {"orders", Severity::kBroken, "frozen for 1m 40s: ", "zkctl unfreeze sessions --accept",
       [](Snapshot& s) {
         s.spec.spec.max_dead_fraction = 0.5;
         s.ledger->freeze = {true, kFlip, 2, false, 0};
       }},
      {"orders", Severity::kBroken,
       "paused 5m 00s ago by ann@ops1, 20m 00s left: \"move\"; holds back 1 death: s1",
       "zkctl resume sessions",
       [](Snapshot& s) {
         s.ledger->pause = Pause{kNow - 5min, kNow + 20min, "ann@ops1", "move"};
         for (auto& voter : s.voters) voter.ballot->votes[0] = kTimeoutVote;
       }},
      {"orders", Severity::kRisk,
       "maintenance holds back 1 return: s2 (s2: ordered 5m 00s ago by ann@ops1, 20m 00s left: "
       "\"memory\")",
       "zkctl maintenance off sessions s2",
       [](Snapshot& s) {
         s.ledger->maintenance = {{"s2", {kNow - 5min, kNow + 20min, "ann@ops1", "memory"}}};
         for (auto& voter : s.voters) voter.ballot->votes[1] = kAliveVote;
       }},
      {"orders", Severity::kBroken,
       "all 2 shards are under maintenance without an end: nothing can flip",
       "zkctl maintenance list sessions",
       [](Snapshot& s) {
         const Maintenance order{kNow - 5min, Micros(0), "ann@ops1", "memory"};
         s.ledger->maintenance = {{"s1", order}, {"s2", order}};
       }},
      {"outlier", Severity::kBroken,
       "c3 alone calls 4 of 5 shards dead (timeout); its network, more likely than the shards",
       "zkctl update sessions --outlier-votes ignore", [](Snapshot& s) { Blind(s); }},
      {"outlier", Severity::kBroken, "c3 alone cannot tell whether 4 of 5 shards are alive",
       "on host host-c3",
       [](Snapshot& s) {
         Blind(s);
         for (Vote& vote : s.voters[2].ballot->votes) vote = {Opinion::kUnknown, Reason::kNoRoute};
       }},
      {"thresholds", Severity::kRisk,
       "probe.threshold: threshold 300ms is shorter than interval 1s (the default)",
       "zkctl update sessions --probe",
       [](Snapshot& s) {
         s.spec.spec.probe.threshold = 300ms;
         s.spec.spec.probe.timeout = 300ms;
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
  CHECK(DoctorText(snapshot, {}, kColored) ==
        "sessions: nothing found; 1 of 2 shards is dead: s2\n");
  snapshot.board.shards[1].status = ShardStatus::kAlive;
  CHECK(DoctorText(snapshot, {}, kColored) == "sessions: nothing found\n");
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

TEST_CASE("doctor: since when and where a checker is gone, as the journal has it") {
  const auto entry = [](const std::string& id, bool back, Micros at) {
    Event event;
    event.at = at;
    event.what = Event::Checker{id, "r-" + id, back};
    return JournalEntry{"e", event, at};
  };
  const std::vector<JournalEntry> journal = {entry("c1", false, kNow - 1h),
                                             entry("c2", false, kNow - 20min),
                                             entry("c1", true, kNow - 30min),
                                             entry("c3", false, kNow - 12min - 5s),
                                             {"e", Fail(ErrorCode::kBadData, "not JSON"), kNow}};
  const Absences absences = FindAbsences(journal);
  CHECK(absences.size() == 2);
  Snapshot snapshot = Well();
  snapshot.candidates.resize(1);
  snapshot.voters.resize(1);
  const auto findings = Diagnose(snapshot, Assess(snapshot), absences);
  REQUIRE_FALSE(findings.empty());
  CHECK_MESSAGE(Contains(findings[0].what,
                         "gone: c2 (r-c2) for 20m 00s, c3 (r-c3) for 12m 05s; 1 of 3 checkers is "),
                findings[0].what);
  CHECK(findings[0].remedy == "start them there");
}

TEST_CASE("doctor: the worst first, in lines that fit") {
  for (const Row& row : Rows()) {
    CAPTURE(row.says);
    Snapshot snapshot = Well();
    row.damage(snapshot);
    // Two more findings.
    snapshot.candidates[0].stat.modified += 5min;
    snapshot.candidates[1].stat.modified += 5min;
    const auto findings = Examine(snapshot);
    REQUIRE(findings.size() > 1);
    CHECK(std::ranges::is_sorted(findings, {}, &Finding::severity));
    for (const std::size_t columns : {80UL, 100UL, 140UL}) {
      std::istringstream lines(DoctorText(snapshot, findings, {false, columns}));
      for (std::string line; std::getline(lines, line);) {
        CHECK_MESSAGE(line.size() <= columns, line);
      }
    }
    const OrderedJson json = DoctorJson(snapshot, findings);
    CHECK(json["findings"].size() == findings.size());
    CHECK(json["findings"][0]["severity"] == SeverityName(findings[0].severity));
  }
}

}  // namespace doctor_test
