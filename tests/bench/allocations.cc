// Preloaded into a checker (LD_PRELOAD), it counts calls of malloc, calloc and realloc in a file
// that the benchmark reads while the checker runs. ZKC_ALLOCATIONS names the file; it holds two
// numbers of 64 bits, for the main thread and for all others. Nothing else changes: the calls go
// on to glibc.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
}

namespace {

using Counts = std::array<std::atomic<std::uint64_t>, 2>;

std::atomic<Counts*> g_counts = nullptr;

__attribute__((constructor)) void OpenCounts() {
  const char* const path = std::getenv("ZKC_ALLOCATIONS");
  if (path == nullptr) return;
  const int fd = ::open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* const map = ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (map != MAP_FAILED) g_counts = static_cast<Counts*>(map);
}

void Count() {
  Counts* const counts = g_counts.load(std::memory_order_relaxed);
  if (counts == nullptr) return;
  thread_local const std::size_t which = ::gettid() == ::getpid() ? 0 : 1;
  (*counts)[which].fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) {
  Count();
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  Count();
  return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
  Count();
  return __libc_realloc(block, size);
}

}  // extern "C"
