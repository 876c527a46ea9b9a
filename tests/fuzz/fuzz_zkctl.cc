// Everything foreign that `zkctl` shows: one of each znode, read as a snapshot is read, and printed
// in every form. For any bytes in ZooKeeper a terminal gets printable lines, and programs get
// JSON and YAML that can be read.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "codec/json.h"
#include "model/paths.h"
#include "tests/fuzz/target.h"
#include "tools/zkctl/report/doctor.h"
#include "tools/zkctl/report/events.h"
#include "tools/zkctl/report/explain.h"
#include "tools/zkctl/report/report.h"
#include "tools/zkctl/report/status.h"
#include "yaml/reader.h"

namespace zkcluster::fuzz::zkctl_target {
namespace {

using namespace zkcluster::zkctl;

constexpr Micros kNow{1'795'000'100'000'000};

template <class T>
void Keep(Result<T> decoded, std::string_view what, std::optional<T>& slot, Snapshot& snapshot) {
  if (decoded) {
    slot = *std::move(decoded);
  } else {
    snapshot.problems.push_back(decoded.error().Within(what).message);
  }
}

Snapshot MakeSnapshot(ClusterSpec spec, const std::vector<std::string_view>& parts) {
  Snapshot snapshot;
  snapshot.spec.spec = std::move(spec);
  snapshot.spec.id.version = snapshot.spec.spec.version;
  Keep(DecodeHead(parts[0]), "head", snapshot.head, snapshot);
  if (snapshot.head) snapshot.spec.id = snapshot.head->spec;
  std::optional<std::vector<ShardState>> rows;
  Keep(DecodeChunk(parts[1]), "chunk", rows, snapshot);
  snapshot.board.shards = rows.value_or(std::vector<ShardState>());
  snapshot.board.shards.resize(snapshot.spec.spec.shards.size());
  snapshot.board_is_current = rows.has_value();
  Keep(DecodeLeader(parts[2]), "leader", snapshot.leader, snapshot);
  Keep(DecodeLedger(parts[3]), "ledger", snapshot.ledger, snapshot);
  std::optional<Registration> registration;
  Keep(DecodeRegistration(parts[4]), "registration", registration, snapshot);
  const std::string id(parts[5]);
  if (ValidateName("id", id)) {
    Snapshot::Candidate candidate;
    candidate.name = {id, std::string(32, 'a'), 3};
    candidate.node = CandidatePrefix(id, candidate.name.guid) + "0000000003";
    candidate.registration = registration.value_or(Registration());
    snapshot.candidates.push_back(std::move(candidate));
  }
  auto ballot = DecodeBallot(parts[6]);
  Snapshot::CastBallot voter;
  voter.id = snapshot.candidates.empty() ? "c1" : id;
  voter.error = ballot ? "" : ballot.error().message;
  if (ballot) voter.ballot = *std::move(ballot);
  snapshot.voters.push_back(std::move(voter));
  return snapshot;
}

void CheckText(const std::string& text) {
  ZKC_CHECK(IsPrintable(text, true));
}

void CheckForms(const zkctl::OrderedJson& json) {
  ZKC_CHECK(ParseJson(RenderJson(json)).has_value());
  const std::string line = RenderJsonLine(json);
  ZKC_CHECK(std::ranges::count(line, '\n') == 1);
  ZKC_CHECK(ParseJson(line).has_value());
  ZKC_CHECK(yaml::Document::Parse("f", RenderYaml(json)).has_value());
}

}  // namespace

bool TestOneInput(std::string_view input) {
  // Head, chunk, leader, ledger, registration, id, ballot; shards; event.
  const auto parts = Split(input, 9);
  const std::string options =
      R"({"FailoverEnabled":true,"RingType":"consistent","RingParams":"1"})";
  auto spec = DecodeSpec("sessions", {"7", std::string(parts[7]), options});
  const bool good = spec.has_value();
  if (!spec) {
    spec = ClusterSpec{};
    spec->name = "sessions";
    spec->shards = {{"s1", ":1"}, {"s2", ":2"}};
  }
  const Snapshot snapshot = MakeSnapshot(*std::move(spec), parts);
  const Assessment assessment = Assess(snapshot);
  // As wide as chance wants it.
  const Terminal to{false, parts[0].size() % 200};
  CheckText(StatusText(snapshot, assessment, kNow, to));
  CheckForms(StatusJson(snapshot, assessment));
  CheckText(CheckersText(snapshot, assessment, kNow, to));
  CheckForms(CheckersJson(snapshot, assessment));
  CheckText(ExplainText(snapshot, assessment, 0, kNow, to));
  CheckForms(ExplainJson(snapshot, assessment, 0, kNow));
  CheckText(MaintenanceListText(snapshot, assessment, kNow, to));
  CheckForms(MaintenanceListJson(snapshot, assessment));
  const auto findings = Diagnose(snapshot, assessment);
  CheckText(DoctorText(snapshot, findings, to));
  CheckForms(DoctorJson(snapshot, findings));
  const std::vector<ListRow> rows = {MakeListRow(snapshot)};
  CheckText(ListText(rows, to));
  CheckForms(ListJson(rows));
  const auto event = DecodeEvent(parts[8]);
  CheckText(EventRows(to).Next({"e_0000000001", event, kNow}));
  CheckForms(EventJson("e_0000000001", event));
  return good && event.has_value() && snapshot.problems.empty();
}

const Target kTarget("zkctl", TestOneInput);

}  // namespace zkcluster::fuzz::zkctl_target
