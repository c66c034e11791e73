// Everything random comes from one Choices object: a seed, a fuzzer's bytes, a tape, or every value in turn. Whoever
// draws puts the simplest case first: zeros, and so an exhausted source, give the simplest result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "harness/scenario/random.h"
#include "sim/base/check.h"

namespace barnacle {

class Choices {
 public:
  virtual ~Choices() = default;

  // A number below `bound`, which is at least 1.
  virtual std::uint64_t draw(std::uint64_t bound) = 0;
  // Whoever draws a sequence says where a step of it begins: a fuzzer cuts its bytes there.
  virtual void begin_step() {}

  std::size_t pick(std::size_t count) { return static_cast<std::size_t>(draw(count)); }
  // From least to greatest, both included.
  int between(int least, int greatest) {
    return least + static_cast<int>(draw(static_cast<std::uint64_t>(greatest - least) + 1));
  }
  // True in `part` of `whole` cases; zeros say no.
  bool chance(std::uint64_t part, std::uint64_t whole) { return draw(whole) >= whole - part; }

  template <class Container>
  const auto& pick_from(const Container& container) {
    check(std::size(container) > 0, "a choice among nothing");
    return std::data(container)[pick(std::size(container))];
  }

  // An index, each as often as its weight says. At least one weight is positive.
  std::size_t weighted(std::span<const std::uint32_t> weights);
};

class SeededChoices final : public Choices {
 public:
  explicit SeededChoices(std::uint64_t seed) : random_(seed) {}
  std::uint64_t draw(std::uint64_t bound) override;

 private:
  Xoshiro256 random_;
};

// A fuzzer's bytes; as many for a draw as its bound needs, least significant first. Exhausted, it gives zeros. The
// bytes must outlive it.
class BytesChoices final : public Choices {
 public:
  explicit BytesChoices(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  std::uint64_t draw(std::uint64_t bound) override;
  bool exhausted() const { return next_ >= bytes_.size(); }
  std::size_t position() const { return next_; }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t next_ = 0;
};

struct Draw {
  std::uint64_t value = 0;
  std::uint64_t bound = 1;
  bool operator==(const Draw&) const = default;
};
using Tape = std::vector<Draw>;

// The bytes with which BytesChoices draws this tape.
std::vector<std::uint8_t> bytes_of(const Tape& tape);

// Passes draws on and keeps them.
class RecordingChoices final : public Choices {
 public:
  explicit RecordingChoices(Choices& source) : source_(source) {}
  std::uint64_t draw(std::uint64_t bound) override;
  const Tape& tape() const { return tape_; }

 private:
  Choices& source_;
  Tape tape_;
};

// Plays a tape again. A shortened or changed tape (shrinking) never fails: values are cut to the bound, and after the
// end come zeros.
class RecordedChoices final : public Choices {
 public:
  explicit RecordedChoices(Tape tape) : tape_(std::move(tape)) {}
  std::uint64_t draw(std::uint64_t bound) override;

 private:
  Tape tape_;
  std::size_t next_ = 0;
};

// Every sequence of draws in turn, the last draw fastest:
//   EnumeratingChoices choices;
//   do { use(choices); } while (choices.next());
class EnumeratingChoices final : public Choices {
 public:
  std::uint64_t draw(std::uint64_t bound) override;
  // Moves on to the next sequence; false when all were seen.
  bool next();

 private:
  Tape tape_;
  std::size_t position_ = 0;
};

}  // namespace barnacle
