// Takes a Redis server's replies out of a byte stream without storing more than the start of one
// line, however large or deep a hostile reply is. Each exchange of redis_protocol.cc has one.
// Adapter of hiredis' reader. Loop-bound.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct redisReader;

namespace zkcluster {

struct RedisReply {
  enum class Type : unsigned char { kStatus, kError, kOther };
  Type type = Type::kOther;
  std::string text;  // of a status or an error, at most 256 bytes
  bool operator==(const RedisReply&) const = default;
};

// One connection's stream of replies.
class ReplyReader {
 public:
  // Replies to AUTH and PING are much shorter; a server that sends more for one reply is not Redis.
  static constexpr std::size_t kMaxBytes = std::size_t{64} * 1024;

  ReplyReader();
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  void Feed(std::string_view bytes);
  // The next complete reply, if there is one.
  [[nodiscard]] std::optional<RedisReply> Next();
  // The bytes are not RESP, or too many: the stream cannot be used further.
  [[nodiscard]] bool broken() const { return broken_; }
  // True if no incomplete reply is buffered.
  [[nodiscard]] bool empty() const { return pending_bytes_ == 0; }

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };
  RedisReply current_;
  std::unique_ptr<redisReader, Free> reader_;
  std::size_t pending_bytes_ = 0;
  bool broken_ = false;
};

}  // namespace zkcluster
