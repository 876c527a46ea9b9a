// The znode `ledger`.
#include "codec/codec.h"
#include "tests/fuzz/target.h"

namespace zkcluster::fuzz::ledger_target {

bool TestOneInput(std::string_view input) {
  return TestCodec(input, DecodeLedger, EncodeLedger);
}

const Target kTarget("ledger", TestOneInput);

}  // namespace zkcluster::fuzz::ledger_target
