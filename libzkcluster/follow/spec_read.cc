#include "follow/spec_read.h"

#include <memory>
#include <utility>

#include "codec/codec.h"

namespace zkcluster {
namespace {

// A reader that meets a change reads again; no operator makes ten changes within ten round trips.
constexpr int kMaxRounds = 10;

struct Reading : std::enable_shared_from_this<Reading> {
  Reading(zk::Client& c, ClusterPaths p, std::function<void(Result<RawSpec>)> d)
      : client(c), paths(std::move(p)), done(std::move(d)) {}

  void Start() {
    client.Sync(paths.base(), [self = shared_from_this()](Result<void> synced) {
      if (!synced) return self->done(Fail(synced.error().Within("sync " + self->paths.base())));
      self->Round();
    });
  }

  // The session answers in order, so all values are there when the last answer comes.
  void Round() {
    raw = {};
    error.reset();
    ++rounds;
    ReadInto(paths.base(), raw.base);
    ReadInto(paths.shards(), raw.shards);
    ReadInto(paths.options(), raw.options);
    client.Exists(
        paths.base(), {}, [self = shared_from_this()](Result<std::optional<zk::Stat>> stat) {
          if (!stat) return self->done(Fail(stat.error().Within("read " + self->paths.base())));
          if (self->error) return self->done(Fail(*self->error));
          const bool unchanged =
              stat->has_value() == self->raw.base.has_value() &&
              (!stat->has_value() || (*stat)->mzxid == self->raw.base->stat.mzxid);
          if (unchanged) return self->done(std::move(self->raw));
          if (self->rounds >= kMaxRounds) {
            return self->done(
                Fail(ErrorCode::kConflict,
                     "cluster \"" + self->paths.name() + "\" changes faster than it can be read"));
          }
          self->Round();
        });
  }

  void ReadInto(const std::string& path, std::optional<zk::Node>& target) {
    client.Get(path, {}, [self = shared_from_this(), path, &target](Result<zk::Node> node) {
      if (node) {
        target = std::move(*node);
      } else if (node.error().code != ErrorCode::kNotFound && !self->error) {
        self->error = node.error().Within("read " + path);
      }
    });
  }

  zk::Client& client;
  ClusterPaths paths;
  std::function<void(Result<RawSpec>)> done;
  RawSpec raw;
  std::optional<Error> error;
  int rounds = 0;
};

}  // namespace

bool RawSpec::FromOneWrite() const {
  return base && shards && options && base->stat.mzxid == shards->stat.mzxid &&
         base->stat.mzxid == options->stat.mzxid;
}

bool RawSpec::NeedsNewer() const {
  return options && !UnknownNeeds(options->data).empty();
}

Result<StoredSpec> DecodeStoredSpec(std::string_view name, const RawSpec& raw) {
  const std::string quoted = "cluster \"" + std::string(name) + "\"";
  if (!raw.base) return Fail(ErrorCode::kNotFound, "no " + quoted);
  if (!raw.shards || !raw.options) {
    return Fail(ErrorCode::kBadData,
                quoted + " is incomplete: its znode has no " + (raw.shards ? "options" : "shards"));
  }
  auto spec = DecodeSpec(name, {raw.base->data, raw.shards->data, raw.options->data});
  if (!spec) {
    Error error = spec.error().Within(quoted);
    // The decoder may say kInvalid or kTooLarge. For a reader, stored bytes that break a rule
    // are bad bytes.
    error.code = ErrorCode::kBadData;
    return Fail(std::move(error));
  }
  StoredSpec stored;
  stored.spec = std::move(*spec);
  stored.incarnation = raw.base->stat.czxid;
  stored.id = {stored.spec.version, raw.shards->stat.mzxid};
  stored.base_version = raw.base->stat.version;
  stored.shards_version = raw.shards->stat.version;
  stored.options_version = raw.options->stat.version;
  stored.from_one_write = raw.FromOneWrite();
  return stored;
}

void ReadRawSpec(zk::Client& client, ClusterPaths paths,
                 std::function<void(Result<RawSpec>)> done) {
  std::make_shared<Reading>(client, std::move(paths), std::move(done))->Start();
}

}  // namespace zkcluster
