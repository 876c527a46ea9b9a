// Values to payloads and back, for every znode; those of a spec are in codec/spec_codec.h. Foreign
// bytes never throw and never kill: each Decode bounds size and depth, checks every field, and says
// what is wrong ("status chunk 3: row 7: expected a number"). The Go form is byte-compatible with
// the 2015 library: sorted keys, `<`, `>`, `&` escaped as \u003c, \u003e, \u0026 on writing; keys
// matched ignoring case and unknown keys ignored on reading. All Decode errors: kBadData. Pure.
//
// Bytes of a newer zkcluster are no error where they can be kept or ignored:
//   reasons       an unknown word is kept and written back (model/reason.h)
//   status rows   columns behind the seventh are ignored
//   events        an unknown kind is kept as its name and its bytes (model/journal.h)
//   ledger, registration   unknown keys are kept and written back, also in the parts of a ledger
//   other znodes  unknown keys are ignored
// What an older reader must not ignore has a word in the spec's Needs (UnknownNeeds). What a leader
// may write is a Format (codec/format.h).
#pragma once

#include <zkcluster/result.h>
#include <zkcluster/spec.h>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "codec/format.h"
#include "codec/spec_codec.h"
#include "model/ballot.h"
#include "model/board.h"
#include "model/journal.h"
#include "model/ledger.h"
#include "model/registration.h"

namespace zkcluster {

// --- The mirror (Go form of the status); shards that are unknown are left out ---
[[nodiscard]] std::string EncodeMirror(const std::vector<ShardSpec>& shards,
                                       const StatusBoard& board);
// A cheap lower bound of EncodeMirror's size, nearly exact: a mirror far above the limit need
// not be encoded.
[[nodiscard]] std::size_t LeastMirrorBytes(const std::vector<ShardSpec>& shards,
                                           const StatusBoard& board);
[[nodiscard]] Result<Mirror> DecodeMirror(std::string_view payload);

// --- Ours ---
[[nodiscard]] std::string EncodeBallot(const Ballot& ballot);
[[nodiscard]] Result<Ballot> DecodeBallot(std::string_view payload);

[[nodiscard]] std::string EncodeHead(const Head& head);
[[nodiscard]] Result<Head> DecodeHead(std::string_view payload);

// The rows [k * kChunkShards, ...) of the board; a k past the end gives an empty chunk.
[[nodiscard]] std::string EncodeChunk(const StatusBoard& board, std::size_t k,
                                      const Format& format = kFormats.front());
// At most kChunkShards rows.
[[nodiscard]] Result<std::vector<ShardState>> DecodeChunk(std::string_view payload);

[[nodiscard]] std::string EncodeRegistration(const Registration& registration);
[[nodiscard]] Result<Registration> DecodeRegistration(std::string_view payload);
[[nodiscard]] std::string EncodeLeader(const LeaderRecord& leader);
[[nodiscard]] Result<LeaderRecord> DecodeLeader(std::string_view payload);
[[nodiscard]] std::string EncodeLedger(const Ledger& ledger);
[[nodiscard]] Result<Ledger> DecodeLedger(std::string_view payload);
[[nodiscard]] std::string EncodeEvent(const Event& event);
[[nodiscard]] Result<Event> DecodeEvent(std::string_view payload);

}  // namespace zkcluster
