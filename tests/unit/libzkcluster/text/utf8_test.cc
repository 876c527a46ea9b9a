#include "text/utf8.h"

#include <doctest/doctest.h>

#include <string>

namespace utf8_test {

using namespace zkcluster;

TEST_CASE("one line: foreign text in a message moves no terminal and ends no line") {
  const struct {
    std::string text;
    std::string shown;
  } cases[] = {
      {"", ""},
      {"plain \"text\"", "plain \"text\""},
      {"r\xc3\xa4"
       "ck",
       "r\xc3\xa4"
       "ck"},
      {"a\nb\tc", "a\\x0ab\\x09c"},
      {std::string("\0", 1), "\\x00"},
      {"\x1b[31m\x7f", "\\x1b[31m\\x7f"},
      {"\xc2\x9b"
       "31m",
       "\\x9b"
       "31m"},  // U+009B: an escape sequence in one character
      {"\xc2\xa0", "\xc2\xa0"},
      {"\xff"
       "a\xc3",
       "\\xff"
       "a\\xc3"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    CHECK(OneLine(c.text) == c.shown);
  }
}

TEST_CASE("one line: only the beginning of what is long, and no half characters") {
  CHECK(OneLine("abcdef", 6) == "abcdef");
  CHECK(OneLine("abcdefg", 6) == "abcdef...");
  CHECK(OneLine("abcde\xe2\x82\xacz", 6) == "abcde\xe2\x82\xac...");
  CHECK(OneLine(std::string(1'000'000, '\n')).size() < 210);
}

}  // namespace utf8_test
