// The znode `ledger`.
#include "codec/codec.h"
#include "tests/fuzz/target.h"

namespace zkcluster::fuzz {

bool TestOneInput(std::string_view input) {
  return TestCodec(input, DecodeLedger, EncodeLedger);
}

}  // namespace zkcluster::fuzz
