#include "harness/engine/tape_search.h"

#include <algorithm>

#include "harness/scenario/generator.h"

namespace barnacle {
namespace {

constexpr std::size_t kTapeLimit = 400;  // bytes; a scenario draws fewer
constexpr std::size_t kPoolLimit = 4096;

// One to three bytes become others, go, or come.
fuzz::Bytes with_other_bytes(fuzz::Bytes part, std::size_t limit, Choices& random) {
  for (std::size_t changes = 1 + random.pick(3); changes > 0; --changes) {
    const auto at = static_cast<std::ptrdiff_t>(random.pick(part.size() + 1));
    const auto byte = static_cast<std::uint8_t>(random.draw(256));
    const std::size_t what = random.pick(4);
    if (at == static_cast<std::ptrdiff_t>(part.size()) || what == 0) part.insert(part.begin() + at, byte);
    else if (what == 1) part.erase(part.begin() + at);
    else part[static_cast<std::size_t>(at)] = byte;
  }
  if (part.size() > limit) part.resize(limit);
  return part;
}

}  // namespace

TapeSearch::TapeSearch(const Alphabet& alphabet, std::uint64_t seed) : alphabet_(alphabet), random_(seed) {}

Scenario TapeSearch::next() {
  if (new_state_ && pool_.size() < kPoolLimit) pool_.push_back(present_);
  new_state_ = false;
  present_ = pool_.empty() || random_.chance(1, 4) ? fresh() : changed();
  BytesChoices choices(present_);
  return generate(choices, alphabet_);
}

void TapeSearch::saw(const World& world, const Step& step) {
  for (const NodeHost& node : world.nodes) {
    const Hash128 state = Hasher().add(static_cast<std::uint64_t>(step.kind)).add(node.host->host.seen_hash()).finish();
    if (states_.insert(state).second) new_state_ = true;
  }
}

fuzz::Bytes TapeSearch::fresh() {
  fuzz::Bytes bytes(16 + random_.pick(kTapeLimit - 16));
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random_.draw(256));
  return bytes;
}

// The newer half of what was kept is taken as often as all of it.
fuzz::Bytes TapeSearch::changed() {
  const auto any = [&]() -> const fuzz::Bytes& {
    const std::size_t from = random_.chance(1, 2) ? pool_.size() / 2 : 0;
    return pool_[from + random_.pick(pool_.size() - from)];
  };
  const fuzz::Tape tape = fuzz::cut_into_steps(any(), alphabet_);
  if (random_.chance(1, 8)) return fuzz::joined(fuzz::crossed(tape, fuzz::cut_into_steps(any(), alphabet_), random_));
  const auto change = [&](fuzz::Bytes part, std::size_t limit) {
    return with_other_bytes(std::move(part), limit, random_);
  };
  return fuzz::joined(fuzz::mutated(tape, random_, change, kTapeLimit));
}

}  // namespace barnacle
