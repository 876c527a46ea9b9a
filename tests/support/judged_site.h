// A SimSite whose history and whose clients' tables are judged as they arise. Not thread-safe: it
// belongs to its world.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "follow/status_watcher.h"
#include "tests/fakes/sim_checker.h"
#include "tests/history/describe.h"
#include "tests/history/history_judge.h"
#include "tests/history/table_judge.h"

namespace zkcluster::history {

inline constexpr const char* kName = "c";
inline const ClusterPaths kPaths(sim::SimSite::kRoot, kName);

// A client of the library, whose tables are judged too.
struct Reader {
  Reader(sim::SimSite& site, std::string name, const HistoryJudge& judge)
      : loop(site.world, name),
        client(site.ensemble.NewClient(loop, std::chrono::seconds(4))),
        tables(judge) {
    StatusWatcher::Callbacks callbacks;
    callbacks.troubled = [](const Error&) {};
    callbacks.updated = [this, name](const StatusWatcher::Update& update) {
      ClientTable table{name, kName, update.epoch, update.sequence, update.table->spec().version,
                        0,    ""};
      for (const auto& shard : update.table->board().shards) {
        table.statuses += StatusLetter(shard.status);
      }
      tables.Observe(table);
    };
    watcher = std::make_unique<StatusWatcher>(loop, *client, kPaths, false, std::move(callbacks));
  }
  sim::SimLoop loop;
  std::unique_ptr<zk::Client> client;
  TableJudge tables;
  std::unique_ptr<StatusWatcher> watcher;
};

struct JudgedSite : sim::SimSite {
  explicit JudgedSite(std::uint64_t seed = 1) : sim::SimSite(seed), judge(Options()) {
    commits = ensemble.OnCommit([this](const sim::Transaction& transaction) {
      for (const auto& op : transaction.ops) {
        const auto* create = std::get_if<zk::CreateOp>(&op);
        if (create == nullptr || !create->path.starts_with(kPaths.election())) continue;
        const auto name = ParseCandidateName(create->path.substr(create->path.rfind('/') + 1));
        if (name) guids[transaction.session_id] = name->guid;
      }
      const auto before = judge.violation_count();
      judge.Observe(transaction);
      if (judge.violation_count() > before && violations.size() < 2000) {
        const auto& history = ensemble.history();
        for (std::size_t i = history.size() > 30 ? history.size() - 30 : 0; i < history.size(); ++i)
          violations += DescribeTransaction(history[i]) + "\n";
        for (auto i = before; i < judge.violations().size(); ++i)
          violations += Describe(judge.violations()[i]) + "\n";
      }
    });
    fleet.SetResultListener([this](const sim::FakeFleet::Ended& probe) {
      for (const auto& checker : checkers) {
        if (&checker->loop() == &probe.process) probed.insert({checker->guid(), probe.addr});
      }
    });
    for (const char* name : {"reader1", "reader2"}) {
      readers.push_back(std::make_unique<Reader>(*this, name, judge));
    }
  }
  HistoryJudge::Options Options() {
    HistoryJudge::Options options;
    options.root = kRoot;
    options.probed = [this](std::int64_t session_id, const std::string& addr) {
      return probed.contains({guids[session_id], addr});
    };
    return options;
  }
  [[nodiscard]] std::string Violations() const {
    std::string text = violations;
    for (const auto& reader : readers) {
      for (const auto& violation : reader->tables.violations()) text += Describe(violation) + "\n";
    }
    return text;
  }

  std::map<std::int64_t, std::string> guids;             // by session
  std::set<std::pair<std::string, std::string>> probed;  // by guid and address
  HistoryJudge judge;
  std::string violations;
  Subscription commits;
  std::vector<std::unique_ptr<Reader>> readers;
};

}  // namespace zkcluster::history
