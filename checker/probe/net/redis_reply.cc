#include "checker/probe/net/redis_reply.h"

#include <hiredis/read.h>

#include <algorithm>

namespace zkcluster {
namespace {

constexpr std::size_t kMaxText = 256;

// The reader wants an object per value. Only the type and text of the top one matter, and they are
// kept beside it: a server's claim ("*1000000000") causes no allocation.
char g_sentinel;

void* KeepText(const redisReadTask* task, char* text, std::size_t size) {
  if (task->parent == nullptr) {
    auto* reply = static_cast<RedisReply*>(task->privdata);
    reply->type = task->type == REDIS_REPLY_STATUS  ? RedisReply::Type::kStatus
                  : task->type == REDIS_REPLY_ERROR ? RedisReply::Type::kError
                                                    : RedisReply::Type::kOther;
    reply->text.assign(text, std::min(size, kMaxText));
  }
  return &g_sentinel;
}
void* KeepOther(const redisReadTask* task) {
  if (task->parent == nullptr) *static_cast<RedisReply*>(task->privdata) = RedisReply{};
  return &g_sentinel;
}
void* KeepArray(const redisReadTask* task, int) {
  return KeepOther(task);
}
void* KeepInteger(const redisReadTask* task, long long) {
  return KeepOther(task);
}

redisReplyObjectFunctions g_functions = {
    .createString = KeepText,
    .createArray = KeepArray,
    .createInteger = KeepInteger,
    .createNil = KeepOther,
    .freeObject = [](void*) {},
};

}  // namespace

void ReplyReader::Free::operator()(redisReader* reader) const {
  redisReaderFree(reader);
}

ReplyReader::ReplyReader() : reader_(redisReaderCreateWithFunctions(&g_functions)) {
  // Without memory there is no reader; the stream then counts as broken, and the next
  // probe tries again.
  broken_ = reader_ == nullptr;
  if (reader_) reader_->privdata = &current_;
}

ReplyReader::~ReplyReader() = default;

void ReplyReader::Feed(std::string_view bytes) {
  if (broken_) return;
  pending_bytes_ += bytes.size();
  if (pending_bytes_ > kMaxBytes ||
      redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK) {
    broken_ = true;
  }
}

std::optional<RedisReply> ReplyReader::Next() {
  if (broken_ || pending_bytes_ == 0) return std::nullopt;
  void* object = nullptr;
  if (redisReaderGetReply(reader_.get(), &object) != REDIS_OK) {
    broken_ = true;
    return std::nullopt;
  }
  if (object == nullptr) return std::nullopt;
  // The reader may drop consumed bytes from its buffer at any time: the rest is what follows `pos`.
  pending_bytes_ = reader_->len - reader_->pos;
  return current_;
}

}  // namespace zkcluster
