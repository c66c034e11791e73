// A seccomp program under construction: rules are tried in their order; what no rule decides is allowed.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

namespace barnacle::helper {

class FilterProgram {
 public:
  FilterProgram();

  void on_call(long call, std::uint32_t action);
  // Only when the argument has one of these bits, compared as 32 bits; arguments count from 0.
  void on_bits(long call, int argument, std::uint32_t bits, std::uint32_t action);
  void on_value(long call, int argument, std::uint32_t value, std::uint32_t action);
  // Only when the argument is none of the values.
  void on_other_values(long call, int argument, const std::vector<std::uint32_t>& values, std::uint32_t action);

  // -1 and errno, or what seccomp(2) returns.
  int install(unsigned flags);

 private:
  void step(std::uint16_t code, std::uint32_t operand, std::size_t if_true = 0, std::size_t if_false = 0);
  void load_argument(int argument);
  std::vector<sock_filter> steps_;
};

}  // namespace barnacle::helper
