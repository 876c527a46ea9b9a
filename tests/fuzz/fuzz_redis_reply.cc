// A Redis server's bytes, cut as a socket may cut them: what is read does not depend on the cuts.
#include <algorithm>
#include <vector>

#include "checker/probe/net/redis_protocol.h"
#include "tests/fuzz/target.h"

namespace zkcluster::fuzz::redis_reply_target {
namespace {

// What the prober reads at once.
constexpr std::size_t kMaxPiece = 16 * 1024;

struct Reading {
  std::vector<RedisReply> replies;
  bool broken = false;
  bool empty = true;
  bool operator==(const Reading&) const = default;
};

// The sizes of the pieces come from `cuts`, again and again; none: as large as possible.
std::size_t PieceSize(std::string_view cuts, std::size_t n) {
  return cuts.empty() ? kMaxPiece : static_cast<unsigned char>(cuts[n % cuts.size()]) % 64 + 1;
}

Reading Read(std::string_view bytes, std::string_view cuts) {
  Reading reading;
  ReplyReader reader;
  for (std::size_t n = 0; !bytes.empty(); ++n) {
    const std::string_view piece = bytes.substr(0, PieceSize(cuts, n));
    bytes.remove_prefix(piece.size());
    // A piece of its own, so that a sanitizer sees a read past its end.
    reader.Feed(std::string(piece));
    while (auto reply = reader.Next()) {
      ZKC_CHECK(reply->text.size() <= 256);
      reading.replies.push_back(*std::move(reply));
    }
  }
  reading.broken = reader.broken();
  reading.empty = reader.empty();
  return reading;
}

void CheckJudgement(const ProbeResult& result) {
  ZKC_CHECK(result.verdict != ProbeVerdict::kInconclusive);  // it answered
  ZKC_CHECK((result.verdict == ProbeVerdict::kAlive) == (result.reason == Reason::kNone));
  ZKC_CHECK(result.verdict == ProbeVerdict::kAlive || result.alarm == ProbeAlarm::kNone);
  ZKC_CHECK(result.latency == Duration::zero());
}

// One probe's result for the bytes: at most one answer, for any cuts.
void CheckExchange(std::string_view bytes, std::string_view cuts, bool opened) {
  const auto protocol = NewRedisProtocol({{"user", "password"}});
  const auto exchange = protocol->NewExchange(opened);
  std::optional<Answer> answer;
  for (std::size_t n = 0; !bytes.empty() && !answer; ++n) {
    const std::string_view piece = bytes.substr(0, PieceSize(cuts, n));
    bytes.remove_prefix(piece.size());
    answer = exchange->Feed(std::string(piece));
  }
  if (!answer) return;
  CheckJudgement(answer->result);
  if (answer->keep_connection) ZKC_CHECK(answer->result.alarm == ProbeAlarm::kNone);
}

}  // namespace

bool TestOneInput(std::string_view input) {
  const auto parts = Split(input, 2);
  const Reading whole = Read(parts[1], {});
  Reading cut = Read(parts[1], parts[0]);
  // A broken stream is broken; the amount of buffered bytes does not matter.
  if (whole.broken) cut.empty = whole.empty;
  ZKC_CHECK(whole == cut);
  ZKC_CHECK(whole == Read(parts[1], std::string_view("\0", 1)) || whole.broken);
  std::optional<RedisReply> before;
  for (const RedisReply& reply : whole.replies) {
    CheckJudgement(JudgeReplies(std::nullopt, reply));
    CheckJudgement(JudgeReplies(before, reply));
    if (IsFarewell(reply)) ZKC_CHECK(reply.type == RedisReply::Type::kError);
    before = reply;
  }
  for (const bool opened : {false, true}) CheckExchange(parts[1], parts[0], opened);
  return !whole.replies.empty() && !whole.broken;
}

const Target kTarget("redis-reply", TestOneInput);

}  // namespace zkcluster::fuzz::redis_reply_target
