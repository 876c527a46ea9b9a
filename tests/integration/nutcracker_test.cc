// `ketama` rings beside the real twemproxy (Debian's `nutcracker`) in front of
// real Redis servers: every key that is written through the proxy must lie on the
// shard that our ring names. `ZKC_WRITE_KETAMA_VECTORS=FILE` writes what the proxy
// did for tests/testdata/ketama_vectors.jsonl.
#include <doctest/doctest.h>
#include <hiredis/hiredis.h>
#include <zkcluster/ring.h>
#include <zkcluster/spec.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "tools/sandbox/sandbox.h"
#include "tools/sandbox/server.h"

namespace zkcluster::integration::nutcracker_test {
namespace {

constexpr std::size_t kKeys = 10'000;
constexpr std::size_t kGoldenKeys = 150;  // of these, kept as test vectors

struct Fleet {
  std::string name;
  RingHash hash;
  std::vector<ShardSpec> shards;  // addresses are filled in once the servers run
};

class Nutcracker final : public sandbox::PrivateServer {
 public:
  Nutcracker(const Fleet& fleet, std::vector<std::string> addresses)
      : PrivateServer("nutcracker", {}, 0), fleet_(fleet), addresses_(std::move(addresses)) {
    Start();
  }
  static bool IsInstalled() { return !sandbox::FindProgram("nutcracker").empty(); }

 private:
  std::string WhyNot() const override { return {}; }

  sandbox::SpawnOptions Prepare() override {
    std::string text = "pool:\n  listen: " + address() +
                       "\n  redis: true\n  distribution: ketama\n  hash: " +
                       std::string(RingHashName(fleet_.hash)) +
                       "\n  auto_eject_hosts: false\n  timeout: 10000\n  servers:\n";
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
      const ShardSpec& shard = fleet_.shards[i];
      text += "   - " + addresses_[i] + ":" + std::to_string(shard.weight);
      // A name that is the address itself is what a server without one is called.
      text += (shard.name == addresses_[i] ? "" : " " + shard.name) + "\n";
    }
    sandbox::WriteFile(folder() / "nutcracker.yml", text);
    return {.command = {"nutcracker", "--conf-file", (folder() / "nutcracker.yml").string(),
                        "--stats-addr", "127.0.0.1", "--stats-port",
                        std::to_string(sandbox::FreePort()), "--pid-file",
                        (folder() / "pid").string(), "--output", log().string()}};
  }

  bool Answers() override { return sandbox::PortAnswers(port()); }

