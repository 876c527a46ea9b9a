// Decides which address is tried when, and for how long. A round asks for all names again and tries
// every address once, in a new random order; after a round without success there is a growing
// pause. The names have a moment to answer: the last good addresses of those that do not are tried,
// and a round begins without those that have none as soon as there are others. The connector creates the handle when there is none, and opens its sockets; the caller
// watches them and reports the results. Loop-bound.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/event_loop.h"
#include "base/log.h"
#include "names/name_book.h"
#include "names/system_names.h"
#include "text/address.h"
#include "zk/native_client.h"
#include "zk/native_handle.h"

namespace zkcluster::zk {

class Connector {
 public:
  // `wake` asks for a call of Advance soon. All references must outlive the connector.
  Connector(EventLoop& loop, Logger& logger, Inbox& inbox, const NativeClientOptions& options,
            std::function<void()> wake);

  // Takes the next step if one is due: resolves the names, creates the handle, opens a socket, or
  // breaks off an attempt that takes too long.
  void Advance(std::unique_ptr<NativeHandle>& handle);
  // When Advance is due again; TimePoint::max(): only after the next event.
  [[nodiscard]] TimePoint NextStep(const NativeHandle* handle) const;

  void Connected();
  // After Connected. A connection that did not last counts as a failed attempt.
  void Broken();
  void AttemptFailed();
  void Refused();  // the server refused our credentials, and would do so again at once
  void HandleDropped() { round_left_ = 0; }

  // When the newest attempt began: a session resumed by it is at least that fresh.
  [[nodiscard]] TimePoint attempt_began() const { return attempt_began_; }

 private:
  // The names of one round, being asked for.
  struct Round {
    TimePoint enough{};  // what is known then is used
    TimePoint deadline{};
    std::vector<NameBook::Asking> questions;
    std::vector<Address> unanswered;
    std::vector<Address> addresses;     // hosts are IP literals; no duplicates
    std::vector<std::string> failures;  // "name: reason"
    void Add(Address address);
    [[nodiscard]] bool IsReady(TimePoint now) const {
      return unanswered.empty() || now >= deadline || (now >= enough && !addresses.empty());
    }
    // When IsReady changes although nothing is answered.
    [[nodiscard]] TimePoint NextChange() const {
      if (unanswered.empty()) return TimePoint::min();
      return took_known && addresses.empty() ? deadline : enough;
    }
    bool took_known = false;  // the last good addresses of those that are unanswered
  };

  void Ask();
  void Answered(const Address& name, const NameState& state);
  void TakeKnown();
  void TakeAnswer(std::unique_ptr<NativeHandle>& handle);
  void RoundFailed(std::string_view error);
  [[nodiscard]] TimePoint Deadline(NativeHandle::Link link) const;

  EventLoop& loop_;
  Logger& logger_;
  Inbox& inbox_;
  const NativeClientOptions& options_;
  const std::function<void()> wake_;
  std::vector<Address> names_;
  Backoff backoff_;

  std::unique_ptr<SystemNames> own_names_;  // null: those of the options
  NameBook& book_;
  std::unique_ptr<Round> asking_;
  std::vector<std::string> endpoints_;  // of this round, sorted
  std::size_t round_left_ = 0;          // attempts; 0: resolve the names first

  int failed_rounds_ = 0;  // since the last connection
  TimePoint next_attempt_ = TimePoint::min();
  TimePoint attempt_began_ = TimePoint::min();
  TimePoint connected_at_ = TimePoint::min();
  TimePoint next_log_ = TimePoint::min();
};

}  // namespace zkcluster::zk
