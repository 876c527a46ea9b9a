// Writes the seeds of the corpora, good-* of each decoder that has an encoder, with that encoder:
// fuzz-seeds FOLDER. Run it after a payload's form has changed; tests/fuzz/corpus is the folder.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "codec/codec.h"
#include "tests/fuzz/target.h"
#include "yaml/spec_file.h"

using namespace zkcluster;

namespace {

constexpr Micros kThen{1'795'228'044'224'923};
constexpr SpecId kSpecId{1'795'228'044'224'923, 42};

class Corpus {
 public:
  explicit Corpus(std::filesystem::path folder) : folder_(std::move(folder)) {}
  void Write(std::string_view target, std::string_view name, std::string_view bytes) {
    const auto path = folder_ / target / ("good-" + std::string(name));
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    ++written_;
  }
  [[nodiscard]] int written() const { return written_; }

 private:
  std::filesystem::path folder_;
  int written_ = 0;
};

ClusterSpec PlainSpec() {
  ClusterSpec spec;
  spec.name = "sessions";
  spec.version = kSpecId.version;
  spec.shards = {{"s1", "10.0.0.1:6379"}, {"s2", "10.0.0.2:6379"}};
  return spec;
}

// Everything that can be set.
ClusterSpec FullSpec() {
  using namespace std::chrono_literals;
  ClusterSpec spec = PlainSpec();
  spec.ring = ConsistentRing{40};
  spec.failover = false;
  spec.checkers = 5;
  spec.quorum = 3;
  spec.min_racks = 2;
  spec.max_dead_fraction = 0.333;
  spec.probe = {1s, 500ms, 3500ms, 1min, 250ms};
  spec.mirror_limit = 65'536;
  spec.shards.push_back({"<s3> & \"\xc3\xbc\"\\", "[fe80::1%eth0]:6380"});
  spec.shards.push_back({"null", ":6381"});
  spec.shards.push_back({"s5.", "redis-5.example.org:6379"});
  return spec;
}

ClusterSpec KetamaSpec() {
  ClusterSpec spec = PlainSpec();
  spec.ring = KetamaRing{RingHash::kMd5};
  spec.shards[0].weight = 3;
  spec.shards[1].weight = kMaxWeight;
  return spec;
}

Ballot MakeBallot(std::size_t shards) {
  Ballot ballot{kSpecId, 7, {}, shards % 2 == 0 ? "r1" : ""};
  for (std::size_t i = 0; i < shards; ++i) {
    const auto opinion = static_cast<Opinion>((i / 3 + 1) % 4);
    const bool has_reason = opinion == Opinion::kDead || opinion == Opinion::kUnknown;
    const auto reason = static_cast<Reason>(i / 5 % kReasonCount);
    ballot.votes.push_back({opinion, has_reason ? reason : Reason::kNone});
  }
  return ballot;
}

StatusBoard MakeBoard(std::size_t shards) {
  StatusBoard board;
  for (std::size_t i = 0; i < shards; ++i) {
    const auto status = static_cast<ShardStatus>(i / 4 % 3);
    const bool dead = status == ShardStatus::kDead;
    board.shards.push_back({status,
                            dead ? kThen : Micros(0),
                            dead ? static_cast<Reason>(i % kReasonCount) : Reason::kNone,
                            {dead ? 1 : 3, dead ? 2 : 0, static_cast<int>(i % 2)}});
  }
  return board;
}

Ledger FullLedger() {
  Ledger ledger;
  ledger.electorate = {"rack1", "rack2",
                       "r\xc3\xa4"
                       "ck-3"};
  ledger.penalties = {{"s2", {4, kThen}}, {"s1", {1, Micros(0)}}};
  ledger.at_least = 5;
  ledger.freeze = {true, kThen, 9, true, 3};
  ledger.pause =
      Pause{kThen, kThen + std::chrono::minutes(30), "ann@ops1", "switch \"a\" replaced"};
  ledger.maintenance = {{"s1", {kThen, Micros(0), "ann@ops1", "memory"}},
                        {"s2", {kThen, kThen + std::chrono::minutes(30), "bob@ops2", "disk"}},
                        {"s3", {kThen, Micros(0), "ann@ops1", "memory"}}};
  return ledger;
}

std::vector<Event> AllEvents() {
  const Event::Flips flips{
      {{"s1",
        "10.0.0.1:6379",
        ShardStatus::kAlive,
        ShardStatus::kDead,
        Reason::kTimeout,
        {0, 3, 1}},
       {"s2", ":6379", ShardStatus::kUnknown, ShardStatus::kAlive, Reason::kNone, {2, 0, 0}}},
      12};
  const std::vector<Event::What> kinds = {
      flips,
      Event::Leader{},
      Event::Spec{},
      Event::Electorate{{"rack2", "rack3"}},
      Event::Forget{{"rack2", "rack3"}},
      Event::Freeze{5},
      Event::Unfreeze{5, true},
      Event::Pause{"switch replaced", kThen},
      Event::Resume{},
      Event::Maintenance{{"s1", "s2"}, "memory", kThen},
      Event::MaintenanceOver{{"s1", "s2"}},
      Event::KeysLost{{"quorum=2", "max_dead_fraction=0.25"}},
      Event::Checker{"rack2", "r2", false},
      Event::Quorum{1, {"rack2", "rack3"}, false},
      Event::Update{"wrong port", {"s6 removed", "s4 :1 -> :2"}},
      Event::Unknown{"promotion", R"({"Kind":"promotion","At":5,"To":{"Addr":"10.0.0.1:6380"}})"},
  };
  std::vector<Event> events;
  for (const Event::What& what : kinds) {
    Event event;
    event.at = kThen;
    event.leader = "rack1";
    event.epoch = 3;
    event.quorum = 2;
    event.spec_version = kSpecId.version;
    event.by = "ann@ops1";
    event.what = what;
    events.push_back(event);
  }
  return events;
}

std::string Joined(std::initializer_list<std::string> parts) {
  std::string joined;
  for (const std::string& part : parts) {
    if (&part != parts.begin()) joined += fuzz::kSeparator;
    joined += part;
  }
  return joined;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: fuzz-seeds FOLDER\n", stderr);
    return 64;
  }
  Corpus corpus(arguments[1]);

  for (const auto& [name, spec] : {std::pair("plain", PlainSpec()), std::pair("full", FullSpec()),
                                   std::pair("ketama", KetamaSpec())}) {
    const SpecPayloads payloads = EncodeSpec(spec);
    corpus.Write("go-shards", name, payloads.shards);
    corpus.Write("go-options", name, Joined({payloads.version, payloads.options}));
    corpus.Write("spec-file", name, FormatSpecYaml(spec));
    corpus.Write("spec-file", std::string(name) + "-json", FormatSpecJson(spec));
  }

  for (const std::size_t shards : {0U, 1U, 4U, 30U, 700U}) {
    corpus.Write("ballot", std::to_string(shards), EncodeBallot(MakeBallot(shards)));
    const StatusBoard board = MakeBoard(shards);
    corpus.Write("chunk", std::to_string(shards), EncodeChunk(board, 0));
    Head head{kSpecId, 3, 17, "rack1", 2, 3, shards, {}};
    head.chunks.assign(ChunkCount(shards), static_cast<std::int32_t>(shards) - 2);
    corpus.Write("head", std::to_string(shards), EncodeHead(head));
  }
  corpus.Write("mirror", "ours",
               EncodeMirror(FullSpec().shards, MakeBoard(FullSpec().shards.size())));

  const Registration registration{
      "rack1", "node17", "r1", 812, "0.1.0", kThen, std::chrono::seconds(10)};
  corpus.Write("registration", "full", EncodeRegistration(registration));
  corpus.Write("registration", "plain", EncodeRegistration({"c", "", "", 0, "", Micros(0), {}}));
  corpus.Write("leader", "plain", EncodeLeader({"rack1", 3, kThen}));
  corpus.Write("ledger", "full", EncodeLedger(FullLedger()));
  corpus.Write("ledger", "empty", EncodeLedger({}));
  for (const Event& event : AllEvents()) {
    corpus.Write("event", EventKindName(event), EncodeEvent(event));
  }

  const StatusBoard board = MakeBoard(2);
  Head head{kSpecId, 3, 17, "rack1", 2, 3, 2, {0}};
  corpus.Write("zkctl", "healthy",
               Joined({EncodeHead(head), EncodeChunk(board, 0), EncodeLeader({"rack1", 3, kThen}),
                       EncodeLedger(FullLedger()), EncodeRegistration(registration), "rack1",
                       EncodeBallot(MakeBallot(2)), EncodeSpec(PlainSpec()).shards,
                       EncodeEvent(AllEvents().front())}));
  std::printf("%d seeds written\n", corpus.written());
  return 0;
}
