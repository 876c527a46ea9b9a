#include "tests/fakes/tomorrow.h"

#include <utility>

#include "codec/json_writer.h"
#include "model/board.h"

namespace zkcluster::sim {
namespace {

constexpr std::string_view kColumn = "Column8";

class ProberOfTomorrow final : public Prober {
 public:
  explicit ProberOfTomorrow(std::unique_ptr<Prober> prober) : prober_(std::move(prober)) {}

  void AddTarget(TargetId id, ProbeTarget target, std::function<void()> hint) override {
    prober_->AddTarget(id, std::move(target), std::move(hint));
  }
  void RemoveTarget(TargetId id) override { prober_->RemoveTarget(id); }
  void Start(TargetId id, Duration timeout, std::function<void(const ProbeResult&)> done) override {
    prober_->Start(id, timeout, [done = std::move(done)](const ProbeResult& result) {
      ProbeResult future = result;
      if (future.reason == Reason::kLoading) future.reason = ReasonOf(kReasonOfTomorrow);
      done(future);
    });
  }
  void Prefetch(TargetId id) override { prober_->Prefetch(id); }
  void Abandon(TargetId id) override { prober_->Abandon(id); }

 private:
  std::unique_ptr<Prober> prober_;
};

}  // namespace

void WriteColumnOfTomorrow(JsonWriter& row, const ShardState& state) {
  row.Open('{').Key(kColumn).Open('[').Number(static_cast<int>(state.status)).Close(']').Close('}');
}

bool HasColumnOfTomorrow(std::string_view chunk) {
  return chunk.find(kColumn) != std::string_view::npos;
}

std::unique_ptr<Prober> NewProberOfTomorrow(std::unique_ptr<Prober> prober) {
  return std::make_unique<ProberOfTomorrow>(std::move(prober));
}

}  // namespace zkcluster::sim
