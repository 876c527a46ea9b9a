// zkctl as people use it: a difference shown before each question, dry runs, waiting for the
// checkers, screens that redraw, completion in shells, and files of all clusters.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/support/proxy.h"
#include "tests/support/zkctl_fleet.h"

namespace zkcluster::integration::zkctl_use_test {
namespace {

namespace fs = std::filesystem;

bool Says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("zkctl: dry runs change nothing, renames say what moves, mistyped names are suggested") {
  Site site;
  const Operator shell(site);
  const Arguments create = {"create", "sessions", "--shard", "s1=h:1", "--shard", "s2=h:2"};
  Arguments dry = create;
  dry.emplace_back("--dry-run");
  CHECK(Says(shell.Run(dry).out, "would be created: sessions"));
  CheckRefused(shell.Run({"get", "sessions"}), 1, "no cluster");
  CheckDone(shell.Run(create));
  CheckRefused(shell.Run(dry), 1, "exists already");
  const std::string before = shell.Run({"get", "sessions"}).out;

  const Output update = shell.Run({"update", "sessions", "--remove-shard", "s1", "--dry-run"});
  CheckDone(update);
  CHECK(Says(update.out, "- shard s1 h:1\nwould be updated: sessions"));
  const Json json = Ask(shell, {"update", "sessions", "--points", "9", "--dry-run"});
  CHECK(json["dry_run"] == true);
  CHECK(json["diff"]["settings"][0]["key"] == "ring.points");
  CHECK(Says(shell.Run({"delete", "sessions", "--dry-run"}).out,
             "- shard s2 h:2\nwould be deleted: sessions"));
  CHECK(Says(shell.Run({"rename-shard", "sessions", "s1", "n1", "--dry-run"}).out,
             "- shard s1 h:1\n+ shard n1 h:1\nThis renames shard s1 of sessions to n1: names place "
             "keys, "));
  CHECK(shell.Run({"get", "sessions"}).out == before);

  CheckRefused(shell.Run({"rename-shard", "sessions", "s1", "n1"}), 1, "% of all keys go to");
  CheckRefused(shell.Run({"rename-shard", "sessions", "s1", "s2", "--yes"}), 1, "exists already");
  CheckDone(shell.Run({"rename-shard", "sessions", "s1", "n1", "--yes"}));
  CHECK(Says(shell.Run({"get", "sessions"}).out, "{name: n1, addr: h:1}\n  - {name: s2"));

  for (const Arguments& verb :
       {Arguments{"status", "sesions"}, Arguments{"get", "sesions"}, Arguments{"events", "sesions"},
        Arguments{"pause", "sesions", "--reason", "x"}, Arguments{"export", "sesions"},
        Arguments{"status", "sesions", "--watch"}}) {
    CheckRefused(shell.Run(verb), 1, "no cluster \"sesions\"; did you mean \"sessions\"?");
  }
  CheckRefused(shell.Run({"status", "web"}), 1, "no cluster \"web\"; there are sessions");
  CheckRefused(shell.Run({"explain", "sessions", "s9"}), 1, "has no shard \"s9\"; it has n1, s2");
  CheckDone(shell.Run({"create", "web", "--shard", "alpha=h:1"}));
  CheckRefused(shell.Run({"update", "web", "--remove-shard", "alpa", "--yes"}), 1,
               "did you mean \"alpha\"?");
  CheckRefused(shell.Run({"maintenance", "on", "web", "alpa", "--reason", "x"}), 1,
               "has no shard \"alpa\"; did you mean \"alpha\"?");
}

TEST_CASE("zkctl apply --wait: the change and the waiting are one session") {
  Site site;
  contract::Proxy proxy(site.direct.loop(), site.zookeeper.port());
  Operator shell(site);
  shell.variables["ZKCTL_ZK"] = proxy.address();
  const std::string file =
      shell.File("spec.yaml", "name: sessions\nshards: [{name: s1, addr: 'h:1'}]\n");
  const auto apply = shell.Start({"apply", "-f", file, "--wait", "--timeout", "2s"});
  REQUIRE(site.direct.Await([&] { return !apply->child().running(); }));
  const Output output = apply->Wait();
  CHECK(output.code == 1);  // there are no checkers
  CHECK(Says(output.out, "created sessions, version "));
  CHECK(Says(output.err, "no checker is registered that could take over version "));
  CHECK(proxy.greeted() == 1);
}

TEST_CASE("zkctl export and import: all clusters to another root, and what has changed since") {
  Site site;
  const Operator shell(site);
  CheckDone(shell.Run({"create", "a", "--shard", "s1=h:1", "--shard", "s2=h:2"}));
  CheckDone(shell.Run({"create", "b", "--shard", "s1=h:3", "--ring", "ketama", "--checkers", "3"}));
  const Output all = shell.Run({"export"});
  CheckDone(all);
  CHECK_FALSE(Says(all.out, "version:"));
  CHECK(Ask(shell, {"export", "b"}).size() == 1);
  const std::string file = shell.File("all.yaml", all.out);

  Operator other = shell;
  other.variables["ZKCTL_ROOT"] = site.root + "/copy";
  const std::string twice = all.out + "---\nname: a\nshards: [{name: s1, addr: 'h:1'}]\n";
  CheckRefused(other.Run({"import", "-f", shell.File("twice.yaml", twice)}), 65,
               "cluster \"a\" is in line 2 already");
  CHECK(Says(other.Run({"import", "-f", file, "--dry-run"}).out, "would be created: a\n"));
  CHECK(other.Run({"list"}).out == "no clusters below " + site.root + "/copy\n");
  const Json made = Ask(other, {"import", "-f", file});
  CHECK(made[0]["action"] == "created");
  CHECK(made[1]["cluster"] == "b");
  CHECK(other.Run({"export"}).out == all.out);
  CHECK(Ask(other, {"import", "-f", file})[0]["action"] == "unchanged");

  CheckDone(other.Run({"update", "a", "--add-shard", "s3=h:4"}));
  CheckDone(other.Run({"update", "b", "--checkers", "5"}));
  // Back to the file: s3 would be removed, which needs a confirmation that is impossible
  // without a terminal.
  CheckRefused(other.Run({"import", "-f", file}), 1, "This creates 0 clusters and updates 2.");
  // Without a question; the changes are printed nevertheless.
  CHECK(Says(other.Run({"import", "-f", file, "--yes"}).out,
             "a (updated, 2 shards)\n- shard s3 h:4\nb (updated, 1 shard)\n~ checkers: 5 -> 3\n"
             "updated a, version "));
  CHECK(Ask(other, {"import", "-f", file})[0]["action"] == "unchanged");
  CHECK(other.Run({"export"}).out == all.out);
}

TEST_CASE("zkctl update --wait: until every checker votes by the new version; not for ever") {
  Fleet fleet;
  const Operator shell(fleet);
  const Output done = shell.Run({"update", "sessions", "--points", "7", "--wait"});
  CHECK(done.code == 0);
  CHECK(Says(done.out, "updated sessions, version "));
  CHECK(Says(done.err, "3 of 3 checkers vote by version "));
  Operator elsewhere = shell;
  elsewhere.variables["ZKCTL_ROOT"] = fleet.root + "/nobody";
  const Output stuck =
      elsewhere.Run({"create", "web", "--shard", "s1=h:1", "--wait", "--timeout", "1s"});
  CHECK(stuck.code == 1);
  CHECK(Says(stuck.out, "created web, version "));
  CHECK(Says(stuck.err, "the change of \"web\" is made, but no checker is registered"));
}

TEST_CASE("zkctl on a terminal: the difference and a question before each change, and a screen") {
  Fleet fleet;
  const Operator shell(fleet);
  {
    ZkctlTerminal update({"update", "sessions", "--points", "7"}, shell.variables);
    REQUIRE(update.Await("This changes cluster sessions. Type the cluster's name or y: "));
    update.Type("n\n");
    const Output refused = update.Wait();
    CHECK(refused.code == 1);
    CHECK(Says(refused.out, "ring.points: 160 -> 7"));
    CHECK(Says(refused.out, "nothing was done"));
    ZkctlTerminal again({"update", "sessions", "--points", "7"}, shell.variables);
    REQUIRE(again.Await("or y: "));
    again.Type("y\n");
    const Output changed = again.Wait();
    CHECK(changed.code == 0);
    CHECK(changed.out.find("ring.points") == changed.out.rfind("ring.points"));  // printed once
  }
  ZkctlTerminal watch({"status", "sessions", "--watch"}, shell.variables);
  REQUIRE(watch.Await("\x1b[32malive\x1b[0m"));
  fleet.redis[1]->Kill();
  REQUIRE(watch.Await("\x1b[31;1mdead\x1b[0m"));
  watch.Type("\x03");
  const Output watched = watch.Wait();
  CHECK(watched.code == 0);
  CHECK(watched.signal == 0);
  CHECK(Says(watched.out, "\x1b[H"));                // in place
  CHECK(Says(watched.out, "\x1b[?25h\x1b[?1049l"));  // the old screen is back
  CHECK(watched.out.find("s2", watched.out.rfind("1049l")) != std::string::npos);

  // To a pipe: once a change.
  const auto piped = shell.Start({"status", "sessions", "--watch", "-o", "json"});
  REQUIRE(sandbox::WaitUntil([&] { return Says(piped->out(), "\n"); }, kLimit));
  CheckDone(shell.Run({"pause", "sessions", "--reason", "x"}));
  REQUIRE(sandbox::WaitUntil([&] { return Says(piped->out(), "\"held\":\"paused\""); }, kLimit));
  piped->child().Signal(SIGTERM);
  CHECK(piped->Wait().code == 0);
}

// The real shell: the command line after the key is pressed.
TEST_CASE("zkctl completion: bash gets the present names") {
  Site site;
  const Operator shell(site);
  CheckDone(shell.Run({"create", "sessions", "--shard", "cache-1=h:1", "--shard", "cache-2=h:2"}));
  CHECK(shell.Run({"__complete", "status", ""}).out == "sessions\n");
  CHECK(shell.Run({"__complete", "explain", "sessions", "cache-"}).out == "cache-1\ncache-2\n");
  // ZooKeeper does not answer: no names, and soon.
  Operator nowhere = shell;
  nowhere.variables["ZKCTL_ZK"] = "127.0.0.1:1";
  CheckDone(nowhere.Run({"__complete", "status", ""}));

  const fs::path folder = fs::path(std::getenv("ZKC_COMPLETION"));
  const std::string zkctl = std::getenv("ZKC_ZKCTL");
  const auto bash = [&](const std::string& line) {
    const std::string script = "source " + (folder / "zkctl").string() + "; COMP_LINE='" + zkctl +
                               " " + line +
                               "'; COMP_POINT=${#COMP_LINE}; _zkctl; echo \"${COMPREPLY[*]}\"";
    sandbox::SpawnOptions options;
    options.command = {"/bin/bash", "-c", script};
    options.environment = shell.variables;
    const sandbox::TempFolder output("zkc-bash");
    options.output = output.path() / "out";
    sandbox::ChildProcess child(options);
    REQUIRE(child.Wait(kLimit));
    return sandbox::ReadFile(options.output);
  };
  CHECK(Says(bash("expl"), "explain"));
  CHECK(Says(bash("explain sessions "), "cache-1 cache-2"));
  CHECK(Says(bash("update sessions --weight cache-2"), "cache-2="));
}

// A zsh at a terminal of its own: its line after the key is pressed.
TEST_CASE("zkctl completion: zsh gets the present names" *
          doctest::skip(!fs::exists("/usr/bin/zsh"))) {
  Site site;
  const Operator shell(site);
  CheckDone(shell.Run({"create", "sessions", "--shard", "cache-1=h:1", "--shard", "cache-2=h:2"}));
  const std::string script = R"(
    zmodload zsh/zpty
    path=($1 $path) TERM=vt100
    zpty shell zsh -f -i
    zpty -w shell "fpath=($2 \$fpath); autoload -Uz compinit; compinit -u -D"
    zpty -w shell 'show() { print -r -- LI""NE"[$BUFFER]" }; zle -N show; bindkey "^X" show'
    for line in ${@[3,-1]}; do
      zpty -w -n shell "$line"$'\t\x18'
      zpty -r -m shell seen '*LINE\[*\]*'
      print -r -- "$seen"
      zpty -w -n shell $'\x15'
    done)";
  sandbox::SpawnOptions options;
  options.command = {"/usr/bin/zsh",
                     "-f",
                     "-c",
                     script,
                     "zsh",
                     fs::path(std::getenv("ZKC_ZKCTL")).parent_path().string(),
                     std::getenv("ZKC_COMPLETION"),
                     "zkctl expl",
                     "zkctl status se",
                     "zkctl explain sessions cache-",
                     "zkctl update sessions --weight cache-2"};
  options.environment = shell.variables;
  const sandbox::TempFolder output("zkc-zsh");
  options.output = output.path() / "out";
  sandbox::ChildProcess child(options);
  REQUIRE(child.Wait(kLimit));
  const std::string seen = sandbox::ReadFile(options.output);
  CHECK(Says(seen, "LINE[zkctl explain ]"));
  CHECK(Says(seen, "LINE[zkctl status sessions ]"));
  CHECK(Says(seen, "LINE[zkctl explain sessions cache-]"));
  CHECK(Says(seen, "cache-1  cache-2"));
  CHECK(Says(seen, "LINE[zkctl update sessions --weight cache-2=]"));
}

}  // namespace
}  // namespace zkcluster::integration::zkctl_use_test
