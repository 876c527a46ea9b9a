#include <zkcluster/manager.h>

#include <mutex>
#include <utility>

#include "admin/cluster_admin.h"
#include "client/ask.h"
#include "client/client_thread.h"

namespace zkcluster {

class Manager::Impl {
 public:
  Impl(std::shared_ptr<ClientThread> thread, Duration timeout)
      : thread_(std::move(thread)), timeout_(timeout) {
    thread_->Post([editor = editor_, root = thread_->root()](EventLoop& loop, zk::Client& client) {
      *editor = std::make_unique<ClusterAdmin>(loop, client, root);
    });
  }
  ~Impl() {
    thread_->Post([editor = editor_](EventLoop&, zk::Client&) { editor->reset(); });
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] bool is_foreign() const { return thread_->is_foreign(); }

  // Runs `call` on the loop and waits for its answer. When the time is up, the editor gives up: it
  // knows whether a change may have been sent.
  template <class T>
  Result<T> Wait(std::function<void(ClusterAdmin&, ClusterAdmin::Done<T>)> call) {
    if (const auto may_wait = thread_->CheckWait("manager"); !may_wait) {
      return Fail(may_wait.error());
    }
    const std::lock_guard one_at_a_time(calls_);
    return Ask<T>(
        *thread_, timeout_,
        [editor = editor_, call = std::move(call)](EventLoop&, zk::Client&, auto done) {
          call(**editor, std::move(done));
        },
        [editor = editor_] { (*editor)->Abandon(); });
  }

 private:
  const std::shared_ptr<ClientThread> thread_;
  const Duration timeout_;
  std::mutex calls_;
  // Created, used and destroyed on the thread.
  const std::shared_ptr<std::unique_ptr<ClusterAdmin>> editor_ =
      std::make_shared<std::unique_ptr<ClusterAdmin>>();
};

Manager::Manager(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Manager::~Manager() {
  // Destroying it in a forked child would disturb the parent: see client_thread.h.
  if (impl_->is_foreign()) static_cast<void>(impl_.release());
}

Result<std::unique_ptr<Manager>> Manager::Open(const Client& client, Duration timeout) {
  if (timeout < std::chrono::milliseconds(1) || timeout > std::chrono::hours(1)) {
    return Fail(ErrorCode::kInvalid, "timeout: must be 1 ms to 1 h");
  }
  if (client.thread_->cannot_restrict()) return Fail(*client.thread_->cannot_restrict());
  if (client.thread_->is_foreign()) {
    return Fail(ErrorCode::kUnavailable, "this client belongs to the parent process");
  }
  return std::unique_ptr<Manager>(new Manager(std::make_unique<Impl>(client.thread_, timeout)));
}

Result<std::unique_ptr<Manager>> Manager::Open(ManagerOptions options) {
  const auto client = Client::Open({.zookeeper = std::move(options.zookeeper),
                                    .root = std::move(options.root),
                                    .access_file = std::move(options.access_file),
                                    .restricted = options.restricted});
  if (!client) return Fail(client.error());
  return Open(**client, options.timeout);
}

Result<std::uint64_t> Manager::Create(const ClusterSpec& spec) {
  return impl_->Wait<std::uint64_t>(
      [spec](auto& editor, auto done) { editor.Create(spec, std::move(done)); });
}

Result<std::uint64_t> Manager::Update(const ClusterSpec& spec) {
  return impl_->Wait<std::uint64_t>(
      [spec](auto& editor, auto done) { editor.Update(spec, std::move(done)); });
}

Result<void> Manager::Delete(std::string_view name, std::uint64_t version) {
  return impl_->Wait<void>([name = std::string(name), version](auto& editor, auto done) {
    editor.Delete(name, version, std::move(done));
  });
}

Result<ClusterSpec> Manager::Get(std::string_view name) {
  auto stored = impl_->Wait<StoredSpec>(
      [name = std::string(name)](auto& editor, auto done) { editor.Get(name, std::move(done)); });
  if (!stored) return Fail(stored.error());
  return std::move(stored->spec);
}

Result<std::vector<std::string>> Manager::List() {
  return impl_->Wait<std::vector<std::string>>(
      [](auto& editor, auto done) { editor.List(std::move(done)); });
}

namespace {

Result<void> Done(const Result<Ordered>& ordered) {
  if (!ordered) return Fail(ordered.error());
  return {};
}

}  // namespace

Result<bool> Manager::Pause(std::string_view name, const PauseOrder& order) {
  const auto ordered =
      impl_->Wait<Ordered>([name = std::string(name), order](auto& editor, auto done) {
        editor.Pause(name, order, std::move(done));
      });
  if (!ordered) return Fail(ordered.error());
  return ordered->found.pause.has_value();
}

Result<void> Manager::Resume(std::string_view name, std::string_view by) {
  return Done(impl_->Wait<Ordered>(
      [name = std::string(name), by = std::string(by)](auto& editor, auto done) {
        editor.Resume(name, by, std::move(done));
      }));
}

Result<void> Manager::Unfreeze(std::string_view name, bool accept, std::string_view by) {
  return Done(impl_->Wait<Ordered>(
      [name = std::string(name), accept, by = std::string(by)](auto& editor, auto done) {
        editor.Unfreeze(name, accept, by, std::move(done));
      }));
}

Result<std::vector<std::string>> Manager::Maintain(std::string_view name,
                                                   const MaintenanceOrder& order) {
  return impl_
      ->Wait<Ordered>([name = std::string(name), order](auto& editor, auto done) {
        editor.Maintain(name, order, std::move(done));
      })
      .map(MaintenanceChanges);
}

Result<std::vector<std::string>> Manager::EndMaintenance(std::string_view name,
                                                         const ShardChoice& shards,
                                                         std::string_view by) {
  return impl_
      ->Wait<Ordered>(
          [name = std::string(name), shards, by = std::string(by)](auto& editor, auto done) {
            editor.EndMaintenance(name, shards, by, std::move(done));
          })
      .map(MaintenanceChanges);
}

Result<void> Manager::Forget(std::string_view name, std::string_view id, std::string_view by) {
  return Done(impl_->Wait<Ordered>(
      [name = std::string(name), id = std::string(id), by = std::string(by)](
          auto& editor, auto done) { editor.Forget(name, id, by, std::move(done)); }));
}

}  // namespace zkcluster
