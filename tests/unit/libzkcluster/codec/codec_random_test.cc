// The codecs of what checkers say to each other, on random values and on damaged bytes: every value
// comes back as it was, and damaged bytes are bad data or another good value.
#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "codec/codec.h"
#include "codec/json.h"

namespace codec_random_test {

using namespace zkcluster;

namespace {

std::mt19937_64 Seeded(std::uint64_t seed) {
  return std::mt19937_64(seed);
}

std::int64_t RandomTime(std::mt19937_64& random) {
  return static_cast<std::int64_t>(random() >> (1 + random() % 63)) % (kLatestMicros + 1);
}
int RandomCount(std::mt19937_64& random) {
  return static_cast<int>(random() >> (33 + random() % 31));
}
std::string RandomText(std::mt19937_64& random) {
  const std::vector<std::string> pieces = {"a", "<",        "\"",           "\\", "-",
                                           " ", "\xc3\xbc", "\xe2\x80\xa8", "\n"};
  std::string text;
  for (std::size_t n = random() % 6; n > 0; --n) text += pieces[random() % pieces.size()];
  return text;
}
Reason RandomReason(std::mt19937_64& random) {
  if (random() % 8 == 0) return ReasonOf("of_tomorrow_" + std::to_string(random() % 3));
  return static_cast<Reason>(random() % kReasonCount);
}

SpecId RandomSpecId(std::mt19937_64& random) {
  return {static_cast<std::uint64_t>(RandomTime(random)), RandomTime(random)};
}

Ballot RandomBallot(std::mt19937_64& random, std::size_t shards) {
  Ballot ballot;
  ballot.spec = RandomSpecId(random);
  ballot.writes = static_cast<std::uint64_t>(RandomTime(random));
  const std::uint64_t sticky = random() % 10;
  for (std::size_t i = 0; i < shards; ++i) {
    if (i > 0 && random() % 10 < sticky) {
      ballot.votes.push_back(ballot.votes.back());
      continue;
    }
    const auto opinion = static_cast<Opinion>(random() % 4);
    const bool has_reason = opinion == Opinion::kDead || opinion == Opinion::kUnknown;
    ballot.votes.push_back({opinion, has_reason ? RandomReason(random) : Reason::kNone,
                            opinion == Opinion::kUnknown && random() % 2 == 0});
  }
  if (random() % 2 == 0) ballot.rack = RandomText(random);
  for (std::size_t i = 0; i < shards; ++i) {
    if (random() % 4 != 0) continue;
    ballot.returning.push_back(
        {i, static_cast<int>(random() % 100), static_cast<int>(random() % 100)});
  }
  return ballot;
}

StatusBoard RandomBoard(std::mt19937_64& random, std::size_t shards) {
  StatusBoard board;
  for (std::size_t i = 0; i < shards; ++i) {
    if (i > 0 && random() % 3 == 0) {
      board.shards.push_back(board.shards.back());
      continue;
    }
    board.shards.push_back({static_cast<ShardStatus>(random() % 3),
                            Micros(RandomTime(random)),
                            RandomReason(random),
                            {RandomCount(random), RandomCount(random), RandomCount(random)}});
  }
  return board;
}

Head RandomHead(std::mt19937_64& random) {
  Head head;
  head.spec = RandomSpecId(random);
  head.epoch = RandomTime(random);
  head.sequence = RandomTime(random);
  head.leader = RandomText(random);
  head.quorum = RandomCount(random);
  head.electorate = RandomCount(random);
  head.shards = random() % 3000;
  for (std::size_t k = 0; k < ChunkCount(head.shards); ++k) {
    head.chunks.push_back(static_cast<std::int32_t>(random()));
  }
  return head;
}

Registration RandomRegistration(std::mt19937_64& random) {
  return {RandomText(random), RandomText(random), RandomText(random),
          RandomTime(random), RandomText(random), Micros(RandomTime(random))};
}

LeaderRecord RandomLeader(std::mt19937_64& random) {
  return {RandomText(random), RandomTime(random), Micros(RandomTime(random))};
}

Ledger RandomLedger(std::mt19937_64& random) {
  Ledger ledger;
  for (std::size_t n = random() % 6; n > 0; --n) ledger.electorate.insert(RandomText(random));
  for (std::size_t n = random() % 6; n > 0; --n) {
    Penalty& penalty = ledger.penalties[RandomText(random)];
    penalty = {1 + RandomCount(random) / 2, Micros(RandomTime(random))};
    if (random() % 2 == 0) continue;
    penalty.deaths = 1 + RandomCount(random) / 2;
    penalty.first = Micros(RandomTime(random));
    penalty.died = Micros(RandomTime(random));
  }
  if (random() % 2 == 0) ledger.at_least = RandomCount(random);
  if (random() % 2 == 0) {
    ledger.freeze = {random() % 2 == 0, Micros(RandomTime(random)), RandomCount(random),
                     random() % 2 == 0, RandomCount(random)};
  }
  if (random() % 2 == 0) {
    ledger.pause = Pause{Micros(RandomTime(random)), Micros(RandomTime(random)), RandomText(random),
                         RandomText(random)};
  }
  Maintenance order;
  for (std::size_t n = random() % 6; n > 0; --n) {
    if (random() % 2 == 0) {  // else of the same order
      order = {Micros(RandomTime(random)), Micros(RandomTime(random)), RandomText(random),
               RandomText(random)};
    }
    ledger.maintenance[RandomText(random)] = order;
  }
  if (random() % 2 == 0) {
    Safeguards& kept = ledger.safeguards.emplace();
    if (random() % 2 == 0) kept.checkers = RandomCount(random);
    if (random() % 2 == 0) kept.quorum = RandomCount(random);
    if (random() % 2 == 0) kept.min_racks = RandomCount(random);
    if (random() % 2 == 0) kept.max_dead_fraction = 0.25;
    if (random() % 2 == 0) kept.lost.insert(RandomText(random));
  }
  return ledger;
}

std::optional<FormerSpec> RandomFormer(std::mt19937_64& random) {
  if (random() % 2 == 0) return std::nullopt;
  FormerSpec former;
  former.settings.version = static_cast<std::uint64_t>(RandomTime(random));
  if (random() % 2 == 0) former.settings.quorum = RandomCount(random);
  if (random() % 2 == 0) former.settings.ring = KetamaRing{RingHash::kMd5};
  for (std::size_t n = random() % 3; n > 0; --n) {
    former.pieces.push_back({static_cast<std::size_t>(RandomCount(random)),
                             static_cast<std::size_t>(RandomCount(random)),
                             {{RandomText(random), RandomText(random)}}});
  }
  return former;
}

Event RandomEvent(std::mt19937_64& random) {
  Event event;
  const auto ids = [&] {
    std::vector<std::string> names;
    for (std::size_t n = random() % 3; n > 0; --n) names.push_back(RandomText(random));
    return names;
  };
  const auto time = [&] { return Micros(random() % 2 == 0 ? 0 : RandomTime(random)); };
  const auto flips = [&] {
    Event::Flips made;
    for (std::size_t n = random() % 5; n > 0; --n) {
      made.flips.push_back({RandomText(random),
                            RandomText(random),
                            static_cast<ShardStatus>(random() % 3),
                            static_cast<ShardStatus>(random() % 3),
                            RandomReason(random),
                            {RandomCount(random), RandomCount(random), RandomCount(random)}});
    }
    if (random() % 2 == 0) made.more = random() % 1000;
    return made;
  };
  const std::vector<Event::What> kinds = {
      flips(),
      Event::Leader{},
      Event::Spec{},
      Event::Electorate{ids()},
      Event::Forget{ids()},
      Event::Freeze{RandomCount(random)},
      Event::Unfreeze{RandomCount(random), random() % 2 == 0},
      Event::Pause{RandomText(random), time()},
      Event::Resume{},
      Event::Maintenance{ids(), RandomText(random), time()},
      Event::MaintenanceOver{ids()},
      Event::KeysLost{ids()},
      Event::Update{RandomText(random), ids(), RandomFormer(random)},
      Event::Checker{RandomText(random), RandomText(random), random() % 2 == 0},
      Event::Quorum{RandomCount(random), ids(), random() % 2 == 0},
  };
  event.what = kinds[random() % kinds.size()];
  event.at = Micros(RandomTime(random));
  if (random() % 2 == 0) event.leader = RandomText(random);
  if (random() % 2 == 0) event.epoch = RandomTime(random);
  if (random() % 2 == 0) event.quorum = RandomCount(random);
  if (random() % 2 == 0) event.spec_version = static_cast<std::uint64_t>(RandomTime(random));
  if (random() % 2 == 0) event.by = RandomText(random);
  return event;
}

// True when `bytes` are bad data, or a value that comes back as it was.
template <class T>
auto Survives(std::string (*encode)(const T&), Result<T> (*decode)(std::string_view)) {
  return [=](const std::string& bytes) {
    const auto value = decode(bytes);
    if (value) return decode(encode(*value)) == value;
    return value.error().code == ErrorCode::kBadData && !value.error().message.empty();
  };
}

bool ChunkSurvives(const std::string& bytes) {
  const auto rows = DecodeChunk(bytes);
  if (rows) return rows->size() <= kChunkShards && DecodeChunk(EncodeChunk({*rows}, 0)) == rows;
  return rows.error().code == ErrorCode::kBadData;
}

struct Victim {
  const char* what;
  std::string payload;
  std::function<bool(const std::string&)> survives;
};

std::vector<Victim> Victims() {
  auto random = Seeded(5);
  Event event = RandomEvent(random);
  event.leader = "rack1";
  event.what = Event::Flips{
      {{"s2", "h:2", ShardStatus::kAlive, ShardStatus::kDead, Reason::kTimeout, {0, 3, 0}}}, 12};
  Event maintenance = event;
  maintenance.what = Event::Maintenance{{"s1", "s2"}, "memory", Micros(5)};
  Ledger ledger;
  ledger.electorate = {"rack1", "rack2"};
  ledger.penalties = {{"s2", {4, Micros(5), 0, {}, {}, R"("Later":[1.50])"}}};
  ledger.unknown_keys = R"("Plans":{"Next":[7,{}]})";
  return {
      {"ballot", EncodeBallot(RandomBallot(random, 21)), Survives(EncodeBallot, DecodeBallot)},
      {"head", EncodeHead({{1, 2}, 3, 4, "rack1", 2, 3, 600, {4, -5}}),
       Survives(EncodeHead, DecodeHead)},
      {"chunk", EncodeChunk(RandomBoard(random, 5), 0), ChunkSurvives},
      {"registration", EncodeRegistration({"rack1", "node17", "r1", 812, "0.1.0", Micros(17)}),
       Survives(EncodeRegistration, DecodeRegistration)},
      {"leader", EncodeLeader({"rack1", 3, Micros(17)}), Survives(EncodeLeader, DecodeLeader)},
      {"ledger", EncodeLedger(ledger), Survives(EncodeLedger, DecodeLedger)},
      {"event", EncodeEvent(event), Survives(EncodeEvent, DecodeEvent)},
      {"maintenance", EncodeEvent(maintenance), Survives(EncodeEvent, DecodeEvent)},
  };
}

}  // namespace

TEST_CASE("quorum codecs: random values come back as they were") {
  auto random = Seeded(6);
  for (int round = 0; round < 300; ++round) {
    const Ballot ballot = RandomBallot(random, random() % 40);
    REQUIRE(DecodeBallot(EncodeBallot(ballot)) == ballot);
    const Head head = RandomHead(random);
    REQUIRE(DecodeHead(EncodeHead(head)) == head);
    const Registration registration = RandomRegistration(random);
    REQUIRE(DecodeRegistration(EncodeRegistration(registration)) == registration);
    const LeaderRecord leader = RandomLeader(random);
    REQUIRE(DecodeLeader(EncodeLeader(leader)) == leader);
    const Ledger ledger = RandomLedger(random);
    REQUIRE(DecodeLedger(EncodeLedger(ledger)) == ledger);
    const Event event = RandomEvent(random);
    REQUIRE(DecodeEvent(EncodeEvent(event)) == event);

    const StatusBoard board = RandomBoard(random, random() % 1200);
    StatusBoard read;
    for (std::size_t k = 0; k <= ChunkCount(board.shards.size()); ++k) {
      const auto rows = DecodeChunk(EncodeChunk(board, k));
      REQUIRE(rows.has_value());
      read.shards.insert(read.shards.end(), rows->begin(), rows->end());
    }
    REQUIRE(read == board);
  }
  CHECK(EncodeChunk(RandomBoard(random, 5), std::numeric_limits<std::size_t>::max()) ==
        R"({"Rows":[]})");
}

TEST_CASE("quorum codecs: cut and changed bytes are bad data or a good value, never the end") {
  for (const Victim& victim : Victims()) {
    CAPTURE(victim.what);
    REQUIRE(victim.survives(victim.payload));
    for (std::size_t size = 0; size < victim.payload.size(); ++size) {
      REQUIRE(victim.survives(victim.payload.substr(0, size)));
    }
    for (std::size_t at = 0; at < victim.payload.size(); ++at) {
      CAPTURE(at);
      for (int byte = 0; byte < 256; byte += at % 3 == 0 ? 1 : 7) {
        std::string changed = victim.payload;
        changed[at] = static_cast<char>(byte);
        REQUIRE(victim.survives(changed));
      }
      std::string shorter = victim.payload;
      shorter.erase(at, 1);
      REQUIRE(victim.survives(shorter));
    }
  }
}

TEST_CASE("quorum codecs: every proper prefix and every other kind of document is bad data") {
  const auto is_bad = [](const std::string& bytes) {
    return !DecodeBallot(bytes) && !DecodeHead(bytes) && !DecodeChunk(bytes) &&
           !DecodeRegistration(bytes) && !DecodeLeader(bytes) && !DecodeLedger(bytes) &&
           !DecodeEvent(bytes);
  };
  for (const Victim& victim : Victims()) {
    for (std::size_t size = 0; size < victim.payload.size(); ++size) {
      REQUIRE(is_bad(victim.payload.substr(0, size)));
    }
    REQUIRE(is_bad(victim.payload + "x"));
    REQUIRE(is_bad(victim.payload + std::string(kMaxPayloadBytes, ' ')));
  }
  for (const std::string& bytes : std::vector<std::string>{
           "", " ", "null", "true", "7", "\"x\"", "[]", "{}", "goreclusters", "1795228044224923",
           "{\"Rows\":7}", std::string("\0", 1), "\xef\xbb\xbf", "\xff\xfe",
           std::string(100'000, '['), std::string(100'000, '{')}) {
    CAPTURE(bytes.substr(0, 20));
    CHECK(is_bad(bytes));
  }
}

}  // namespace codec_random_test
