// The judge of what builds of two formats write: its excuses twice each, where they apply and close
// by, and each rule beside what it allows.
#include "tests/sim/format_judge.h"

#include <doctest/doctest.h>

#include "codec/codec.h"
#include "tests/fakes/tomorrow.h"

namespace format_judge_test {

using namespace zkcluster;
using namespace zkcluster::sim;
using namespace std::chrono_literals;
using history::Excuse;

namespace {

const std::string kTop = "/root/a/";
constexpr std::int64_t kOutsider = 0;

// Session 2 leads, and was built for format 2. All that is written is found to be right, or the
// rule that it breaks is returned.
struct Fleet {
  FormatJudge judge{"/root", [this](std::int64_t session) -> std::optional<int> {
                      const auto found = built.find(session);
                      return found == built.end() ? std::nullopt : std::optional(found->second);
                    }};
  std::map<std::int64_t, int> built;
  TimePoint now{1s};

  Fleet() { Join(2, 2); }
  std::string Send(std::int64_t session, std::vector<zk::Op> ops) {
    Transaction transaction;
    transaction.time = now;
    transaction.session_id = session;
    transaction.ops = std::move(ops);
    const auto finding = judge.Observe(transaction);
    return finding ? finding->rule : "";
  }
  std::string Set(std::int64_t session, const std::string& path, const std::string& data) {
    return Send(session, {zk::SetOp{kTop + path, data, zk::kAnyVersion}});
  }
  std::string Join(std::int64_t session, int built_for, std::optional<int> says = {}) {
    built[session] = built_for;
    Registration registration;
    registration.id = "c" + std::to_string(session);
    registration.format = says.value_or(built_for);
    return Send(session, {zk::CreateOp{CandidateOf(session), EncodeRegistration(registration),
                                       zk::CreateMode::kEphemeral}});
  }
  void Leave(std::int64_t session) {
    Send(session, {zk::DeleteOp{CandidateOf(session), zk::kAnyVersion}});
  }
  // Rows of one shard in that format, by the leader.
  std::string WriteRows(int format) {
    const StatusBoard board{{{ShardStatus::kAlive, Micros(5), Reason::kNone, {3, 0, 0}}}};
    return Set(2, "quorum/status/0",
               EncodeChunk(board, 0, NewestFormat(kFormatsOfTomorrow, format)));
  }
  [[nodiscard]] static std::string CandidateOf(std::int64_t session) {
    return kTop + "quorum/election/c" + std::to_string(session);
  }
};

std::string OptionsOf(bool needing) {
  const std::string options = EncodeSpec(ClusterSpec()).options;
  return needing ? WithMember(options, kNeedOfTomorrow) : options;
}

// A version of the spec, with a need of an unknown feature, or without.
std::string Respec(Fleet& fleet, const std::string& version, bool needing) {
  return fleet.Send(kOutsider, {zk::SetOp{"/root/a", version, zk::kAnyVersion},
                                zk::SetOp{kTop + "options", OptionsOf(needing), zk::kAnyVersion}});
}

}  // namespace

TEST_CASE("excuses: a checker that cannot read the rows has just registered") {
  for (const bool excused : {true, false}) {
    Fleet fleet;
    fleet.Join(1, 1);
    fleet.now += excused ? 9s : 10s;
    CHECK(fleet.WriteRows(2) == (excused ? "" : "format"));
    CHECK(fleet.judge.excuses()[Excuse::kFormatUnknown] == (excused ? 1 : 0));
  }
}

TEST_CASE("excuses: the last checker that needed older rows has just gone") {
  for (const bool excused : {true, false}) {
    Fleet fleet;
    fleet.Join(1, 1);
    fleet.now += 1h;
    CHECK(fleet.WriteRows(1).empty());
    fleet.Leave(1);
    fleet.now += excused ? 9s : 10s;
    CHECK(fleet.WriteRows(1) == (excused ? "" : "format"));
    CHECK(fleet.judge.excuses()[Excuse::kFormatUnread] == (excused ? 1 : 0));
  }
}

TEST_CASE("format: rows are in the newest format that all read, and none is judged without rows") {
  Fleet fleet;
  fleet.now += 1h;
  CHECK(fleet.WriteRows(2).empty());
  CHECK(fleet.WriteRows(1) == "format");
  CHECK(fleet.Set(2, "quorum/status/0", R"({"Rows":[]})").empty());
  // What a leader has read of a candidate that somebody wrote to is not known.
  fleet.Join(3, 2);
  fleet.Send(kOutsider, {zk::SetOp{Fleet::CandidateOf(3), "bad", zk::kAnyVersion}});
  fleet.now += 1h;
  CHECK(fleet.WriteRows(1).empty());
  CHECK(fleet.WriteRows(2).empty());
  CHECK(fleet.judge.excuses().Sum() == 0);
}

TEST_CASE("format: a registration says what its checker reads") {
  Fleet fleet;
  CHECK(fleet.Join(3, 2).empty());
  CHECK(fleet.Join(4, 1).empty());
  CHECK(fleet.Join(5, 2, 1) == "format");
  CHECK(fleet.Join(6, 1, 2) == "format");
}

TEST_CASE("needs: nothing is decided while the options need an unknown feature") {
  Fleet fleet;
  Respec(fleet, "7", false);
  CHECK(fleet.WriteRows(2).empty());
  Respec(fleet, "8", true);
  CHECK(fleet.WriteRows(2) == "needs");
  CHECK(fleet.Set(2, "quorum/head", "x") == "needs");
  CHECK(fleet.Set(2, "quorum/ledger", "x") == "needs");
  CHECK(fleet.Set(2, "quorum/leader", "x").empty());
  CHECK(fleet.Set(kOutsider, "quorum/head", "x").empty());
  // Damaged options are bad, whatever they need.
  fleet.Set(kOutsider, "options", OptionsOf(true) + "}");
  CHECK(fleet.WriteRows(2).empty());
  Respec(fleet, "9", false);
  CHECK(fleet.WriteRows(2).empty());
}

TEST_CASE("needs: nobody votes on such a version, and no program takes it") {
  Fleet fleet;
  Respec(fleet, "7", false);
  const auto votes = [&](std::uint64_t version) {
    Ballot ballot;
    ballot.spec.version = version;
    return fleet.Set(2, "quorum/votes/c2", EncodeBallot(ballot));
  };
  // By the options alone: version 7 was a good one before.
  fleet.Set(kOutsider, "options", OptionsOf(true));
  CHECK(votes(7).empty());
  CHECK_FALSE(fleet.judge.TableOf("a", 7));
  Respec(fleet, "8", true);
  CHECK(votes(7).empty());
  CHECK(votes(8) == "needs");
  CHECK_FALSE(fleet.judge.TableOf("a", 7));
  CHECK(fleet.judge.TableOf("a", 8));
  CHECK_FALSE(fleet.judge.TableOf("b", 8));
  Respec(fleet, "8", false);
  CHECK(votes(8).empty());
  CHECK_FALSE(fleet.judge.TableOf("a", 8));
}

TEST_CASE("unknown keys: who rewrites the ledger keeps them") {
  Fleet fleet;
  const std::string plain = EncodeLedger(Ledger());
  const std::string more = WithMember(plain, kKeyOfTomorrow);
  fleet.Set(kOutsider, "quorum/ledger", more);
  CHECK(fleet.Set(2, "quorum/ledger", more).empty());
  CHECK(fleet.Set(2, "quorum/ledger", plain) == "unknown_keys");
  CHECK(fleet.Set(2, "quorum/ledger", plain).empty());  // there is nothing to keep any more
  // Of what nobody can read, nobody can keep anything.
  fleet.Set(kOutsider, "quorum/ledger", more + "}");
  CHECK(fleet.Set(2, "quorum/ledger", plain).empty());
  fleet.Set(kOutsider, "quorum/ledger", more);
  CHECK(fleet.Set(kOutsider, "quorum/ledger", plain).empty());
}

}  // namespace format_judge_test
