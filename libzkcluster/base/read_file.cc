#include "base/read_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace zkcluster {

Result<std::string> ReadFile(const std::string& path, std::size_t limit) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const int reason = errno;
    return Fail(reason == ENOENT ? ErrorCode::kNotFound : ErrorCode::kInvalid,
                path + ": " + (reason ? std::strerror(reason) : "cannot be opened"));
  }
  std::string text;
  char buffer[65536];
  // A folder can be opened; only reading it fails.
  while (file.read(buffer, sizeof buffer) || file.gcount() > 0) {
    text.append(buffer, static_cast<std::size_t>(file.gcount()));
    if (text.size() > limit) {
      return Fail(ErrorCode::kTooLarge, path + ": larger than " + std::to_string(limit) + " bytes");
    }
  }
  if (file.bad() || (!file.eof() && file.fail())) {
    const int reason = errno;
    return Fail(ErrorCode::kInvalid,
                path + ": " + (reason ? std::strerror(reason) : "cannot be read"));
  }
  return text;
}

}  // namespace zkcluster
