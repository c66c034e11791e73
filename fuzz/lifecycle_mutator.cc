// libFuzzer's hooks for the lifecycle target: mutation and crossover of whole steps. Linked with libFuzzer only.
#include <algorithm>

#include "fuzz/lifecycle_play.h"
#include "harness/scenario/tape_steps.h"

// libFuzzer's own mutations, dictionary included; the new size.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace barnacle::fuzz {
namespace {

Bytes change_bytes(Bytes part, std::size_t limit) {
  const std::size_t room = std::max<std::size_t>(std::min(limit, part.size() + 16), 1);
  std::size_t size = std::min(part.size(), room);
  part.resize(room);
  size = LLVMFuzzerMutate(part.data(), size, room);
  part.resize(size);
  return part;
}

std::size_t put(const Bytes& bytes, std::uint8_t* data, std::size_t max_size) {
  const std::size_t size = std::min(bytes.size(), max_size);
  std::copy_n(bytes.begin(), size, data);
  return size;
}

}  // namespace
}  // namespace barnacle::fuzz

// One mutation in eight is libFuzzer's own, on the bytes as they are.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned int seed) {
  using namespace barnacle::fuzz;
  barnacle::SeededChoices random(seed);
  if (size == 0 || random.chance(1, 8)) return LLVMFuzzerMutate(data, size, max_size);
  const Tape tape = cut_into_steps({data, size}, lifecycle().alphabet);
  return put(joined(mutated(tape, random, change_bytes, max_size)), data, max_size);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one, std::size_t one_size,
                                                 const std::uint8_t* other, std::size_t other_size, std::uint8_t* out,
                                                 std::size_t max_size, unsigned int seed) {
  using namespace barnacle::fuzz;
  barnacle::SeededChoices random(seed);
  const auto& alphabet = lifecycle().alphabet;
  const Tape child =
      crossed(cut_into_steps({one, one_size}, alphabet), cut_into_steps({other, other_size}, alphabet), random);
  return put(joined(child), out, max_size);
}
