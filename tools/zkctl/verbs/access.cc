// Permissions: the access lists of the tree, and the access file.
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "admin/cluster_admin.h"
#include "tools/zkctl/cli/context.h"
#include "tools/zkctl/cli/shared_options.h"
#include "tools/zkctl/cli/verb.h"
#include "tools/zkctl/report/render.h"
#include "zk/access.h"
#include "zk/identity.h"

namespace zkcluster::zkctl {
namespace {

// An `init` by somebody who is no operator would lock everybody out of the tree.
Result<void> CheckMayInit(const Globals& globals) {
  // Without restrictions, too: this would open everything that others keep in the same ensemble.
  if (globals.root == "/") {
    return Fail(ErrorCode::kInvalid,
                "init: the root / is everybody's; give the clusters a root of their own");
  }
  if (!globals.restricted) return {};
  const auto access = zk::LoadAccess(globals.access);
  if (!access) return Fail(access.error());
  if (HasPasswordOf(*access, access->operators)) return {};
  return Fail(
      ErrorCode::kInvalid,
      globals.access + ": no password of operators: nobody could change anything afterwards");
}

int RunInit(const Globals& globals, const NoOptions&) {
  if (const auto allowed = CheckMayInit(globals); !allowed) return Complain(allowed.error());
  const auto connection = Connection::Open(globals);
  if (!connection) return Complain(connection.error());
  const auto answer = (*connection)->Ask<Initialized>([](ClusterAdmin& admin, auto done) {
    admin.Init(std::move(done));
  });
  if (!answer) return Complain(answer.error());

  const std::string acl = globals.restricted ? "restricted" : "open";
  // These are created again with the right permissions when their checkers are restarted.
  const std::size_t waiting = globals.restricted ? answer->unbound : answer->bound;
  OrderedJson json;
  json["root"] = globals.root;
  json["acl"] = acl;
  json["znodes"] = answer->znodes;
  json["ephemerals"] = waiting;
  json["go_checkers"] = answer->go_checkers;
  return Emit(globals.output, json, [&](bool) {
    std::string text =
        acl + ": " + globals.root + ", " + Counted(answer->znodes, "znode") + " with it\n";
    if (waiting > 0) {
      text += std::to_string(waiting) + " registrations and ballots " +
              (globals.restricted ? "are all checkers'" : "stay their own checkers'") +
              " until these are restarted\n";
    }
    if (globals.restricted && answer->go_checkers > 0) {
      text += "! " + Counted(answer->go_checkers, "Go checker") +
              " registered: a Go checker cannot write any more, and while one is registered ours "
              "decide nothing: stop them\n";
    }
    if (globals.restricted && answer->znodes == 1 && globals.root.rfind('/') == 0) {
      text += "! as long as there is no cluster, anyone who may delete in / may remove " +
              globals.root + "\n";
    }
    return text;
  });
}

Result<void> CheckAccess(const Globals& globals, const NoOptions&) {
  if (!globals.access.empty()) return {};
  return Fail(ErrorCode::kInvalid, "access needs --access FILE or ZKCTL_ACCESS");
}

int RunAccess(const Globals& globals, const NoOptions&) {
  const auto access = zk::LoadAccess(globals.access);
  if (!access) return ComplainAboutFile(access.error());
  return Print(FormatAccessByDigest(*access)) ? kDone : kRefused;
}

}  // namespace

Verb InitVerb() {
  return MakeVerb<NoOptions>({
      .name = "init",
      .summary = "make the root, and say who may change it and all that is below it",
      .help =
          "  zkctl init [--access FILE --acl restricted]\n"
          "restricted: only operators and checkers, as FILE says who they are. open: anyone. What "
          "is\n"
          "there already is changed, too; may be repeated.\n",
      .declare = DeclareNothing,
      .run = RunInit,
  });
}

Verb AccessVerb() {
  return MakeVerb<NoOptions>({
      .name = "access",
      .summary = "print an access file with hashes in the place of passwords",
      .help = "  zkctl access --access FILE\n"
              "So that operators and checkers know each other without each other's passwords.\n",
      .declare = DeclareNothing,
      .check = CheckAccess,
      .asks_zookeeper = [](const NoOptions&) { return false; },
      .run = RunAccess,
  });
}

}  // namespace zkcluster::zkctl
