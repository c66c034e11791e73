#include "harness/cli/fast_check.h"

#include <fmt/format.h>

#include <algorithm>

namespace barnacle {
namespace {

constexpr std::uint64_t kOneIn = 20;

}  // namespace

std::string difference_of(const Timeline& first, const Timeline& second) {
  for (std::size_t i = 0; i < std::min(first.steps.size(), second.steps.size()); ++i) {
    if (first.steps[i].digest == second.steps[i].digest) continue;
    return fmt::format("two plays differ at step {}: digest {} and {}", i + 1, to_hex(first.steps[i].digest),
                       to_hex(second.steps[i].digest));
  }
  if (first.digest == second.digest) return "";
  return fmt::format("two plays differ: digest {} and {}", to_hex(first.digest), to_hex(second.digest));
}

FastCheck::FastCheck(std::unique_ptr<const Catalogue> slow, VersionPtr subject, std::uint64_t seed)
    : slow_(std::move(slow)), subject_(std::move(subject)), seed_(seed) {}

Lab& FastCheck::lab_of_this_thread() {
  const std::scoped_lock guard(mutex_);
  std::unique_ptr<Lab>& lab = labs_[std::this_thread::get_id()];
  lab = std::make_unique<Lab>(*slow_);  // anew for each sequence, as a campaign's own
  return *lab;
}

void FastCheck::look_at(std::uint64_t index, const Scenario& scenario, const Timeline& fast) {
  if (Hasher().add(seed_).add(index).finish().low % kOneIn != 0) return;
  ++count_;
  const auto slow = replay(lab_of_this_thread(), subject_, scenario, {});
  const std::string what = slow ? difference_of(*slow, fast) : slow.error();
  if (what.empty()) return;
  const std::scoped_lock guard(mutex_);
  if (!difference_)
    difference_ = {fmt::format("sequence {} with the real tools and with --fast: {}", index, what), scenario};
}

std::optional<FastCheck::Difference> FastCheck::difference() const {
  const std::scoped_lock guard(mutex_);
  return difference_;
}

}  // namespace barnacle
