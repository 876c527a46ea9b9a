#include <algorithm>
#include <csignal>
#include <cstdio>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/lifetime.h"
#include "codec/codec.h"
#include "model/paths.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/report/render.h"
#include "tools/zkctl/report/report.h"
#include "tools/zkctl/verbs/ordering.h"
#include "zk/watcher.h"

namespace zkcluster::zkctl {
namespace {

using Names = std::vector<std::string>;

std::int32_t SequenceOf(const std::string& node) {
  return ParseSequence(node).value_or(0);
}

// The events among `nodes`, the oldest first.
Names SortEvents(Names nodes) {
  std::erase_if(nodes, [](const std::string& node) {
    return !node.starts_with("e_") || !ParseSequence(node);
  });
  std::sort(nodes.begin(), nodes.end(), [](const std::string& a, const std::string& b) {
    return SequenceBefore(SequenceOf(a), SequenceOf(b));
  });
  return nodes;
}

struct Line {
  std::string node;
  Result<Event> event;
};

// Each event on a line of its own as it comes; YAML as the items of one list.
bool PrintLine(OutputForm form, const Line& line, bool color) {
  switch (form) {
    case OutputForm::kTable:
      return Print(EventText(line.node, line.event, color));
    case OutputForm::kJson:
      return Print(RenderJsonLine(EventJson(line.node, line.event)));
    case OutputForm::kYaml:
      return Print(RenderYaml(OrderedJson::array({EventJson(line.node, line.event)})));
  }
  return false;
}

// Prints every event there is, and then every one that comes.
class Follower {
 public:
  Follower(Connection& connection, const ClusterPaths& paths, OutputForm form)
      : connection_(connection),
        paths_(paths),
        form_(form),
        color_(UseColor()),
        retry_(connection.loop().NewTimer([this] { ReadNext(); })),
        watcher_(connection.loop(), connection.client(), paths.events(),
                 [this](const std::optional<Names>& names) { OnNames(names); }) {}

 private:
  void OnNames(const std::optional<Names>& names) {
    if (!names) {
      last_.reset();  // the cluster is gone; another of its name begins to count anew
      return;
    }
    const Names sorted = SortEvents(*names);
    const bool counts_anew =
        last_ && !sorted.empty() && SequenceBefore(SequenceOf(sorted.back()), *last_);
    if (counts_anew) last_.reset();
    for (const std::string& node : sorted) {
      const std::int32_t sequence = SequenceOf(node);
      if (last_ && !SequenceBefore(*last_, sequence)) continue;
      last_ = sequence;
      waiting_.push_back(node);
    }
    ReadNext();
  }

  // One at a time, so that they are printed in their order.
  void ReadNext() {
    if (reading_ || waiting_.empty()) return;
    reading_ = true;
    connection_.client().Get(paths_.events() + "/" + waiting_.front(), {},
                             lifetime_.Guard([this](Result<zk::Node> node) {
                               reading_ = false;
                               OnEvent(node);
                             }));
  }

  void OnEvent(const Result<zk::Node>& node) {
    if (!node && node.error().code != ErrorCode::kNotFound) {
      retry_->Arm(std::chrono::milliseconds(300));
      return;
    }
    if (node) {
      const Line line{waiting_.front(), DecodeEvent(node->data)};
      if (!PrintLine(form_, line, color_)) connection_.loop().Stop();
    }
    waiting_.pop_front();
    ReadNext();
  }

  Connection& connection_;
  ClusterPaths paths_;
  OutputForm form_;
  bool color_;
  std::optional<std::int32_t> last_;  // sequence of the newest that was taken
  std::deque<std::string> waiting_;
  bool reading_ = false;
  std::unique_ptr<Timer> retry_;
  zk::ChildrenWatcher watcher_;
  Lifetime lifetime_;
};

int Follow(Connection& connection, const ClusterPaths& paths, OutputForm form) {
  const auto stop = [&connection] { connection.loop().Stop(); };
  const auto interrupt = connection.loop().OnSignal(SIGINT, stop);
  const auto terminate = connection.loop().OnSignal(SIGTERM, stop);
  const Follower follower(connection, paths, form);
  connection.loop().Run();
  return std::ferror(stdout) ? kRefused : kDone;
}

// Asks for all at once; nothing for those trimmed meanwhile.
Result<std::vector<Line>> ReadAll(Connection& connection, const ClusterPaths& paths,
                                  const Names& nodes) {
  struct Reading {
    std::vector<std::optional<Result<zk::Node>>> answers;
    std::size_t left;
  };
  const auto reading = std::make_shared<Reading>(Reading{{}, nodes.size()});
  reading->answers.resize(nodes.size());
  using Done = std::function<void(Result<std::monostate>)>;
  const auto done = connection.Await<std::monostate>([&](const Done& ready) {
    if (nodes.empty()) return ready(std::monostate{});
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      connection.client().Get(paths.events() + "/" + nodes[i], {},
                              [reading, ready, i](Result<zk::Node> node) {
                                reading->answers[i] = std::move(node);
                                if (--reading->left == 0) ready(std::monostate{});
                              });
    }
  });
  if (!done) return Fail(done.error());
  std::vector<Line> lines;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Result<zk::Node>& node = *reading->answers[i];
    if (node) {
      lines.push_back({nodes[i], DecodeEvent(node->data)});
    } else if (node.error().code != ErrorCode::kNotFound) {
      return Fail(node.error());
    }
  }
  return lines;
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

  const auto nodes = connection.Await<Names>([&](std::function<void(Result<Names>)> done) {
    connection.client().Children(paths.events(), {}, std::move(done));
  });
  if (!nodes && nodes.error().code != ErrorCode::kNotFound) return Complain(nodes.error());
  const auto lines = ReadAll(connection, paths, nodes ? SortEvents(*nodes) : Names{});
  if (!lines) return Complain(lines.error());
  if (lines->empty() && globals.output == OutputForm::kYaml)
    return Print("[]\n") ? kDone : kRefused;
  for (const Line& each : *lines) {
    if (!PrintLine(globals.output, each, UseColor())) return kRefused;
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
