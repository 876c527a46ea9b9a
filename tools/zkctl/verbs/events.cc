#include <csignal>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "follow/journal.h"
#include "model/paths.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/report/report.h"
#include "tools/zkctl/verbs/ordering.h"
#include "tools/zkctl/verbs/verbs.h"

namespace zkcluster::zkctl {
namespace {

// Each event on a line of its own as it comes; YAML as the items of one list.
bool PrintEntry(OutputForm form, const JournalEntry& entry, bool color) {
  switch (form) {
    case OutputForm::kTable:
      return Print(EventText(entry.node, entry.event, color));
    case OutputForm::kJson:
      return Print(RenderJsonLine(EventJson(entry.node, entry.event)));
    case OutputForm::kYaml:
      return Print(RenderYaml(Json::array({EventJson(entry.node, entry.event)})));
  }
  return false;
}

// Prints every entry there is, and then every one that comes.
int Follow(Connection& connection, const ClusterPaths& paths, OutputForm form) {
  const auto stop = [&connection] { connection.loop().Stop(); };
  const auto interrupt = connection.loop().OnSignal(SIGINT, stop);
  const auto terminate = connection.loop().OnSignal(SIGTERM, stop);
  const JournalFollower follower(connection.loop(), connection.client(), paths,
                                 [form, color = UseColor(), &stop](const JournalEntry& entry) {
                                   if (!PrintEntry(form, entry, color)) stop();
                                 });
  connection.loop().Run();
  return std::ferror(stdout) ? kRefused : kDone;
}

}  // namespace

int RunEvents(const CommandLine& line) {
  const auto opened = Connection::Open(line);
  if (!opened) return Complain(opened.error());
  Connection& connection = **opened;
  const ClusterPaths paths(line.root, line.operands[0]);
  using Stat = std::optional<zk::Stat>;
  const auto cluster = connection.Await<Stat>([&](std::function<void(Result<Stat>)> done) {
    connection.client().Exists(paths.base(), {}, std::move(done));
  });
  if (!cluster) return Complain(cluster.error());
  if (!*cluster) {
    return Complain(WithNearest(connection, line,
                                {ErrorCode::kNotFound, "no cluster \"" + line.operands[0] + "\""},
                                line.operands[0]));
  }
  if (line.follow) return Follow(connection, paths, line.output);

  const auto journal = connection.Await<std::vector<JournalEntry>>(
      [&](JournalRead done) { ReadJournal(connection.client(), paths, std::move(done)); });
  if (!journal) return Complain(journal.error());
  if (journal->empty() && line.output == OutputForm::kYaml) return Print("[]\n") ? kDone : kRefused;
  for (const JournalEntry& entry : *journal) {
    if (!PrintEntry(line.output, entry, UseColor())) return kRefused;
  }
  return kDone;
}

}  // namespace zkcluster::zkctl