  const Fleet& fleet_;
  const std::vector<std::string> addresses_;
};

// Keys as programs have them, and some bytes no program should have; all different.
std::vector<std::string> MakeKeys() {
  std::mt19937_64 random(4);
  std::vector<std::string> keys = {"",
                                   "a",
                                   "key with spaces",
                                   "{user1000}.following",
                                   "line\r\nbreak",
                                   "caf\xc3\xa9",
                                   "\xff",
                                   std::string("\0", 1),
                                   std::string(55, 'x'),
                                   std::string(56, 'x'),  // MD5's last block
                                   std::string(64, 'x'),
                                   std::string(5'000, 'y')};
  while (keys.size() < kKeys) {
    const std::string number = std::to_string(random());
    switch (keys.size() % 4) {
      case 0:
        keys.push_back("user:" + std::to_string(keys.size()));
        break;
      case 1:
        keys.push_back("session:" + number);
        break;
      case 2:
        keys.push_back(number.substr(0, 1 + keys.size() % 12) + ":" + std::to_string(keys.size()));
        break;
      default: {
        std::string bytes = std::to_string(keys.size()) + "/";
        for (std::size_t n = random() % 30; n > 0; --n) bytes += static_cast<char>(random());
        keys.push_back(bytes);
      }
    }
  }
  return keys;
}

using Context = std::unique_ptr<redisContext, decltype(&redisFree)>;

void WriteAll(std::uint16_t port, const std::vector<std::string>& keys) {
  const Context context(redisConnectWithTimeout("127.0.0.1", port, timeval{5, 0}), &redisFree);
  REQUIRE(context);
  REQUIRE(context->err == 0);
  REQUIRE(redisSetTimeout(context.get(), timeval{30, 0}) == REDIS_OK);
  constexpr std::size_t kBatch = 500;
  for (std::size_t from = 0; from < keys.size(); from += kBatch) {
    const std::size_t to = std::min(keys.size(), from + kBatch);
    for (std::size_t i = from; i < to; ++i) {
      REQUIRE(redisAppendCommand(context.get(), "SET %b 1", keys[i].data(), keys[i].size()) ==
              REDIS_OK);
    }
    for (std::size_t i = from; i < to; ++i) {
      void* answer = nullptr;
      REQUIRE(redisGetReply(context.get(), &answer) == REDIS_OK);
      const std::unique_ptr<redisReply, void (*)(void*)> reply(static_cast<redisReply*>(answer),
                                                               &freeReplyObject);
      CAPTURE(keys[i]);
      REQUIRE_MESSAGE(reply->type == REDIS_REPLY_STATUS, std::string(reply->str, reply->len));
    }
  }
}

// The keys a server holds.
std::vector<std::string> KeysOf(const sandbox::RedisServer& redis) {
  const Context context(redisConnectWithTimeout("127.0.0.1", redis.port(), timeval{5, 0}),
                        &redisFree);
  REQUIRE(context);
  REQUIRE(context->err == 0);
  const std::unique_ptr<redisReply, void (*)(void*)> reply(
      static_cast<redisReply*>(redisCommand(context.get(), "KEYS *")), &freeReplyObject);
  REQUIRE(reply);
  REQUIRE(reply->type == REDIS_REPLY_ARRAY);
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < reply->elements; ++i) {
    keys.emplace_back(reply->element[i]->str, static_cast<std::size_t>(reply->element[i]->len));
  }
  return keys;
}

std::string Hex(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

void Keep(const Fleet& fleet, const std::vector<std::string>& keys,
          const std::unordered_map<std::string, std::size_t>& holders) {
  const char* const file = std::getenv("ZKC_WRITE_KETAMA_VECTORS");
  if (file == nullptr) return;
  nlohmann::ordered_json line;
  line["name"] = fleet.name;
  line["hash"] = RingHashName(fleet.hash);
  for (const ShardSpec& shard : fleet.shards) line["shards"].push_back({shard.name, shard.weight});
  for (std::size_t i = 0; i < kGoldenKeys; ++i) {
    if (keys[i].size() > 64) continue;
    line["owners"].push_back({Hex(keys[i]), fleet.shards[holders.at(keys[i])].name});
  }
  std::ofstream(file, std::ios::app) << line.dump() << "\n";
}

void Compare(Fleet fleet, std::vector<std::unique_ptr<sandbox::RedisServer>>& servers) {
  std::vector<std::string> addresses;
  for (std::size_t i = 0; i < fleet.shards.size(); ++i) {
    servers[i]->Command({"FLUSHALL"});
    addresses.push_back(servers[i]->address());
    if (fleet.shards[i].name.empty()) fleet.shards[i].name = addresses[i];
    fleet.shards[i].addr = addresses[i];
  }
  const auto keys = MakeKeys();
  {
    const Nutcracker proxy(fleet, addresses);
    WriteAll(proxy.port(), keys);
  }
  std::unordered_map<std::string, std::size_t> holders;
  for (std::size_t i = 0; i < fleet.shards.size(); ++i) {
    for (std::string& key : KeysOf(*servers[i])) holders.emplace(std::move(key), i);
  }
  REQUIRE(holders.size() == keys.size());

  const auto ring = Ring::Build(fleet.shards, KetamaRing{fleet.hash});
  REQUIRE(ring.has_value());
  std::size_t different = 0;
  for (const std::string& key : keys) {
    if (ring->Owner(key) != holders.at(key)) ++different;
  }
  CHECK(different == 0);
  Keep(fleet, keys, holders);
  MESSAGE(fleet.name << ", " << RingHashName(fleet.hash) << ": " << keys.size() << " keys on "
                     << fleet.shards.size() << " shards, " << different << " different");
}

std::vector<ShardSpec> Named(const std::vector<int>& weights) {
  std::vector<ShardSpec> shards;
  for (const int weight : weights) {
    shards.push_back({"shard-" + std::to_string(shards.size() + 1), "", weight});
  }
  return shards;
}

TEST_CASE("ketama: ten thousand keys lie where nutcracker puts them") {
  if (!Nutcracker::IsInstalled()) {
    MESSAGE("skipped: nutcracker is not installed");
    return;
  }
  std::vector<std::unique_ptr<sandbox::RedisServer>> servers;
  for (int i = 0; i < 25; ++i) servers.push_back(std::make_unique<sandbox::RedisServer>());
  // Those of 1 and 2 beside the others hold no point.
  const std::vector<int> unequal = {1, 100, 7, 30, 30, 2, 1'000, 55, 13, 400, 1, 90};
  for (const RingHash hash : {RingHash::kFnv1a64, RingHash::kMd5}) {
    Compare({"one", hash, Named({3})}, servers);
    Compare({"equal weights", hash, Named(std::vector<int>(4, 1))}, servers);
    // The least number whose rounding gives each 156 points instead of 160.
    Compare({"equal weights, rounded", hash, Named(std::vector<int>(25, 10))}, servers);
    Compare({"unequal weights", hash, Named(unequal)}, servers);
    Compare({"no names", hash, std::vector<ShardSpec>(5)}, servers);
  }
}

}  // namespace
}  // namespace zkcluster::integration::nutcracker_test
