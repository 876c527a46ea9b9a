#include <algorithm>
#include <cstddef>

#include "codec/codec.h"
#include "codec/codec_fields.h"

namespace zkcluster {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string EncodeBase64(const std::vector<unsigned char>& bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < have ? bytes[i + k] : std::uint32_t{0});
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= have ? kBase64[(group >> (18 - 6 * k)) & 0x3f] : '=';
    }
  }
  return out;
}

// Accepts only the canonical form of exactly `size` bytes, so that a ballot has one text.
std::optional<std::vector<unsigned char>> DecodeBase64(std::string_view text, std::size_t size) {
  if (text.size() != (size + 2) / 3 * 4) return std::nullopt;
  std::vector<unsigned char> bytes;
  bytes.reserve(size + 2);
  const std::size_t padding = (3 - size % 3) % 3;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const bool is_padding = i + k >= text.size() - padding;
      const std::size_t digit = is_padding ? 0 : kBase64.find(text[i + k]);
      if (digit == std::string_view::npos || (is_padding && text[i + k] != '='))
        return std::nullopt;
      group = group << 6 | static_cast<std::uint32_t>(digit);
    }
    for (const int shift : {16, 8, 0}) bytes.push_back(static_cast<unsigned char>(group >> shift));
  }
  for (std::size_t i = size; i < bytes.size(); ++i) {
    if (bytes[i] != 0) return std::nullopt;
  }
  bytes.resize(size);
  return bytes;
}

bool HasReason(const Vote& vote) {
  return vote.opinion == Opinion::kDead || vote.opinion == Opinion::kUnknown;
}

void WriteFirst(JsonWriter& json, const std::vector<Vote>& votes) {
  const auto is_first = [](const Vote& vote) { return vote.first; };
  auto run = std::find_if(votes.begin(), votes.end(), is_first);
  if (run == votes.end()) return;
  json.Key("First").Open('[');
  while (run != votes.end()) {
    const auto end = std::find_if_not(run, votes.end(), is_first);
    json.Open('[').Number(run - votes.begin()).Number(end - run).Close(']');
    run = std::find_if(end, votes.end(), is_first);
  }
  json.Close(']');
}

// Runs are in order, apart from each other, and about unknown opinions only.
void ReadFirst(const JsonFields& fields, std::vector<Vote>& votes, JsonProblem& problem) {
  const Json* const runs = fields.Array("First", false);
  if (runs == nullptr) return;
  std::int64_t next = 0;
  const auto all = static_cast<std::int64_t>(votes.size());
  for (const Json& run : *runs) {
    if (!run.is_array() || run.size() != 2) return problem.Add("First", "expected [place, count]");
    const std::int64_t from = ReadInteger(run[0], "First", next, all, problem);
    const std::int64_t count = ReadInteger(run[1], "First", 1, all - from, problem);
    if (problem.found()) return;
    next = from + count;
    for (std::int64_t i = from; i < next; ++i) {
      Vote& vote = votes[static_cast<std::size_t>(i)];
      if (vote.opinion != Opinion::kUnknown) {
        return problem.Add("First", "a shard that is not unknown");
      }
      vote.first = true;
    }
  }
}

void WriteReturning(JsonWriter& json, const std::vector<ReturningServer>& servers) {
  if (servers.empty()) return;
  json.Key("Returning").Open('[');
  for (const ReturningServer& each : servers) {
    json.Open('[').Number(each.server).Number(each.required).Number(each.good).Close(']');
  }
  json.Close(']');
}

void ReadReturning(const JsonFields& fields, Ballot& ballot, JsonProblem& problem) {
  const Json* const rows = fields.Array("Returning", false);
  if (rows == nullptr) return;
  std::int64_t next = 0;
  const auto last = static_cast<std::int64_t>(ballot.votes.size()) - 1;
  for (const Json& row : *rows) {
    if (!row.is_array() || row.size() != 3) {
      return problem.Add("Returning", "expected [place, required, good]");
    }
    const std::int64_t server = ReadInteger(row[0], "Returning", next, last, problem);
    const std::int64_t required = ReadInteger(row[1], "Returning", 0, kMaxPenalty, problem);
    const std::int64_t good = ReadInteger(row[2], "Returning", 0, kMaxPenalty, problem);
    if (problem.found()) return;
    next = server + 1;
    ballot.returning.push_back(
        {static_cast<std::size_t>(server), static_cast<int>(required), static_cast<int>(good)});
  }
}

}  // namespace

