#include "harness/scenario/tape_steps.h"

#include <algorithm>
#include <utility>

#include "harness/scenario/generator.h"

namespace barnacle::fuzz {
namespace {

// Draws from bytes, and keeps where each step began.
class CuttingChoices final : public Choices {
 public:
  explicit CuttingChoices(std::span<const std::uint8_t> bytes) : source_(bytes) {}
  std::uint64_t draw(std::uint64_t bound) override { return source_.draw(bound); }
  void begin_step() override { begins_.push_back(source_.position()); }
  const std::vector<std::size_t>& begins() const { return begins_; }
  std::size_t end() const { return source_.position(); }

 private:
  BytesChoices source_;
  std::vector<std::size_t> begins_;
};

Bytes part_of(std::span<const std::uint8_t> bytes, std::size_t begin, std::size_t end) {
  const auto part = bytes.subspan(begin, end - begin);
  return {part.begin(), part.end()};
}

auto at(std::vector<Bytes>& steps, std::size_t index) { return steps.begin() + static_cast<std::ptrdiff_t>(index); }

Bytes random_bytes(Choices& random, std::size_t size) {
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.draw(256));
  return bytes;
}

void cut_some(std::vector<Bytes>& steps, Choices& random) {
  const std::size_t first = random.pick(steps.size());
  const std::size_t count = 1 + random.pick(std::min<std::size_t>(steps.size() - first, 3));
  steps.erase(at(steps, first), at(steps, first + count));
}

void double_one(std::vector<Bytes>& steps, Choices& random) {
  Bytes copy = steps[random.pick(steps.size())];
  steps.insert(at(steps, random.pick(steps.size() + 1)), std::move(copy));
}

void move_one(std::vector<Bytes>& steps, Choices& random) {
  const std::size_t from = random.pick(steps.size());
  Bytes moved = std::move(steps[from]);
  steps.erase(at(steps, from));
  steps.insert(at(steps, random.pick(steps.size() + 1)), std::move(moved));
}

}  // namespace

Tape cut_into_steps(std::span<const std::uint8_t> bytes, const Alphabet& alphabet) {
  CuttingChoices choices(bytes);
  (void)generate(choices, alphabet);
  Tape tape;
  const std::vector<std::size_t>& begins = choices.begins();
  tape.head = part_of(bytes, 0, begins.empty() ? choices.end() : begins.front());
  for (std::size_t i = 0; i < begins.size(); ++i) {
    const std::size_t end = i + 1 < begins.size() ? begins[i + 1] : choices.end();
    if (end > begins[i]) tape.steps.push_back(part_of(bytes, begins[i], end));
  }
  return tape;
}

Bytes joined(const Tape& tape) {
  Bytes bytes = tape.head;
  for (const Bytes& step : tape.steps) bytes.insert(bytes.end(), step.begin(), step.end());
  return bytes;
}

Tape mutated(Tape tape, Choices& random, const ChangeBytes& change, std::size_t limit) {
  if (tape.steps.empty() || random.chance(1, 8)) {
    tape.head = change(std::move(tape.head), limit);
    return tape;
  }
  Bytes& one = tape.steps[random.pick(tape.steps.size())];
  switch (random.pick(6)) {
    case 0: cut_some(tape.steps, random); break;
    case 1: double_one(tape.steps, random); break;
    case 2: move_one(tape.steps, random); break;
    case 3: std::swap(one, tape.steps[random.pick(tape.steps.size())]); break;
    case 4: one = random_bytes(random, 1 + random.pick(16)); break;
    default: one = change(std::move(one), limit); break;
  }
  return tape;
}

Tape crossed(const Tape& one, const Tape& other, Choices& random) {
  Tape child{one.head, {}};
  const std::size_t kept = random.pick(one.steps.size() + 1);
  const std::size_t from = random.pick(other.steps.size() + 1);
  child.steps.assign(one.steps.begin(), one.steps.begin() + static_cast<std::ptrdiff_t>(kept));
  child.steps.insert(child.steps.end(), other.steps.begin() + static_cast<std::ptrdiff_t>(from), other.steps.end());
  return child;
}

}  // namespace barnacle::fuzz
