#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/join.h"
#include "follow/journal.h"
#include "model/paths.h"
#include "text/duration.h"
#include "text/utf8.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/shared_options.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/report/events.h"
#include "tools/zkctl/report/render.h"
#include "tools/zkctl/verbs/ordering.h"

namespace zkcluster::zkctl {
namespace {

// A moment, or a time before now.
struct When {
  std::optional<Duration> ago;
  Micros at{0};
  [[nodiscard]] Micros Since(Micros now) const {
    return ago ? now - std::chrono::duration_cast<Micros>(*ago) : at;
  }
};

struct EventsOptions {
  std::string cluster;
  bool follow = false;
  std::optional<When> since;
  std::string shard;
  std::vector<std::string> kinds;
  std::optional<std::size_t> newest;  // at most as many entries
};

Result<When> ParseWhen(std::string_view text) {
  if (const auto at = ParseTime(text)) return When{std::nullopt, *at};
  if (const auto ago = ParseDuration(text)) return When{*ago, Micros(0)};
  return Fail(ErrorCode::kInvalid,
              "expected a duration such as 2h, or a time such as 2026-11-30T04:00Z, not \"" +
                  OneLine(text, 100) + "\"");
}

Result<std::string> ParseKind(std::string_view text) {
  const auto words = EventKindWords();
  if (std::ranges::find(words, text) != words.end()) return std::string(text);
  return Fail(ErrorCode::kInvalid,
              "expected " + Join(words, ", ") + ", not \"" + OneLine(text, 100) + "\"");
}

Result<std::size_t> ParseCount(std::string_view text) {
  std::size_t count = 0;
  const auto [end, rc] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (rc == std::errc() && end == text.data() + text.size() && count > 0) return count;
  return Fail(ErrorCode::kInvalid,
              "expected a number from 1 up, not \"" + OneLine(text, 100) + "\"");
}

// Each event as it comes: a row, a line of JSON, or an item of one list in YAML.
class Printer {
 public:
  Printer(OutputForm form, EventRows rows) : form_(form), rows_(std::move(rows)) {}

  [[nodiscard]] bool Show(const JournalEntry& entry) {
    switch (form_) {
      case OutputForm::kTable:
        return Print(rows_.Next(entry));
      case OutputForm::kJson:
        return Print(RenderJsonLine(EventJson(entry.node, entry.event)));
      case OutputForm::kYaml:
        return Print(RenderYaml(OrderedJson::array({EventJson(entry.node, entry.event)})));
    }
    return false;
  }

 private:
  const OutputForm form_;
  EventRows rows_;
};

// The entries that are wanted; of them the newest ones.
std::vector<JournalEntry> Choose(std::vector<JournalEntry> entries, const EventFilter& filter,
                                 std::optional<std::size_t> newest) {
  std::erase_if(entries, [&](const JournalEntry& entry) { return !Matches(entry, filter); });
  if (newest && entries.size() > *newest) {
    entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(*newest));
  }
  return entries;
}

// Prints every entry that is wanted and comes after the `read` ones.
int Follow(Connection& connection, const ClusterPaths& paths, const EventFilter& filter,
           std::set<std::string> read, Printer printer) {
  const auto stop = [&connection] { connection.loop().Stop(); };
  const auto interrupt = connection.loop().OnSignal(SIGINT, stop);
  const auto terminate = connection.loop().OnSignal(SIGTERM, stop);
  const JournalFollower follower(connection.loop(), connection.client(), paths,
                                 [&](const JournalEntry& entry) {
                                   // Once: the journal of a new cluster has the same names.
                                   if (read.erase(entry.node) > 0) return;
                                   if (!Matches(entry, filter)) return;
                                   if (!printer.Show(entry)) stop();
                                 });
  connection.loop().Run();
  return std::ferror(stdout) ? kRefused : kDone;
}

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
  const auto journal = GetJournal(connection, options.cluster);
  if (!journal) return Complain(journal.error());
  EventFilter filter{.shard = options.shard, .kinds = options.kinds};
  if (options.since) filter.since = options.since->Since(connection.loop().WallNow());
  const auto chosen = Choose(*journal, filter, options.newest);
  if (chosen.empty() && !options.follow && globals.output == OutputForm::kYaml)
    return Print("[]\n") ? kDone : kRefused;
  Printer printer(globals.output, EventRows(StandardOutput(), options.shard, chosen));
  for (const JournalEntry& entry : chosen) {
    if (!printer.Show(entry)) return kRefused;
  }
  if (!options.follow) return kDone;
  std::set<std::string> read;
  for (const JournalEntry& entry : *journal) read.insert(entry.node);
  return Follow(connection, paths, filter, std::move(read), std::move(printer));
}

}  // namespace

Verb EventsVerb() {
  return MakeVerb<EventsOptions>({
      .name = "events",
      .summary = "print the journal: flips, leaders, changes of the spec; the newest last",
      .help = "  zkctl events NAME [--since 2h] [--shard SHARD] [--kind KIND ...] [-n 20] "
              "[--follow]\n"
              "Each row is one event: when, which kind, by whom, and what. SHARD is a name or an "
              "address.\n"
              "--since takes a duration, or a time such as 2026-11-30T04:00Z. --follow keeps "
              "printing as\n"
              "things happen, until Ctrl-C.\n",
      .declare =
          [](OptionSet& set, EventsOptions& into) {
            set.TakeOperand("NAME", into.cluster);
            set.Flag({"follow", "", "keep printing until Ctrl-C"}, into.follow);
            set.Value({"since", "WHEN", "only what is newer: 2h, or 2026-11-30T04:00Z"}, into.since,
                      [](std::string_view text) {
                        return ParseWhen(text).map([](When when) { return std::optional(when); });
                      });
            const auto as_is = [](std::string_view text) {
              return Result<std::string>(std::string(text));
            };
            set.Value(ShardOption(Completion::Kind::kShards), into.shard, as_is);
            std::vector<std::string> words;
            for (const std::string_view word : EventKindWords()) words.emplace_back(word);
            set.Values(
                {"kind", "KIND", "only this kind; may be repeated", Completion(std::move(words))},
                into.kinds, ParseKind);
            set.Value({"newest,n", "N", "only the newest N"}, into.newest,
                      [](std::string_view text) {
                        return ParseCount(text).map([](std::size_t n) { return std::optional(n); });
                      });
          },
      .run = RunEvents,
  });
}

}  // namespace zkcluster::zkctl
