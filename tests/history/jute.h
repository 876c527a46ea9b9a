// Reads ZooKeeper's serialisation (jute): big-endian numbers, strings and vectors with a length in
// front. Once the bytes end too early, ok() is false and every further value is empty. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace zkcluster::history {

class JuteReader {
 public:
  explicit JuteReader(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t offset() const { return at_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }

  [[nodiscard]] bool Bool() { return Number(1) != 0; }
  [[nodiscard]] std::int32_t Int() { return static_cast<std::int32_t>(Number(4)); }
  [[nodiscard]] std::int64_t Long() { return static_cast<std::int64_t>(Number(8)); }
  // A null buffer (length -1) is empty.
  [[nodiscard]] std::string_view Buffer() {
    const std::int32_t length = Int();
    return Take(length < 0 ? 0 : static_cast<std::size_t>(length));
  }
  [[nodiscard]] std::string Text() { return std::string(Buffer()); }
  // The number of elements that follow; a null vector has none. An element has at least a byte.
  [[nodiscard]] std::size_t Count() {
    const std::int32_t count = Int();
    if (count <= 0) return 0;
    if (static_cast<std::size_t>(count) > left()) ok_ = false;
    return ok_ ? static_cast<std::size_t>(count) : 0;
  }
  [[nodiscard]] std::string_view Take(std::size_t size) {
    if (!ok_ || size > left()) {
      ok_ = false;
      return {};
    }
    const std::string_view taken = bytes_.substr(at_, size);
    at_ += size;
    return taken;
  }

 private:
  std::uint64_t Number(std::size_t size) {
    std::uint64_t value = 0;
    for (const char c : Take(size)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace zkcluster::history
