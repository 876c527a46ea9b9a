// A request that the library works on. Its NativeHandle keeps it until it is answered, so that none
// is forgotten. Only for native_handle.cc and native_requests.cc. Loop-bound.
#pragma once

#include <string>
#include <utility>

#include "zk/native_handle.h"

namespace zkcluster::zk {

struct NativeHandle::Call {
  Call(NativeHandle& h, std::string w) : handle(h), what(std::move(w)), sent(h.loop_.Now()) {}
  virtual ~Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  virtual void Fail(const Error& error) = 0;

  NativeHandle& handle;
  const std::string what;  // for messages
  const TimePoint sent;
  Calls::iterator position;
  std::string path;
  Watch watch;
};

}  // namespace zkcluster::zk
