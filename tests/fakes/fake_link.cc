#include "tests/fakes/fake_link.h"

#include <algorithm>

#include "tests/fakes/fake_server.h"

namespace zkcluster::sim {

TimePoint Wire::NextToServer(Link& link) {
  const Duration latency = world_.Between(min_latency_, max_latency_);
  return link.last_to_server =
             std::max(link.last_to_server, world_.now() + link.channel->send_delay + latency);
}

TimePoint Wire::NextToClient(Link& link, Duration delay) {
  const Duration latency = world_.Between(min_latency_, max_latency_);
  return link.last_to_client = std::max(link.last_to_client, world_.now() + delay + latency);
}

void Wire::Close(const std::shared_ptr<Link>& link) {
  if (!link->server_open) return;
  link->server_open = false;
  link->server->Forget(link);
}

void Wire::HangUp(const std::shared_ptr<Link>& link) {
  if (!link->server_open) return;
  Close(link);
  ToClient(link, [link](ClientEnd& client) { client.OnBroken(link); });
}

void Wire::Break(const std::shared_ptr<Link>& link) {
  if (link->client_cut != TimePoint::max()) return;
  const TimePoint now = world_.now();
  const auto cut = [&](TimePoint last) {
    if (last <= now) return now;
    return now + world_.Between(Duration::zero(), std::min(last - now, max_latency_));
  };
  link->server_cut = cut(link->last_to_server);
  link->client_cut = cut(link->last_to_client);
  world_.At(link->server_cut, nullptr, [link] { Close(link); });
  if (link->channel->loop == nullptr) return;
  world_.At(link->client_cut, link->channel->loop, [link] {
    if (link->channel->link != link) return;
    if (const auto client = link->channel->client.lock()) client->OnBroken(link);
  });
}

void Pipe::Send(std::function<void()> message) {
  last_arrival_ =
      std::max(last_arrival_, world_.now() + world_.Between(min_latency_, max_latency_));
  messages_.push_back({last_arrival_, std::move(message)});
  if (event_ == 0) Arm();
}

void Pipe::Hold(bool held) {
  if (held_ == held) return;
  held_ = held;
  Arm();
}

void Pipe::SetDelay(Duration delay) {
  if (delay_ == delay) return;
  delay_ = delay;
  Arm();
}

void Pipe::Clear() {
  messages_.clear();
  last_arrival_ = TimePoint::min();
  Arm();
}

void Pipe::Arm() {
  world_.Cancel(std::exchange(event_, 0));
  if (held_ || delivering_ || messages_.empty()) return;
  event_ = world_.At(messages_.front().arrival + delay_, nullptr, [this] {
    event_ = 0;
    Deliver();
  });
}

void Pipe::Deliver() {
  delivering_ = true;
  while (!held_ && !messages_.empty() && messages_.front().arrival + delay_ <= world_.now()) {
    const auto run = std::move(messages_.front().run);
    messages_.pop_front();
    run();
  }
  delivering_ = false;
  Arm();
}

}  // namespace zkcluster::sim
