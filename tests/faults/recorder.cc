#include "tests/faults/recorder.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <variant>

#include "codec/codec.h"
#include "model/paths.h"
#include "tests/faults/site.h"
#include "tests/history/describe.h"
#include "tests/history/table_judge.h"
#include "tests/history/transaction_log.h"

namespace zkcluster::faults {
namespace {

// The log's times are a wall clock.
Micros TimeOf(const sim::Transaction& transaction) {
  return std::chrono::duration_cast<Micros>(transaction.time.time_since_epoch());
}

char Letter(const std::string& status) {
  return status == "alive" ? 'A' : status == "dead" ? 'D' : '?';
}

ShardStatus StatusOf(char letter) {
  return letter == 'A'   ? ShardStatus::kAlive
         : letter == 'D' ? ShardStatus::kDead
                         : ShardStatus::kUnknown;
}

const ClusterSpec* FindSpec(const history::IncarnationRecord& record, const SpecId& id) {
  for (const auto& spec : record.specs) {
    if (spec.id == id) return spec.spec.get();
  }
  return nullptr;
}

void JudgeTables(const history::HistoryJudge& judge,
                 const std::map<std::string, std::filesystem::path>& files, Evidence& evidence) {
  history::TableJudge tables(judge);
  for (const auto& [program, path] : files) {
    std::istringstream lines(sandbox::ReadFile(path));
    for (std::string line; std::getline(lines, line);) {
      const auto table = nlohmann::json::parse(line, nullptr, false);
      if (table.is_discarded()) throw std::runtime_error(path.string() + ": not JSON: " + line);
      history::ClientTable seen;
      seen.client = program;
      seen.cluster = kCluster;
      seen.epoch = table.at("epoch");
      seen.sequence = table.at("sequence");
      seen.spec_version = table.at("spec_version");
      seen.generation = table.at("generation");
      for (const auto& shard : table.at("shards")) seen.statuses += Letter(shard.at("status"));
      tables.Observe(seen);
    }
  }
  for (const auto& violation : tables.violations()) {
    evidence.violations.push_back(history::Describe(violation));
  }
  evidence.tables = tables.tables();
}

std::vector<StatusStep> StepsOf(const std::vector<sim::Transaction>& recording,
                                const history::HistoryJudge& judge, const ClusterPaths& paths) {
  std::map<std::int64_t, Micros> times;
  std::vector<StatusStep> steps;
  for (const auto& transaction : recording) {
    times[transaction.zxid] = TimeOf(transaction);
    for (const zk::Op& op : transaction.ops) {
      const auto* gone = std::get_if<zk::DeleteOp>(&op);
      if (gone != nullptr && gone->path == paths.base()) {
        steps.push_back({TimeOf(transaction), false, {}});
      }
    }
  }
  for (const auto& record : judge.RecordsOf(kCluster)) {
    steps.push_back({times.at(record->czxid), true, {}});
    for (const auto& head : record->heads) {
      StatusStep step{times.at(head.zxid), true, {}};
      const ClusterSpec* spec = FindSpec(*record, head.spec);
      for (std::size_t i = 0; spec != nullptr && i < head.statuses.size(); ++i) {
        step.statuses[spec->shards.at(i).name] = StatusOf(head.statuses[i]);
      }
      steps.push_back(std::move(step));
    }
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const StatusStep& a, const StatusStep& b) { return a.at < b.at; });
  return steps;
}

std::vector<BallotStep> BallotsOf(const std::vector<sim::Transaction>& recording,
                                  const history::HistoryJudge& judge, const ClusterPaths& paths) {
  std::vector<BallotStep> ballots;
  const std::string prefix = paths.votes() + "/";
  for (const auto& transaction : recording) {
    for (const zk::Op& op : transaction.ops) {
      const auto [path, data] = std::visit(
          [](const auto& o) -> std::pair<std::string, std::string> {
            if constexpr (requires { o.data; }) return {o.path, o.data};
            return {};
          },
          op);
      if (!path.starts_with(prefix)) continue;
      const auto ballot = DecodeBallot(data);
      if (!ballot) continue;
      for (const auto& record : judge.RecordsOf(kCluster)) {
        const ClusterSpec* spec = FindSpec(*record, ballot->spec);
        if (spec == nullptr || spec->shards.size() != ballot->votes.size()) continue;
        BallotStep step{TimeOf(transaction), path.substr(prefix.size()), {}};
        for (std::size_t i = 0; i < ballot->votes.size(); ++i) {
          step.votes[spec->shards[i].name] = ballot->votes[i];
        }
        ballots.push_back(std::move(step));
      }
    }
  }
  return ballots;
}

}  // namespace

std::vector<sim::Transaction> ReadRecording(const std::vector<std::filesystem::path>& logs) {
  std::vector<std::map<std::int64_t, sim::Transaction>> servers;
  std::map<std::int64_t, int> copies;
  for (const auto& folder : logs) {
    auto log = history::ReadTransactionLog(folder);
    if (!log) throw std::runtime_error(folder.string() + ": " + log.error().message);
    auto& server = servers.emplace_back();
    for (auto& transaction : *log) {
      ++copies[transaction.zxid];
      server.emplace(transaction.zxid, std::move(transaction));
    }
  }
  const auto newest = std::max_element(servers.begin(), servers.end(), [](auto& a, auto& b) {
    return (a.empty() ? 0 : a.rbegin()->first) < (b.empty() ? 0 : b.rbegin()->first);
  });
  std::map<std::int64_t, sim::Transaction> merged = *newest;
  for (const auto& server : servers) {
    for (const auto& [zxid, transaction] : server) {
      if (copies[zxid] > 1) merged.emplace(zxid, transaction);
    }
  }
  std::vector<sim::Transaction> recording;
  recording.reserve(merged.size());
  for (auto& [zxid, transaction] : merged) recording.push_back(std::move(transaction));
  return recording;
}

Evidence Judge(const std::vector<sim::Transaction>& recording,
               const std::map<std::string, std::filesystem::path>& tables, Micros story_begins) {
  Evidence evidence;
  history::HistoryJudge::Options options;
  options.root = kRoot;
  history::HistoryJudge judge(options);
  for (const auto& transaction : recording) {
    judge.Observe(transaction);
    if (TimeOf(transaction) < story_begins) continue;
    evidence.story.push_back(history::DescribeTransaction(
        transaction, TimePoint(std::chrono::duration_cast<Duration>(story_begins))));
  }
  for (const auto& violation : judge.violations()) {
    evidence.violations.push_back(history::Describe(violation));
  }
  evidence.counters = judge.counters();
  JudgeTables(judge, tables, evidence);
  const ClusterPaths paths{kRoot, kCluster};
  evidence.steps = StepsOf(recording, judge, paths);
  evidence.ballots = BallotsOf(recording, judge, paths);
  return evidence;
}

}  // namespace zkcluster::faults
