#include "harness/scenario/choices.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace barnacle {
namespace {

// Bytes that hold every value below `bound`.
int width_of(std::uint64_t bound) { return (std::bit_width(bound - 1) + 7) / 8; }

void check_bound(std::uint64_t bound) { check(bound > 0, "a choice among nothing"); }

}  // namespace

std::size_t Choices::weighted(std::span<const std::uint32_t> weights) {
  const std::uint64_t total = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
  std::uint64_t rest = draw(total);
  std::size_t index = 0;
  while (rest >= weights[index]) rest -= weights[index++];
  return index;
}

std::uint64_t SeededChoices::draw(std::uint64_t bound) {
  check_bound(bound);
  return bound == 1 ? 0 : random_.below(bound);
}

std::uint64_t BytesChoices::draw(std::uint64_t bound) {
  check_bound(bound);
  std::uint64_t value = 0;
  for (int byte = 0; byte < width_of(bound) && !exhausted(); ++byte) {
    value |= static_cast<std::uint64_t>(bytes_[next_++]) << (8 * byte);
  }
  return value % bound;
}

std::vector<std::uint8_t> bytes_of(const Tape& tape) {
  std::vector<std::uint8_t> bytes;
  for (const Draw& draw : tape) {
    for (int byte = 0; byte < width_of(draw.bound); ++byte) {
      bytes.push_back(static_cast<std::uint8_t>(draw.value >> (8 * byte)));
    }
  }
  return bytes;
}

std::uint64_t RecordingChoices::draw(std::uint64_t bound) {
  const std::uint64_t value = source_.draw(bound);
  tape_.push_back({value, bound});
  return value;
}

std::uint64_t RecordedChoices::draw(std::uint64_t bound) {
  check_bound(bound);
  return next_ < tape_.size() ? std::min(tape_[next_++].value, bound - 1) : 0;
}

std::uint64_t EnumeratingChoices::draw(std::uint64_t bound) {
  check_bound(bound);
  if (position_ == tape_.size()) tape_.push_back({0, bound});
  check(tape_[position_].bound == bound, "an enumerated run draws otherwise than the one before");
  return tape_[position_++].value;
}

bool EnumeratingChoices::next() {
  // What the run that just ended did not draw is no part of its sequence.
  tape_.resize(position_);
  position_ = 0;
  while (!tape_.empty() && tape_.back().value + 1 == tape_.back().bound) tape_.pop_back();
  if (tape_.empty()) return false;
  ++tape_.back().value;
  return true;
}

}  // namespace barnacle
