#include <csignal>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "follow/journal.h"
#include "model/paths.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/report/render.h"
#include "tools/zkctl/report/report.h"
#include "tools/zkctl/verbs/ordering.h"

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
      return Print(RenderYaml(OrderedJson::array({EventJson(entry.node, entry.event)})));
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

struct EventsOptions {
  std::string cluster;
  bool follow = false;
};

int RunEvents(const Globals& globals, const EventsOptions& options) {
  const auto opened = Connection::Open(globals);
  if (!opened) return Complain(opened.error());
  Connection& connection = **opened;
  const ClusterPaths paths(globals.root, options.cluster);
  using Stat = std::optional<zk::Stat>;
  const auto cluster = connection.Await<Stat>([&](std::function<void(Result<Stat>)> done) {
    connection.client().Exists(paths.base(), {}, std::move(done));
  });
  if (!cluster) return Complain(cluster.error());
  if (!*cluster) {
    return Complain(WithNearest(connection,
                                {ErrorCode::kNotFound, "no cluster \"" + options.cluster + "\""},
                                options.cluster));
  }
  if (options.follow) return Follow(connection, paths, globals.output);

  const auto journal = connection.Await<std::vector<JournalEntry>>(
      [&](JournalRead done) { ReadJournal(connection.client(), paths, std::move(done)); });
  if (!journal) return Complain(journal.error());
  if (journal->empty() && globals.output == OutputForm::kYaml)
    return Print("[]\n") ? kDone : kRefused;
  for (const JournalEntry& entry : *journal) {
    if (!PrintEntry(globals.output, entry, UseColor())) return kRefused;
  }
  return kDone;
}

}  // namespace

Verb EventsVerb() {
  return MakeVerb<EventsOptions>({
      .name = "events",
      .summary = "print the journal: flips, leaders, changes of the spec; the newest last",
      .help = "  zkctl events NAME [--follow]\n"
              "--follow keeps printing as things happen, until Ctrl-C.\n",
      .declare =
          [](OptionSet& set, EventsOptions& into) {
            set.TakeOperand("NAME", into.cluster);
            set.Flag({"follow", "", "keep printing until Ctrl-C"}, into.follow);
          },
      .run = RunEvents,
  });
}

}  // namespace zkcluster::zkctl
