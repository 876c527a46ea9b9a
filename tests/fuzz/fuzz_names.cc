// Names of znodes: candidates, sequence numbers, and what a path may hold.
#include <cstdio>

#include "model/paths.h"
#include "tests/fuzz/target.h"

namespace zkcluster::fuzz::names_target {
namespace {

// As Java's "%010d".
std::string Counter(std::int32_t sequence) {
  char text[16];
  std::snprintf(text, sizeof text, "%010d", sequence);
  return text;
}

}  // namespace

bool TestOneInput(std::string_view input) {
  const auto name = ValidateName("id", input);
  const auto root = ValidateRoot(input);
  const auto candidate = ParseCandidateName(input);
  const auto sequence = ParseSequence(input);
  if (!name) CheckError(name.error(), ErrorCode::kInvalid);
  if (!root) CheckError(root.error(), ErrorCode::kInvalid);
  if (name) {
    // A name is one part of a path, and a root of that one part.
    ZKC_CHECK(IsPrintable(input) && input.find('/') == std::string_view::npos);
    ZKC_CHECK(ValidateRoot("/" + std::string(input)).has_value() || input == "zookeeper");
    const std::string guid(32, 'a');
    for (const std::int32_t number : {0, 7, 2'147'483'647, -1, -2'147'483'647 - 1}) {
      const std::string node = CandidatePrefix(input, guid) + Counter(number);
      const CandidateName expected{std::string(input), guid, number};
      ZKC_CHECK(ParseCandidateName(node) == expected);
      ZKC_CHECK(ParseSequence(node) == number);
    }
    ZKC_CHECK(ClusterPaths("/", input).shards() == "/" + std::string(input) + "/shards");
  }
  if (candidate) {
    ZKC_CHECK(ValidateName("id", candidate->id).has_value());
    const std::string again =
        CandidatePrefix(candidate->id, candidate->guid) + Counter(candidate->sequence);
    ZKC_CHECK(again == input);
  }
  if (sequence) ZKC_CHECK(input.ends_with(Counter(*sequence)));
  return name.has_value() || root.has_value() || candidate.has_value() || sequence.has_value();
}

const Target kTarget("names", TestOneInput);

}  // namespace zkcluster::fuzz::names_target
