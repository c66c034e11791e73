#include "harness/live/tier/run_memory.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace barnacle {
namespace {

constexpr std::size_t kMostStarts = 4096;

constexpr std::array<std::string_view, 8> kWhenAndWhich = {
    "resourceVersion",    "uid",       "creationTimestamp", "lastHeartbeatTime",
    "lastTransitionTime", "startTime", "startedAt",         "finishedAt"};

void strip(nlohmann::json& value) {
  if (value.is_object()) {
    for (const std::string_view key : kWhenAndWhich) value.erase(std::string(key));
  }
  if (value.is_structured()) {
    for (nlohmann::json& below : value) strip(below);
  }
}

}  // namespace

Hash128 hash_of_answer(const ApiResponse& response) {
  Hasher hasher;
  hasher.add(static_cast<std::uint64_t>(response.status));
  auto body = nlohmann::json::parse(response.body, nullptr, false);
  if (body.is_discarded()) return hasher.add(std::string_view(response.body)).finish();
  strip(body);
  return hasher.add(std::string_view(body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))).finish();
}

bool RunMemory::ask_again(const Run& run, std::size_t exchanges, Cluster& cluster) {
  Cluster asked = cluster;
  for (std::size_t i = 0; i < exchanges; ++i) {
    if (!(hash_of_answer(handle(asked, run.exchanges[i].request)) == run.exchanges[i].answer)) return false;
  }
  cluster = std::move(asked);
  return true;
}

std::vector<RunMemory::Kept> RunMemory::of(Hash128 start) const {
  const auto found = runs_.find(start);
  return found == runs_.end() ? std::vector<Kept>{} : found->second;
}

RunMemory::Kept RunMemory::recall(Hash128 start, Cluster& cluster) const {
  for (const Kept& run : of(start)) {
    if (ask_again(*run, run->exchanges.size(), cluster)) return run;
  }
  return nullptr;
}

void RunMemory::keep(Hash128 start, Kept run) {
  if (runs_.size() >= kMostStarts) runs_.clear();
  runs_[start].push_back(std::move(run));
}

}  // namespace barnacle
