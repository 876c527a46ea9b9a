// zkctl's conveniences: completion, screens, files of many clusters, progress of a change.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/join.h"
#include "tests/unit/tools/zkctl/report/snapshots.h"
#include "tools/zkctl/cli/completion.h"
#include "tools/zkctl/cli/spec_input.h"
#include "tools/zkctl/cli/take_over.h"
#include "tools/zkctl/report/screen.h"
#include "tools/zkctl/verbs/table.h"

namespace use_test {

using namespace zkcluster;
using namespace zkcluster::zkctl;

namespace {

using Words = std::vector<std::string>;

// Two clusters; asks are counted, as a shell waits for each.
struct Names {
  int asked = 0;
  NameSource source{[this] {
                      ++asked;
                      return Words{"sessions", "search"};
                    },
                    [this](const std::string& cluster) {
                      ++asked;
                      return cluster == "sessions" ? Words{"s1", "s2", "t1"} : Words{};
                    },
                    [this](const std::string&) {
                      ++asked;
                      return Words{"c1", "c2"};
                    },
                    [this](const std::string&) {
                      ++asked;
                      return Words{"10.0.0.1", "redis4"};
                    }};
  Words operator()(const Words& words) { return CompleteWords(AllVerbs(), words, source); }
};

bool Has(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

TEST_CASE("completion: verbs, second words, options, names that are alive, files") {
  struct Row {
    Words typed;
    Words expected;
  };
  const std::vector<Row> rows = {
      {{"sta"}, {"status"}},
      {{"maint"}, {"maintenance"}},
      {{"maintenance", ""}, {"on", "off", "list"}},
      {{"maintenance", "o"}, {"on", "off"}},
      {{"status", ""}, {"sessions", "search"}},
      {{"--zk", "h:1", "status", "ses"}, {"sessions"}},
      {{"explain", "sessions", "s"}, {"s1", "s2"}},
      {{"explain", "sessions", "s1", ""}, {}},
      {{"explain", "--root", "/x", "sessions", "t"}, {"t1"}},
      {{"maintenance", "on", "sessions", "s1", "--reason", "x", ""}, {"s1", "s2", "t1"}},
      {{"rename-shard", "sessions", "t"}, {"t1"}},
      {{"rename-shard", "sessions", "t1", ""}, {}},
      {{"checkers", ""}, {"forget", "sessions", "search"}},
      {{"checkers", "forget", "sessions", "c"}, {"c1", "c2"}},
      {{"update", "sessions", "--remove-shard", "s"}, {"s1", "s2"}},
      {{"update", "sessions", "--weight", "t"}, {"t1="}},
      {{"update", "sessions", "--ring", ""}, {"consistent", "ketama"}},
      {{"maintenance", "on", "sessions", "--host", "r"}, {"redis4"}},
      {{"init", "--acl", ""}, {"open", "restricted"}},
      {{"init", "--access", "ops"}, {kCompleteFiles}},
      {{"update", "sessions", "--dry"}, {"--dry-run"}},
      {{"status", "sessions", "--dry"}, {}},
      {{"list", "-o", "j"}, {"json"}},
      {{"apply", "-f", "x"}, {kCompleteFiles}},
      {{"locate", "sessions", "k"}, {}},
      {{"export", "sessions", "sea"}, {"search"}},
      {{"nonsense", ""}, {}},
  };
  for (const Row& row : rows) {
    CAPTURE(Join(row.typed, " "));
    CHECK(Names()(row.typed) == row.expected);
  }
  CHECK(Has(Names()({""}), "doctor"));
  CHECK(Has(Names()({}), "status"));
  CHECK(Has(Names()({"status", "--"}), "--watch"));
  const Words verbs = Names()({""});
  CHECK(std::count(verbs.begin(), verbs.end(), "checkers") == 1);
  // No names are read where none can be completed.
  Names names;
  (void)names({"sta"});
  (void)names({"apply", "-f", ""});
  CHECK(names.asked == 0);
  CHECK(TypedOption({"--zk", "h:1", "status", ""}, "zk") == "h:1");
  CHECK(TypedOption({"--zk=h:2", "status", ""}, "zk") == "h:2");
  CHECK(TypedOption({"status", "--zk", "h"}, "zk").empty());  // unfinished
}

TEST_CASE("screen: lines are cut to its width, colours apart, and what does not fit is counted") {
  CHECK(CutLine("abcdef", 4) == "abcd");
  CHECK(CutLine("abcd", 4) == "abcd");
  CHECK(CutLine("\x1b[31mabcdef\x1b[0m", 4) == "\x1b[31mabcd\x1b[0m");
  CHECK(CutLine("a\x1b[31mb\x1b[0mcd", 3) == "a\x1b[31mb\x1b[0mc");
  CHECK(CutLine("\xe4\xb8\xad\xe4\xb8\xad", 3) == "\xe4\xb8\xad");  // two columns each
  CHECK(DrawScreen("a\nb\n", 3, 10) == "\x1b[Ha\x1b[K\r\nb\x1b[K\r\n\x1b[J");
  // The last line of the screen has no line end: it would scroll.
  CHECK(DrawScreen("a\nb\n", 2, 10) == "\x1b[Ha\x1b[K\r\nb\x1b[K\x1b[J");
  CHECK(DrawScreen("a\nb\nc\n", 2, 20) == "\x1b[Ha\x1b[K\r\n... 2 more lines\x1b[K\x1b[J");
  CHECK(DrawScreen("", 2, 10) == "\x1b[H\x1b[J");
}

TEST_CASE("text: wrapped at 100 columns, cut after a number of lines") {
  const std::string words(250, 'x');
  CHECK(WrapText("a b", 8) == "a b\n");
  const std::string long_text = "one " + std::string(90, 'y') + " three";
  CHECK(WrapText(long_text, 8) == "one\n        " + std::string(90, 'y') + "\n        three\n");
  CHECK(WrapText(words, 8) == words + "\n");  // nowhere to break
  CHECK(FirstLines("a\nb\nc\n", 3) == "a\nb\nc\n");
  CHECK(FirstLines("a\nb\nc\n", 1) == "a\n... and 2 more\n");
  CHECK(FirstLines("", 1).empty());
}

TEST_CASE("status: the shards that are not alive first, where a screen may be too small") {
  const Snapshot snapshot = Healthy();
  const std::string plain = StatusText(snapshot, Assess(snapshot), kNow, false);
  const std::string dead_first = StatusText(snapshot, Assess(snapshot), kNow, false, true);
  CHECK(plain.find("\ns1 ") < plain.find("\ns2 "));
  CHECK(dead_first.find("\ns2 ") < dead_first.find("\ns1 "));
  CHECK(Contains(plain, "1m 40s ago"));
  CHECK(Contains(plain, "\nshards      1 alive, 1 dead\n"));
}

TEST_CASE("import: documents of one file, each problem at its place") {
  const std::string one = "name: a\nshards: [{name: s1, addr: 'h:1'}]\n";
  const std::string two = "name: b\nversion: 7\nshards: [{name: s1, addr: 'h:1'}]\n";
  const auto specs = ParseSpecs("f", "# all\n---\n" + one + "---\n\n---\n" + two);
  REQUIRE_MESSAGE(specs.has_value(), specs.error().message);
  REQUIRE(specs->size() == 2);
  CHECK((*specs)[0].spec().name == "a");
  CHECK((*specs)[1].spec().name == "b");
  CHECK((*specs)[1].spec().version == 0);
  CHECK(ParseSpecs("f", one)->size() == 1);

  const auto bad = ParseSpecs("f", one + "---\nname: b\nshrds: 1\n---\n" + one);
  REQUIRE_FALSE(bad);
  CHECK(Contains(bad.error().message, "f:5:1: shrds: unknown key"));
  CHECK(Contains(bad.error().message, "f:7:1: name: cluster \"a\" is in line 1 already"));
  CHECK(ParseSpecs("f", "# nothing\n").error().message == "f: contains no cluster");
}

TEST_CASE(
    "wait: a change is taken over when every registered checker votes by it, and the status") {
  Snapshot snapshot = Healthy();
  snapshot.head->spec = {7, 70};
  CHECK(FindTakeOver(snapshot, 7).done());
  CHECK(TakeOverSentence(FindTakeOver(snapshot, 7), 7) ==
        "3 of 3 checkers vote by version 7; the leader has decided by it");
  for (auto& voter : snapshot.voters) voter.ballot->spec.version = voter.id == "c2" ? 7 : 8;
  const TakeOver half = FindTakeOver(snapshot, 8);
  CHECK_FALSE(half.done());
  CHECK(TakeOverSentence(half, 8) ==
        "2 of 3 checkers vote by version 8, not yet c2; the leader has not decided by it yet");
  snapshot.voters[1].ballot.reset();  // undecodable: not by any version
  CHECK(FindTakeOver(snapshot, 8).behind == Words{"c2"});
  // Checkers that are not registered are not waited for; without any checker it is not done.
  snapshot.candidates.erase(snapshot.candidates.begin() + 1);
  snapshot.head->spec.version = 9;
  CHECK(FindTakeOver(snapshot, 8).done());
  snapshot.candidates.clear();
  CHECK_FALSE(FindTakeOver(snapshot, 8).done());
  CHECK(TakeOverSentence(FindTakeOver(snapshot, 8), 8) ==
        "no checker is registered that could take over version 8");
}

}  // namespace use_test
