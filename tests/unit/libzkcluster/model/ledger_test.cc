// Orders begin with the stamp of the write that brought them.
#include "model/ledger.h"

#include <doctest/doctest.h>

#include "codec/codec.h"

namespace ledger_test {

using namespace zkcluster;
using namespace std::chrono_literals;

namespace {

constexpr Micros kStamp{1'795'000'000'000'000};

Ledger Ordered(std::optional<Undated> undated) {
  Ledger ledger;
  ledger.pause = Pause{Micros(5), Micros(9), "ann@ops1", "switch", "", undated};
  ledger.maintenance["s1"] = Maintenance{Micros(5), Micros(9), "ann@ops1", "memory", "", undated};
  return ledger;
}

}  // namespace

TEST_CASE("orders: dated by the stamp of their write, whatever the operator's clock said") {
  Ledger ledger = Ordered(Undated{Micros(30s), 7});
  DateOrders(ledger, 7, kStamp);
  CHECK(ledger.pause->since == kStamp);
  CHECK(ledger.pause->until == kStamp + 30s);
  CHECK_FALSE(ledger.pause->undated);
  CHECK(ledger.maintenance["s1"].until == kStamp + 30s);
  const Ledger dated = ledger;
  DateOrders(ledger, 8, kStamp + 1h);  // a later write changes nothing
  CHECK(ledger == dated);
}

TEST_CASE(
    "orders: without an end they stay so; rewritten by an older build they keep their dates") {
  Ledger endless = Ordered(Undated{Micros(0), 7});
  DateOrders(endless, 7, kStamp);
  CHECK(endless.pause->since == kStamp);
  CHECK(endless.pause->until == Micros(0));
  Ledger rewritten = Ordered(Undated{Micros(30s), 7});
  DateOrders(rewritten, 8, kStamp);
  CHECK(rewritten.pause->since == Micros(5));
  CHECK(rewritten.pause->until == Micros(9));
  CHECK_FALSE(rewritten.pause->undated);
}

TEST_CASE("orders: their bytes, dated as in 0.1.0, undated with two more members") {
  Ledger ledger = Ordered(Undated{Micros(30s), -2});
  const std::string bytes = EncodeLedger(ledger);
  CHECK(bytes.find(R"("Until":9,"By":"ann@ops1","Reason":"switch","For":30000000,)"
                   R"("Ledger":4294967294})") != std::string::npos);
  const auto read = DecodeLedger(bytes);
  REQUIRE(read);
  CHECK(*read == ledger);
  DateOrders(ledger, -2, kStamp);
  CHECK(EncodeLedger(ledger).find("For") == std::string::npos);
}

}  // namespace ledger_test
