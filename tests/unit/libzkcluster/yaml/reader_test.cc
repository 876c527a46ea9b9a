#include "yaml/reader.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "yaml/scalar.h"
#include "yaml/suggest.h"

namespace reader_test {

using namespace zkcluster;
using namespace std::chrono_literals;
using yaml::Document;
using yaml::Value;

namespace {

Document Read(const std::string& text) {
  auto document = Document::Parse("f.yaml", text);
  REQUIRE_MESSAGE(document.has_value(), document.error().message);
  return *std::move(document);
}

// The reader's complaints when everything in `text` is read as in the tests below.
std::string Complaints(const Document& document) {
  return document.problems().empty() ? std::string() : document.problems().ToError().message;
}

std::string RefusalOf(const std::string& text) {
  const auto document = Document::Parse("f.yaml", text);
  REQUIRE_FALSE(document.has_value());
  CHECK(document.error().code == ErrorCode::kInvalid);
  return document.error().message;
}

bool StartsWith(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

}  // namespace

TEST_CASE("reader: values with their kind, place and path") {
  const Document document = Read(
      "name: yes\n"
      "count: 12\n"
      "on: true\n"
      "probe:\n"
      "  interval: 500ms\n"
      "list: [a, 'b c']\n"
      "kind: Consistent\n");
  const Value root = document.root();
  CHECK(root["name"].String() == "yes");
  CHECK(root["count"].Integer(1, 20) == 12);
  CHECK(root["on"].Boolean() == true);
  CHECK(root["probe"]["interval"].GetDuration(1ms, 1s) == Duration(500ms));
  CHECK(root["probe"]["interval"].key() == "probe.interval");
  CHECK(root["probe"]["interval"].line() == 5);
  CHECK(root["probe"]["interval"].column() == 13);
  const auto items = root["list"].Items();
  REQUIRE(items.size() == 2);
  CHECK(items[1].String() == "b c");
  CHECK(items[1].key() == "list[1]");
  CHECK(root["kind"].Choice({"other", "consistent"}) == 1U);
  CHECK(Complaints(document) == "");
}

TEST_CASE("reader: what is absent or null answers nothing and complains of nothing") {
  const Document document = Read("a:\nb: null\nc: ~\n");
  for (const char* key : {"a", "b", "c", "d"}) {
    CAPTURE(key);
    const Value value = document.root()[key];
    CHECK_FALSE(value.present());
    CHECK_FALSE(value.String());
    CHECK_FALSE(value.Integer(1, 2));
    CHECK_FALSE(value.Boolean());
    CHECK_FALSE(value.GetDuration(1ms, 1s));
    CHECK_FALSE(value.ExpectMap({"x"}));
    CHECK(value.Items().empty());
    CHECK_FALSE(value["deeper"].present());
  }
  CHECK(Complaints(document) == "");
}

TEST_CASE("reader: a value of the wrong kind or out of range is named with its place") {
  struct Row {
    const char* text;
    const char* complaint;
  };
  const Row rows[] = {
      {"v: [1]", "f.yaml:1:4: v: expected a whole number, not a list"},
      {"v: {a: 1}", "f.yaml:1:4: v: expected a whole number, not a map"},
      {"v: 3x", "f.yaml:1:4: v: expected a whole number from 1 to 10, not \"3x\""},
      {"v: 1.0", "f.yaml:1:4: v: expected a whole number from 1 to 10, not \"1.0\""},
      {"v: '3'", "f.yaml:1:4: v: expected a whole number from 1 to 10, not \"3\""},
      {"v: 0", "f.yaml:1:4: v: expected a whole number from 1 to 10, not 0"},
      {"v: 99999999999999999999",
       "f.yaml:1:4: v: expected a whole number from 1 to 10, not "
       "99999999999999999999"},
      {"\n\n  v:   -1", "f.yaml:3:8: v: expected a whole number from 1 to 10, not -1"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const Document document = Read(row.text);
    CHECK_FALSE(document.root()["v"].Integer(1, 10));
    CHECK(Complaints(document) == row.complaint);
  }
}

TEST_CASE("reader: booleans, durations and choices that are none") {
  const Document document = Read("b: yes\nd: 5\nlong: 2h\nc: chord\nm: text\nl: text\n");
  const Value root = document.root();
  CHECK_FALSE(root["b"].Boolean());
  CHECK_FALSE(root["d"].GetDuration(1ms, 1h));
  CHECK_FALSE(root["long"].GetDuration(10ms, 1h));
  CHECK_FALSE(root["c"].Choice({"consistent", "slots"}));
  CHECK_FALSE(root["m"].ExpectMap({"a"}));
  CHECK(root["l"].Items().empty());
  const std::string complaints = Complaints(document);
  CHECK(complaints.find("f.yaml:1:4: b: expected true or false, not \"yes\"\n") !=
        std::string::npos);
  CHECK(complaints.find("f.yaml:2:4: d: ") != std::string::npos);
  CHECK(complaints.find("f.yaml:3:7: long: must be from 10ms to 1h, not 2h\n") !=
        std::string::npos);
  CHECK(complaints.find("f.yaml:4:4: c: expected one of consistent, slots, not \"chord\"\n") !=
        std::string::npos);
  CHECK(complaints.find("f.yaml:5:4: m: expected keys and values, not \"text\"\n") !=
        std::string::npos);
  CHECK(complaints.find("f.yaml:6:4: l: expected a list") != std::string::npos);
}

TEST_CASE("reader: unknown and duplicate keys, every one of them, in the order of the file") {
  const Document document = Read(
      "probe:\n"
      "  intervall: 1s\n"
      "  interval: 1s\n"
      "  zzz: 1\n"
      "  interval: 2s\n");
  const Value probe = document.root()["probe"];
  probe["interval"].Complain("seen");
  CHECK(probe.ExpectMap({"interval", "timeout"}));
  CHECK(Complaints(document) ==
        "f.yaml:2:3: probe.intervall: unknown key; did you mean \"interval\"?\n"
        "f.yaml:3:13: probe.interval: seen\n"
        "f.yaml:4:3: probe.zzz: unknown key\n"
        "f.yaml:5:3: probe.interval: duplicate key; it is in line 3 already");
}

TEST_CASE("reader: a map of the user's own names refuses duplicates only") {
  const Document document = Read("x: 1\ny: 2\nx: 3\n");
  CHECK(document.root().ExpectNamedMap());
  CHECK(document.root().Entries().size() == 3);
  CHECK(Complaints(document) == "f.yaml:3:1: x: duplicate key; it is in line 1 already");
}

TEST_CASE("reader: a missing key is reported at the place of its map") {
  const Document document = Read("a: 1\nprobe:\n  b: 2\n");
  document.root()["probe"]["c"].Complain("missing");
  CHECK(Complaints(document) == "f.yaml:3:3: probe.c: missing");
}

TEST_CASE("reader: a key with a line end in it stays one line") {
  const Document document = Read("\"a\\nb\": 1\n");
  CHECK(document.root().ExpectMap({"c"}));
  CHECK(Complaints(document) == "f.yaml:1:1: a\\x0ab: unknown key");
}

TEST_CASE("reader: of many problems the first hundred, of a long one the beginning") {
  std::string text;
  for (int i = 0; i < 130; ++i) text += "k" + std::to_string(i) + ": 1\n";
  const Document many = Read(text);
  CHECK(many.root().ExpectMap({"interval"}));
  const std::string said = Complaints(many);
  CHECK(std::count(said.begin(), said.end(), '\n') == 100);
  CHECK(StartsWith(said, "f.yaml:1:1: k0: unknown key\nf.yaml:2:1: k1: unknown key\n"));
  CHECK(said.ends_with("f.yaml:100:1: k99: unknown key\nand 30 more"));

  const Document wordy = Read("a: \"" + std::string(100'000, 'x') + "\\u009b\"\n");
  CHECK_FALSE(wordy.root()["a"].ExpectMap({}));
  CHECK(Complaints(wordy).size() < 1'100);
  const Document control = Read("a: \"\\u009b31m\"\n");
  CHECK_FALSE(control.root()["a"].ExpectMap({}));
  CHECK(Complaints(control) == "f.yaml:1:4: a: expected keys and values, not \"\\x9b31m\"");
}

TEST_CASE("reader: files that are refused as a whole") {
  struct Row {
    std::string text;
    std::string start;
  };
  const std::string deep = std::string(40, '[') + std::string(40, ']');
  const std::string deeper(100'000, '[');  // never closed: the parser takes them for keys
  const std::vector<Row> rows = {
      {"a: &x 1\nb: *x\n", "f.yaml:1:4: anchors (&name) are not accepted"},
      {"&x a: 1\n", "f.yaml:1:1: anchors (&name) are not accepted"},
      {"a: &x [1]\n", "f.yaml:1:4: anchors (&name) are not accepted"},
      {"a: *x\n", "f.yaml:1:4: "},
      {"a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document"},
      {"a: [1\n", "f.yaml:2:1: not YAML: "},
      {"a: 1\n b: 2\n", "f.yaml:"},
      {"? [a]\n: 1\n", "f.yaml:1:3: a key must be text"},
      {deep, "f.yaml:1:33: nested deeper than 32 levels"},
      {deeper, "f.yaml:1:"},
      {"a: " + std::string(8'000'000, 'x'), "f.yaml:1:1: larger than 8000000 bytes"},
      {std::string("a: 1\nb: \x04x\n"), "f.yaml:2:4: control characters are not accepted"},
      {std::string("a: \0x\n", 6), "f.yaml:1:4: control characters are not accepted"},
      {"a: x\xc2\x9b[2J\n", "f.yaml:1:5: control characters are not accepted"},
      {"a: b\xff\n", "f.yaml:1:5: not UTF-8 text"},
      {"a: \xed\xa0\x80\n", "f.yaml:1:4: not UTF-8 text"},
      {"a: \xc0\x80\n", "f.yaml:1:4: not UTF-8 text"},
      {"a: \xe2\x82", "f.yaml:1:4: not UTF-8 text"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text.substr(0, 60));
    const std::string refusal = RefusalOf(row.text);
    CHECK_MESSAGE(StartsWith(refusal, row.start), refusal);
    CHECK(refusal.find('\n') == std::string::npos);
  }
}

TEST_CASE("reader: an empty file is a null, JSON is YAML") {
  CHECK_FALSE(Read("").root().present());
  CHECK_FALSE(Read("# nothing\n").root().present());
  const Document json = Read("{\"a\": {\"b\": [1, \"2\"]}, \"c\": false}");
  CHECK(json.root()["a"]["b"].Items().at(0).Integer(0, 5) == 1);
  CHECK(json.root()["a"]["b"].Items().at(1).String() == "2");
  CHECK(json.root()["c"].Boolean() == false);
}

TEST_CASE(
    "scalar: every text comes back as itself, quoted where a reader could take it for something "
    "else") {
  const std::vector<std::string> texts = {"s1",
                                          "redis-1.example.com",
                                          "10.0.0.1:6379",
                                          ":6379",
                                          "[::1]:6379",
                                          "yes",
                                          "No",
                                          "null",
                                          "~",
                                          "1e3",
                                          "12",
                                          "1:30",
                                          "0x1f",
                                          ".5",
                                          "2026-01-01",
                                          "",
                                          " lead",
                                          "trail ",
                                          "a: b",
                                          "a #b",
                                          "#a",
                                          "- a",
                                          "a,b",
                                          "{a}",
                                          "it's",
                                          "say \"x\"",
                                          "back\\slash",
                                          "tab\there",
                                          "line\nend",
                                          "caf\u00e9",
                                          "\u732b",
                                          "\U0001f600",
                                          "\u0085",
                                          "\u2028",
                                          "\ufeff",
                                          "\u007f",
                                          "a:",
                                          "!tag",
                                          "&a",
                                          "*a",
                                          "%x",
                                          "@x",
                                          "`x`",
                                          "?",
                                          "|",
                                          ">",
                                          "---",
                                          "...",
                                          "true",
                                          "\u00a0x"};
  for (const std::string& text : texts) {
    CAPTURE(text);
    const std::string formatted = yaml::FormatScalar(text);
    CAPTURE(formatted);
    CHECK(formatted.find('\n') == std::string::npos);
    CHECK(Read("k: " + formatted + "\n").root()["k"].String() == text);
    CHECK(Read("[{k: " + formatted + ", x: 1}]\n").root().Items().at(0)["k"].String() == text);
  }
  CHECK(yaml::FormatScalar("s1") == "s1");
  CHECK(yaml::FormatScalar("10.0.0.1:6379") == "10.0.0.1:6379");
  CHECK(yaml::FormatScalar("yes") == "\"yes\"");
  CHECK(yaml::FormatScalar("12") == "\"12\"");
}

TEST_CASE("suggest: the nearest word, or none") {
  const std::vector<std::string_view> verbs = {"create", "update", "delete", "status", "list"};
  CHECK(Nearest("craete", verbs) == "create");
  CHECK(Nearest("staus", verbs) == "status");
  CHECK(Nearest("upd", verbs) == std::nullopt);
  CHECK(Nearest("", verbs) == std::nullopt);
  CHECK(Nearest("lst", verbs) == "list");
  CHECK(Nearest("s3", {"s1", "s2"}) == std::nullopt);
  CHECK(Nearest(std::string(10'000, 'a'), verbs) == std::nullopt);
  CHECK(DidYouMean("deleet", verbs) == "; did you mean \"delete\"?");
  CHECK(DidYouMean("explain", verbs).empty());
}

TEST_CASE("read file: absent, a folder, too large") {
  char folder[] = "/tmp/zkc-reader-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const std::string path = std::string(folder) + "/file";
  { std::ofstream(path) << "0123456789"; }
  CHECK(yaml::ReadFile(path, 10) == std::string("0123456789"));
  const auto large = yaml::ReadFile(path, 9);
  const auto absent = yaml::ReadFile(path + "x", 10);
  const auto directory = yaml::ReadFile(folder, 10);
  unlink(path.c_str());
  rmdir(folder);
  REQUIRE_FALSE(large.has_value());
  CHECK(large.error().code == ErrorCode::kTooLarge);
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().code == ErrorCode::kNotFound);
  CHECK(absent.error().message == path + "x: No such file or directory");
  REQUIRE_FALSE(directory.has_value());
  CHECK(directory.error().code == ErrorCode::kInvalid);
}

}  // namespace reader_test
