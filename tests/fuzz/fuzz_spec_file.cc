// Spec files: YAML, and JSON, which is YAML.
#include "tests/fuzz/spec_checks.h"
#include "yaml/spec_file.h"

namespace zkcluster::fuzz::spec_file_target {

bool TestOneInput(std::string_view input) {
  const auto spec = ParseSpecFile("f", input);
  if (!spec) {
    CheckFileError(spec.error(), "f");
    return false;
  }
  CheckAccepted(*spec);
  const auto decode = [](std::string_view text) { return ParseSpecFile("f", text); };
  CheckReadsBack(*spec, decode, FormatSpecYaml);
  CheckReadsBack(*spec, decode, FormatSpecJson);
  // The name may be given beside the file; then it must be the same.
  ZKC_CHECK(ParseSpecFile("f", input, spec->name) == *spec);
  ZKC_CHECK(!ParseSpecFile("f", input, spec->name + "x").has_value());
  return true;
}

const Target kTarget("spec-file", TestOneInput);

}  // namespace zkcluster::fuzz::spec_file_target
