#include <algorithm>
#include <csignal>
#include <cstdio>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/lifetime.h"
#include "codec/codec.h"
#include "model/paths.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/report/report.h"
#include "tools/zkctl/verbs/ordering.h"
#include "tools/zkctl/verbs/verbs.h"
#include "zk/watcher.h"

namespace zkcluster::zkctl {
namespace {

using NodeNames = std::vector<std::string>;

std::int32_t SequenceOf(const std::string& node) {
  return ParseSequence(node).value_or(0);
}

// The events among `nodes`, the oldest first.
NodeNames SortEvents(NodeNames nodes) {
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
      return Print(RenderYaml(Json::array({EventJson(line.node, line.event)})));
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
                 [this](const std::optional<NodeNames>& names) { OnNames(names); }) {}

 private:
  void OnNames(const std::optional<NodeNames>& names) {
    if (!names) {
      last_.reset();  // the cluster is gone; another of its name begins to count anew
      return;
    }
    const NodeNames sorted = SortEvents(*names);
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
                                  const NodeNames& nodes) {
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
    return Complain(WithNearest(
        connection, line, {ErrorCode::kNotFound, "no cluster \"" + line.operands[0] + "\"", -1},
        line.operands[0]));
  }
  if (line.follow) return Follow(connection, paths, line.output);

  const auto nodes = connection.Await<NodeNames>([&](std::function<void(Result<NodeNames>)> done) {
    connection.client().Children(paths.events(), {}, std::move(done));
  });
  if (!nodes && nodes.error().code != ErrorCode::kNotFound) return Complain(nodes.error());
  const auto lines = ReadAll(connection, paths, nodes ? SortEvents(*nodes) : NodeNames{});
  if (!lines) return Complain(lines.error());
  if (lines->empty() && line.output == OutputForm::kYaml) return Print("[]\n") ? kDone : kRefused;
  for (const Line& each : *lines) {
    if (!PrintLine(line.output, each, UseColor())) return kRefused;
  }
  return kDone;
}

}  // namespace zkcluster::zkctl
