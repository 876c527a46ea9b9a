#include "admin/order_call.h"

#include <algorithm>
#include <utility>

#include "codec/codec.h"
#include "follow/spec_read.h"

namespace zkcluster {

// Everything that decides about an order, and the ledger that it changes, read together.
struct ClusterAdmin::OrderCall::Inputs {
  std::optional<zk::Node> base;
  std::optional<zk::Node> shard_list;  // where the order is about shards
  std::optional<zk::Node> options;
  bool shards = false;
  bool quorum = false;
  bool events = false;
  std::optional<zk::Node> ledger;
  std::optional<zk::Node> head;
  bool registered = false;  // the checker has a candidate that a session owns
  bool votes = false;       // likewise: a ballot that can be read
  std::optional<Error> error;

  void Note(const Error& failure, const std::string& path) {
    if (failure.code != ErrorCode::kNotFound && !error) error = failure.Within("read " + path);
  }
};

namespace {

// Of the ledger, once an order is written.
zk::Version NextVersion(const std::optional<zk::Node>& ledger) {
  if (!ledger) return 1;  // created, then set
  return static_cast<zk::Version>(static_cast<std::uint32_t>(ledger->stat.version) + 1U);
}

}  // namespace

ClusterAdmin::OrderCall::OrderCall(ClusterAdmin& editor, const std::string& name, OrderRule rule,
                                   OrderAbout about, Done<Ordered> done)
    : CallFor(editor, std::move(done)),
      paths_(editor.root_, name),
      rule_(std::move(rule)),
      about_(std::move(about)) {}

// The session answers in order, so all values are there when the last answer comes.
void ClusterAdmin::OrderCall::Run() {
  const auto inputs = std::make_shared<Inputs>();
  client_.Sync(paths_.base(), [](const Result<void>&) {});
  Get(inputs, paths_.base(), inputs->base);
  GetExists(inputs, paths_.shards(), inputs->shards);
  if (about_.shards) {
    Get(inputs, paths_.shards(), inputs->shard_list);
    Get(inputs, paths_.options(), inputs->options);
  }
  GetExists(inputs, paths_.quorum(), inputs->quorum);
  GetExists(inputs, paths_.events(), inputs->events);
  if (!about_.checker.empty()) {
    FindCandidates(inputs);
    client_.Get(paths_.vote(about_.checker), {},
                [inputs, path = paths_.vote(about_.checker)](const Result<zk::Node>& vote) {
                  if (!vote) return inputs->Note(vote.error(), path);
                  inputs->votes = vote->stat.has_owner() && DecodeBallot(vote->data);
                });
  }
  Get(inputs, paths_.head(), inputs->head);
  if (about_.checker.empty()) return ReadLedger(inputs);
  // The owners of the candidates were asked for when their names came.
  client_.Exists(paths_.head(), {}, Guard([this, inputs](const Result<std::optional<zk::Stat>>&) {
                   ReadLedger(inputs);
                 }));
}

// A candidate without a session is a ghost, and keeps nobody from being forgotten.
void ClusterAdmin::OrderCall::FindCandidates(const std::shared_ptr<Inputs>& inputs) {
  const std::string election = paths_.election();
  client_.Children(
      election, {}, Guard([this, inputs, election](const Result<std::vector<std::string>>& names) {
        if (!names) return inputs->Note(names.error(), election);
        for (const std::string& node : *names) {
          const auto name = ParseCandidateName(node);
          if (!name || name->id != about_.checker) continue;
          client_.Exists(paths_.candidate(node), {},
                         [inputs](const Result<std::optional<zk::Stat>>& stat) {
                           inputs->registered |= !stat || (*stat && (*stat)->has_owner());
                         });
        }
      }));
}

void ClusterAdmin::OrderCall::ReadLedger(const std::shared_ptr<Inputs>& inputs) {
  client_.Get(paths_.ledger(), {}, Guard([this, inputs](Result<zk::Node> ledger) {
                if (ledger) {
                  inputs->ledger = std::move(*ledger);
                } else {
                  inputs->Note(ledger.error(), paths_.ledger());
                }
                Judge(*inputs);
              }));
}

void ClusterAdmin::OrderCall::Get(const std::shared_ptr<Inputs>& inputs, const std::string& path,
                                  std::optional<zk::Node>& target) {
  client_.Get(path, {}, [inputs, path, &target](Result<zk::Node> node) {
    if (!node) return inputs->Note(node.error(), path);
    target = std::move(*node);
  });
}

void ClusterAdmin::OrderCall::GetExists(const std::shared_ptr<Inputs>& inputs,
                                        const std::string& path, bool& target) {
  client_.Exists(path, {}, [inputs, path, &target](Result<std::optional<zk::Stat>> stat) {
    if (!stat) return inputs->Note(stat.error(), path);
    target = stat->has_value();
  });
}

void ClusterAdmin::OrderCall::Judge(const Inputs& inputs) {
  if (inputs.error) {
    return zk::IsTransient(*inputs.error) ? RunAgain() : RefuseOrder(*inputs.error);
  }
  if (!inputs.base || !inputs.shards) {
    return RefuseOrder({ErrorCode::kNotFound, "no " + Quoted()});
  }
  auto facts = Facts(inputs);
  if (!facts) return RefuseOrder(facts.error().Within(Quoted()));
  ClusterSpec spec;
  if (about_.shards) {
    // If the spec has changed since then, the check of the cluster's version fails.
    const auto read =
        DecodeStoredSpec(paths_.name(), {inputs.base, inputs.shard_list, inputs.options});
    if (!read) return RefuseOrder(read.error());
    spec = read->spec;
    facts->spec = &spec;
  }
  auto plan = rule_(*facts);
  if (!plan) return RefuseOrder(plan.error().Within(Quoted()));
  if (!*plan) return End(Ordered{lost_ ? change_.found : facts->ledger, facts->ledger});
  // The facts behind an earlier lost answer matter no longer: its guard has failed, or ours will.
  change_ = {facts->ledger, (*plan)->ledger};
  Write(inputs, **std::move(plan));
}

Result<OrderFacts> ClusterAdmin::OrderCall::Facts(const Inputs& inputs) const {
  OrderFacts facts;
  facts.before = lost_ ? &change_.found : nullptr;
  facts.registered = inputs.registered;
  facts.votes = inputs.votes;
  facts.next_version = NextVersion(inputs.ledger);
  if (inputs.ledger) {
    auto ledger = DecodeLedger(inputs.ledger->data);
    if (!ledger) {
      // Writing a new ledger in place of these bytes would lose the electorate.
      return Fail(ErrorCode::kBadData, "its ledger cannot be decoded (" + ledger.error().message +
                                           "); the leader makes a new one, try again then");
    }
    facts.ledger = std::move(*ledger);
    const zk::Stat& stat = inputs.ledger->stat;
    DateOrders(facts.ledger, stat.version, stat.modified);
  } else if (inputs.head) {
    // The ledger was lost. As the leader does, require as many ids as the head had: the checkers
    // present now must not become the whole electorate.
    if (const auto head = DecodeHead(inputs.head->data)) facts.ledger.at_least = head->electorate;
  }
  return facts;
}

void ClusterAdmin::OrderCall::Write(const Inputs& inputs, OrderPlan plan) {
  plan.event.at = loop_.WallNow();
  std::vector<zk::Op> ops = {zk::CheckOp{paths_.base(), inputs.base->stat.version}};
  // A Go manager made this cluster, and no checker of ours has served it yet.
  if (!inputs.quorum) ops.emplace_back(zk::CreateOp{paths_.quorum(), paths_.name()});
  if (!inputs.events) ops.emplace_back(zk::CreateOp{paths_.events(), paths_.name()});
  std::string data = EncodeLedger(plan.ledger);
  if (inputs.ledger) {
    ops.emplace_back(zk::SetOp{paths_.ledger(), std::move(data), inputs.ledger->stat.version});
  } else {
    // The stamp of a create is not answered, that of a set is.
    ops.emplace_back(zk::CreateOp{paths_.ledger(), ""});
    ops.emplace_back(zk::SetOp{paths_.ledger(), std::move(data), 0});
  }
  ops.emplace_back(zk::CreateOp{paths_.event_prefix(), EncodeEvent(plan.event),
                                zk::CreateMode::kPersistentSequential});
  const zk::Version written = NextVersion(inputs.ledger);
  Send(std::move(ops), [this, written](const Result<void, zk::OpError>& sent) {
    if (sent) {
      DateOrders(change_.left, written, stamp_);
      return End(change_);
    }
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
