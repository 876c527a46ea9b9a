#include "admin/order_call.h"

#include <algorithm>
#include <utility>

#include "codec/codec.h"
#include "follow/spec_read.h"

namespace zkcluster {

// Everything that decides about an order, and the ledger that it changes, read together.
struct ClusterAdmin::OrderCall::Standing {
  std::optional<zk::Node> base;
  std::optional<zk::Node> shard_list;  // where the order is about shards
  std::optional<zk::Node> options;
  bool shards = false;
  bool quorum = false;
  bool events = false;
  std::optional<zk::Node> ledger;
  std::optional<zk::Node> head;
  std::vector<std::string> candidates;
  std::optional<zk::Node> vote;
  std::optional<Error> error;

  void Note(const Error& failure, const std::string& path) {
    if (failure.code != ErrorCode::kNotFound && !error) error = failure.Within("read " + path);
  }
};

ClusterAdmin::OrderCall::OrderCall(ClusterAdmin& editor, const std::string& name, OrderRule rule,
                                   OrderAbout about, Done<Ordered> done)
    : CallFor(editor, std::move(done)),
      paths_(editor.root_, name),
      rule_(std::move(rule)),
      about_(std::move(about)) {}

// The session answers in order, so all values are there when the last answer comes.
void ClusterAdmin::OrderCall::Run() {
  const auto standing = std::make_shared<Standing>();
  client_.Sync(paths_.base(), [](const Result<void>&) {});
  Get(standing, paths_.base(), standing->base);
  Look(standing, paths_.shards(), standing->shards);
  if (about_.shards) {
    Get(standing, paths_.shards(), standing->shard_list);
    Get(standing, paths_.options(), standing->options);
  }
  Look(standing, paths_.quorum(), standing->quorum);
  Look(standing, paths_.events(), standing->events);
  if (!about_.checker.empty()) {
    client_.Children(paths_.election(), {},
                     [standing, path = paths_.election()](Result<std::vector<std::string>> names) {
                       if (!names) return standing->Note(names.error(), path);
                       standing->candidates = std::move(*names);
                     });
    Get(standing, paths_.vote(about_.checker), standing->vote);
  }
  Get(standing, paths_.head(), standing->head);
  client_.Get(paths_.ledger(), {}, Guard([this, standing](Result<zk::Node> ledger) {
                if (ledger) {
                  standing->ledger = std::move(*ledger);
                } else {
                  standing->Note(ledger.error(), paths_.ledger());
                }
                Judge(*standing);
              }));
}

void ClusterAdmin::OrderCall::Get(const std::shared_ptr<Standing>& standing,
                                  const std::string& path, std::optional<zk::Node>& target) {
  client_.Get(path, {}, [standing, path, &target](Result<zk::Node> node) {
    if (!node) return standing->Note(node.error(), path);
    target = std::move(*node);
  });
}

void ClusterAdmin::OrderCall::Look(const std::shared_ptr<Standing>& standing,
                                   const std::string& path, bool& target) {
  client_.Exists(path, {}, [standing, path, &target](Result<std::optional<zk::Stat>> stat) {
    if (!stat) return standing->Note(stat.error(), path);
    target = stat->has_value();
  });
}

void ClusterAdmin::OrderCall::Judge(const Standing& standing) {
  if (standing.error) {
    return zk::IsTransient(*standing.error) ? RunAgain() : RefuseOrder(*standing.error);
  }
  if (!standing.base || !standing.shards) {
    return RefuseOrder({ErrorCode::kNotFound, "no " + Quoted()});
  }
  auto facts = Facts(standing);
  if (!facts) return RefuseOrder(facts.error().Within(Quoted()));
  ClusterSpec spec;
  if (about_.shards) {
    // If the spec has changed since then, the check of the cluster's version fails.
    const auto read =
        DecodeStoredSpec(paths_.name(), {standing.base, standing.shard_list, standing.options});
    if (!read) return RefuseOrder(read.error());
    spec = read->spec;
    facts->spec = &spec;
  }
  auto plan = rule_(*facts);
  if (!plan) return RefuseOrder(plan.error().Within(Quoted()));
  if (!*plan) return End(Ordered{lost_ ? change_.found : facts->ledger, facts->ledger});
  // The facts behind an earlier lost answer matter no longer: its guard has failed, or ours will.
  change_ = {facts->ledger, (*plan)->ledger};
  Write(standing, **std::move(plan));
}

Result<OrderFacts> ClusterAdmin::OrderCall::Facts(const Standing& standing) const {
  OrderFacts facts;
  facts.before = lost_ ? &change_.found : nullptr;
  facts.registered = std::any_of(standing.candidates.begin(), standing.candidates.end(),
                                 [this](const std::string& node) {
                                   const auto name = ParseCandidateName(node);
                                   return name && name->id == about_.checker;
                                 });
  facts.votes = standing.vote && DecodeBallot(standing.vote->data);
  if (standing.ledger) {
    auto ledger = DecodeLedger(standing.ledger->data);
    if (!ledger) {
      // Writing a new ledger in place of these bytes would lose the electorate.
      return Fail(ErrorCode::kBadData, "its ledger cannot be decoded (" + ledger.error().message +
                                           "); the leader makes a new one, try again then");
    }
    facts.ledger = std::move(*ledger);
  } else if (standing.head) {
    // The ledger was lost. As the leader does, require as many ids as the head had: the checkers
    // present now must not become the whole electorate.
    if (const auto head = DecodeHead(standing.head->data)) facts.ledger.at_least = head->electorate;
  }
  return facts;
}

void ClusterAdmin::OrderCall::Write(const Standing& standing, OrderPlan plan) {
  plan.event.at = loop_.WallNow();
  std::vector<zk::Op> ops = {zk::CheckOp{paths_.base(), standing.base->stat.version}};
  // A Go manager made this cluster, and no checker of ours has served it yet.
  if (!standing.quorum) ops.emplace_back(zk::CreateOp{paths_.quorum(), paths_.name()});
  if (!standing.events) ops.emplace_back(zk::CreateOp{paths_.events(), paths_.name()});
  std::string data = EncodeLedger(plan.ledger);
  if (standing.ledger) {
    ops.emplace_back(zk::SetOp{paths_.ledger(), std::move(data), standing.ledger->stat.version});
  } else {
    ops.emplace_back(zk::CreateOp{paths_.ledger(), std::move(data)});
  }
  ops.emplace_back(zk::CreateOp{paths_.event_prefix(), EncodeEvent(plan.event),
                                zk::CreateMode::kPersistentSequential});
  Send(std::move(ops), [this](const Result<void, zk::OpError>& sent) {
    if (sent) return End(change_);
    const Error& error = sent.error();
    if (!zk::IsGuardFailure(error)) return RefuseOrder(error.Within(Quoted()));
    if (!RunAgainAfterConflict()) {
      RefuseOrder({ErrorCode::kConflict,
                   "the ledger of " + Quoted() + " is written faster than it can be changed"});
    }
  });
}

void ClusterAdmin::OrderCall::RefuseOrder(Error error) {
  if (lost_) {
    error = error.Within("the answer was lost, and asked again it is refused");
    error.code = ErrorCode::kUnknownOutcome;
  }
  Refuse(std::move(error));
}

}  // namespace zkcluster
