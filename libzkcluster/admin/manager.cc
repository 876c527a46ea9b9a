#include <zkcluster/manager.h>

#include <condition_variable>
#include <mutex>
#include <utility>

#include "admin/cluster_admin.h"
#include "client/client_thread.h"
#include "model/paths.h"
#include "zk/identity.h"

namespace zkcluster {

class Manager::Impl {
 public:
  Impl(zk::NativeClientOptions client_options, std::string root, Duration timeout)
      : root_(std::move(root)),
        timeout_(timeout),
        thread_(std::move(client_options), {[this](EventLoop& loop, zk::Client& client) {
                                              editor_ = std::make_unique<ClusterAdmin>(loop, client,
                                                                                       root_);
                                            },
                                            [this] { editor_.reset(); }}) {}

  Result<void> Start() { return thread_.Start(); }
  [[nodiscard]] bool is_foreign() const { return thread_.is_foreign(); }

  // Runs `call` on the loop and waits for its answer. When the time is up the editor is told to
  // give up: it knows whether a change may have been sent.
  template <class T>
  Result<T> Wait(std::function<void(ClusterAdmin&, ClusterAdmin::Done<T>)> call) {
    struct Answer {
      std::mutex mutex;
      std::condition_variable arrived;
      std::optional<Result<T>> result;
    };
    if (is_foreign()) {
      return Fail(ErrorCode::kUnavailable, "this manager belongs to the parent process");
    }
    const std::lock_guard one_at_a_time(calls_);
    const auto answer = std::make_shared<Answer>();
    thread_.Post([this, answer, call = std::move(call)] {
      call(*editor_, [answer](Result<T> result) {
        const std::lock_guard lock(answer->mutex);
        answer->result = std::move(result);
        answer->arrived.notify_all();
      });
    });
    std::unique_lock lock(answer->mutex);
    const auto arrived = [&] { return answer->result.has_value(); };
    if (!answer->arrived.wait_for(lock, timeout_, arrived)) {
      thread_.Post([this] { editor_->Abandon(); });
      answer->arrived.wait(lock, arrived);
    }
    return std::move(*answer->result);
  }

 private:
  const std::string root_;
  const Duration timeout_;
  std::mutex calls_;
  std::unique_ptr<ClusterAdmin> editor_;  // of the thread
  ClientThread thread_;                   // last: it ends before what it uses
};

Manager::Manager(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Manager::~Manager() {
  // Taking it apart in a forked child would disturb the parent: see client_thread.h.
  if (impl_->is_foreign()) static_cast<void>(impl_.release());
}

Result<std::unique_ptr<Manager>> Manager::Open(ManagerOptions options) {
  zk::NativeClientOptions client_options;
  auto servers = zk::ParseServers(options.zookeeper);
  if (!servers) return Fail(servers.error().Within("zookeeper"));
  client_options.servers = std::move(*servers);
  if (const auto valid = ValidateRoot(options.root); !valid)
    return Fail(valid.error().Within("root"));
  if (options.timeout < std::chrono::milliseconds(1) || options.timeout > std::chrono::hours(1)) {
    return Fail(ErrorCode::kInvalid, "timeout: must be 1 ms to 1 h");
  }
  auto identity = zk::LoadIdentity(
      options.access_file, options.restricted && !options.access_file.empty(), options.root);
  if (!identity) return Fail(identity.error());
  client_options.identity = *std::move(identity);
  auto impl =
      std::make_unique<Impl>(std::move(client_options), std::move(options.root), options.timeout);
  if (const auto started = impl->Start(); !started) return Fail(started.error());
  return std::unique_ptr<Manager>(new Manager(std::move(impl)));
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
  const auto deleted =
      impl_->Wait<std::monostate>([name = std::string(name), version](auto& editor, auto done) {
        editor.Delete(name, version, std::move(done));
      });
  if (!deleted) return Fail(deleted.error());
  return {};
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
