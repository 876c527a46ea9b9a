#include "model/reason.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace reason_test {

using namespace zkcluster;

TEST_CASE("reason: an unknown word is a reason with its own text") {
  const Reason expired = ReasonOf("tls_expired");
  CHECK(expired > Reason::kOther);
  CHECK(KnownReason(expired) == Reason::kOther);
  CHECK(ReasonName(expired) == "tls_expired");
  CHECK(ReasonOf("tls_expired") == expired);
  CHECK(ReasonOf("tls_revoked") != expired);
  CHECK(ReasonName(ReasonOf("Timeout")) == "Timeout");
}

TEST_CASE("reason: what is no word is `other`") {
  for (const std::string& text :
       {std::string(), std::string("two words"), std::string("\x1b[31m"), std::string("\xc3\xbc"),
        std::string(kMaxReasonBytes + 1, 'x'), std::string("a\0b", 3)}) {
    CAPTURE(text);
    CHECK(ReasonOf(text) == Reason::kOther);
  }
  CHECK(ReasonOf("other") == Reason::kOther);
  CHECK(ReasonName(Reason::kOther) == "other");
  const std::string longest(kMaxReasonBytes, 'x');
  CHECK(ReasonName(ReasonOf(longest)) == longest);
}

// The last of this program: it leaves no room.
TEST_CASE("reason: several threads agree on words, and those beyond the limit are `other`") {
  std::vector<std::vector<Reason>> seen(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < seen.size(); ++t) {
    threads.emplace_back([&reasons = seen[t], t] {
      for (std::size_t i = 0; i < 2 * kMaxOtherReasons; ++i) {
        reasons.push_back(ReasonOf("word" + std::to_string((i + t * 7) % (2 * kMaxOtherReasons))));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<Reason> kept;
  std::size_t others = 0;
  for (std::size_t i = 0; i < 2 * kMaxOtherReasons; ++i) {
    const std::string word = "word" + std::to_string(i);
    const Reason reason = ReasonOf(word);
    CHECK(ReasonName(reason) == (reason == Reason::kOther ? "other" : word));
    if (reason == Reason::kOther) {
      ++others;
    } else {
      CHECK(kept.insert(reason).second);
    }
    for (std::size_t t = 0; t < seen.size(); ++t) {
      const std::size_t at = (i + 2 * kMaxOtherReasons - t * 7) % (2 * kMaxOtherReasons);
      CHECK(seen[t][at] == reason);
    }
  }
  CHECK(kept.size() <= kMaxOtherReasons);
  CHECK(kept.size() + others == 2 * kMaxOtherReasons);
  CHECK(others >= kMaxOtherReasons);
}

}  // namespace reason_test