// {"Spec":1795228044224923,"ShardsZxid":42,"Writes":7,"Shards":4,"Votes":"mQ==",
//  "Reasons":[["timeout",3],["refused",1]],"First":[[2,1]],"Returning":[[1,16,3]],"Rack":"r1"}
// Votes:   two bits a shard in spec order, four shards a byte, the first in the lowest bits, unused
//          bits 0; 0 not probed, 1 alive, 2 dead, 3 unknown.
// Reasons: run-length list over the shards that are dead or unknown, in spec order.
// First:   the votes that are `first`, as runs: place of the first shard, number of shards. Left out
//          where there is none. A reader that does not know it takes them for unknown.
// Returning: flapping shards that are not alive, in order: place, good probes in a row that it needs,
//          and has. Left out where there is none.
// 20,000 shards take 6.7 kB, and a few bytes for each run of equal reasons.
std::string EncodeBallot(const Ballot& ballot) {
  std::vector<unsigned char> opinions((ballot.votes.size() + 3) / 4);
  for (std::size_t i = 0; i < ballot.votes.size(); ++i) {
    const auto bits = static_cast<unsigned>(ballot.votes[i].opinion) << (i % 4 * 2);
    opinions[i / 4] = static_cast<unsigned char>(opinions[i / 4] | bits);
  }
  JsonWriter json;
  json.Open('{');
  WriteSpecId(json, ballot.spec);
  json.Key("Writes").Number(ballot.writes).Key("Shards").Number(ballot.votes.size());
  json.Key("Votes").Text(EncodeBase64(opinions)).Key("Reasons").Open('[');
  std::size_t run = 0;
  Reason reason = Reason::kNone;
  const auto end_run = [&] {
    if (run > 0) json.Open('[').Text(ReasonName(reason)).Number(run).Close(']');
    run = 0;
  };
  for (const Vote& vote : ballot.votes) {
    if (!HasReason(vote)) continue;
    if (vote.reason != reason) end_run();
    reason = vote.reason;
    ++run;
  }
  end_run();
  json.Close(']');
  WriteFirst(json, ballot.votes);
  WriteReturning(json, ballot.returning);
  if (!ballot.rack.empty()) json.Key("Rack").Text(ballot.rack);
  json.Close('}');
  return json.Take();
}

Result<Ballot> DecodeBallot(std::string_view payload) {
  return DecodeObject<Ballot>(payload, [](const JsonFields& fields, JsonProblem& problem) {
    Ballot ballot;
    ballot.spec = ReadSpecId(fields);
    ballot.writes = static_cast<std::uint64_t>(fields.Integer("Writes"));
    // Bounded before anything is allocated for it.
    const auto shards = static_cast<std::size_t>(fields.Integer("Shards", kMaxShards));
    const auto opinions = DecodeBase64(fields.Text("Votes"), (shards + 3) / 4);
    const Json* const runs = fields.Array("Reasons");
    ballot.rack = fields.Text("Rack", "");
    if (!opinions) problem.Add("Votes", "expected base64 of the opinions on all shards");
    if (problem.found()) return ballot;

    ballot.votes.resize(shards);
    for (std::size_t i = 0; i < opinions->size() * 4; ++i) {
      const unsigned bits = (*opinions)[i / 4] >> (i % 4 * 2) & 3u;
      if (i < shards) {
        ballot.votes[i].opinion = static_cast<Opinion>(bits);
      } else if (bits != 0) {
        problem.Add("Votes", "opinions on more shards than there are");
      }
    }
    std::size_t next = 0;
    const auto skip_to_reason = [&] {
      while (next < shards && !HasReason(ballot.votes[next])) ++next;
    };
    for (const Json& run : *runs) {
      if (!run.is_array() || run.size() != 2) {
        problem.Add("Reasons", "expected [reason, count]");
        return ballot;
      }
      const Reason reason = ReadReason(run[0], "Reasons", problem);
      const auto count =
          ReadInteger(run[1], "Reasons", 1, static_cast<std::int64_t>(shards), problem);
      for (std::int64_t n = 0; n < count && !problem.found(); ++n) {
        skip_to_reason();
        if (next == shards) {
          problem.Add("Reasons", "more of them than shards that are dead or unknown");
        } else {
          ballot.votes[next++].reason = reason;
        }
      }
      if (problem.found()) return ballot;
    }
    skip_to_reason();
    if (next != shards)
      problem.Add("Reasons", "fewer of them than shards that are dead or unknown");
    ReadFirst(fields, ballot.votes, problem);
    ReadReturning(fields, ballot, problem);
    return ballot;
  });
}

}  // namespace zkcluster
