// What an ensemble was asked to write, from a server's transaction log: one line of JSON for each
// transaction, in order. This is how tests/bench/run counts writes and bytes.
//
//   txlog FOLDER [--after ZXID]      FOLDER holds the log files (data/version-2)
//
// {"zxid":12,"ms":1700000000000,"session":72..,"bytes":120,"ops":[["set","/c/quorum/head",60]],
//  "sequence":7}                    `sequence`: of the decision, where a head was set
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "codec/codec.h"
#include "tests/history/transaction_log.h"

using namespace zkcluster;

namespace {

nlohmann::json Describe(const sim::Transaction& transaction) {
  auto ops = nlohmann::json::array();
  std::size_t bytes = 0;
  nlohmann::json line = {{"zxid", transaction.zxid},
                         {"session", transaction.session_id},
                         {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(
                                    transaction.time.time_since_epoch())
                                    .count()}};
  const auto add = [&](const char* kind, const std::string& path, const std::string& data) {
    ops.push_back({kind, path, data.size()});
    bytes += data.size();
    if (!path.ends_with("/quorum/head")) return;
    if (const auto head = DecodeHead(data)) line["sequence"] = head->sequence;
  };
  for (const zk::Op& op : transaction.ops) {
    std::visit(
        [&](const auto& o) {
          using T = std::decay_t<decltype(o)>;
          if constexpr (std::is_same_v<T, zk::SetOp>) add("set", o.path, o.data);
          if constexpr (std::is_same_v<T, zk::CreateOp>) add("create", o.path, o.data);
          if constexpr (std::is_same_v<T, zk::DeleteOp>) add("delete", o.path, {});
        },
        op);
  }
  line["ops"] = std::move(ops);
  line["bytes"] = bytes;
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && !(argc == 4 && std::string_view(argv[2]) == "--after")) {
    std::fputs("usage: txlog FOLDER [--after ZXID]\n", stderr);
    return 64;
  }
  const std::int64_t after = argc == 4 ? std::atoll(argv[3]) : 0;
  const auto log = history::ReadTransactionLog(argv[1]);
  if (!log) return std::fprintf(stderr, "txlog: %s\n", log.error().message.c_str()), 1;
  for (const sim::Transaction& transaction : *log) {
    if (transaction.zxid > after) fmt::print("{}\n", Describe(transaction).dump());
  }
  return 0;
}
