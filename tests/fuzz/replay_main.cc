// Runs a fuzz target over files instead of making up inputs: fuzz-replay NAME FOLDER|FILE... A target that
// no longer accepts anything tests nothing, so files named good-* must be accepted and those named
// bad-* refused; for others only the target's own checks count.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "tests/fuzz/target.h"

namespace {

std::string ReadBytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int count, char** arguments) {
  const zkcluster::fuzz::Target* const target =
      count > 1 ? zkcluster::fuzz::Target::Find(arguments[1]) : nullptr;
  if (target == nullptr) {
    std::fprintf(stderr, "usage: fuzz-replay NAME FOLDER|FILE...     NAME: such as ballot\n");
    return 64;
  }
  std::vector<std::filesystem::path> files;
  for (int i = 2; i < count; ++i) {
    if (!std::filesystem::is_directory(arguments[i])) {
      files.emplace_back(arguments[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  int accepted = 0;
  int wrong = 0;
  for (const auto& file : files) {
    // Printed before: after a crash the last line says which file it was.
    std::printf("%s\n", file.filename().c_str());
    std::fflush(stdout);
    const std::string bytes = ReadBytes(file);
    // Of that very size, so that a sanitizer sees a read past the end.
    const std::unique_ptr<char[]> input(new char[bytes.size()]);
    std::memcpy(input.get(), bytes.data(), bytes.size());
    const bool good = target->Accepts({input.get(), bytes.size()});
    accepted += good ? 1 : 0;
    const std::string name = file.filename();
    if ((name.starts_with("good-") && !good) || (name.starts_with("bad-") && good)) {
      std::printf("  was %s\n", good ? "accepted" : "refused");
      ++wrong;
    }
  }
  std::printf("%zu files, %d accepted, %d otherwise than named\n", files.size(), accepted, wrong);
  return files.empty() || wrong > 0 ? 1 : 0;
}
