// Text that we print as YAML: any reader of ours takes it for the same text again.
#include "tests/fuzz/target.h"
#include "text/utf8.h"
#include "yaml/reader.h"
#include "yaml/scalar.h"

namespace zkcluster::fuzz::yaml_scalar_target {

bool TestOneInput(std::string_view input) {
  if (!IsUtf8(input)) return false;
  const std::string scalar = yaml::FormatScalar(input);
  ZKC_CHECK(IsPrintable(scalar));
  // YAML has no longer keys.
  const bool is_key = scalar.size() <= 1'000;
  const auto document =
      yaml::Document::Parse("f", (is_key ? scalar : "key") + ": [" + scalar + "]\n");
  ZKC_CHECK(document.has_value());
  const auto entries = document->root().Entries();
  ZKC_CHECK(entries.size() == 1 && entries[0].first == (is_key ? input : "key"));
  const auto items = entries[0].second.Items();
  ZKC_CHECK(items.size() == 1 && items[0].String() == std::string(input));
  ZKC_CHECK(document->problems().empty());
  return true;
}

const Target kTarget("yaml-scalar", TestOneInput);

}  // namespace zkcluster::fuzz::yaml_scalar_target
