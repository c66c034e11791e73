#include "harness/live/sandbox/helper/filter_program.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>

namespace barnacle::helper {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
constexpr std::uint32_t kForeignCallBit = 0x40000000;  // the x32 calls
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
constexpr std::uint32_t kForeignCallBit = 0x80000000;  // there is none
#else
#error "the sandbox knows the system calls of x86-64 and of 64-bit ARM"
#endif

constexpr std::uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS;
constexpr std::uint16_t kIfEqual = BPF_JMP | BPF_JEQ | BPF_K;
constexpr std::uint16_t kIfBits = BPF_JMP | BPF_JSET | BPF_K;
constexpr std::uint16_t kReturn = BPF_RET | BPF_K;

}  // namespace

void FilterProgram::step(std::uint16_t code, std::uint32_t operand, std::size_t if_true, std::size_t if_false) {
  steps_.push_back({code, static_cast<std::uint8_t>(if_true), static_cast<std::uint8_t>(if_false), operand});
}

// A program of another architecture has other numbers for its calls.
FilterProgram::FilterProgram() {
  step(kLoad, offsetof(seccomp_data, arch));
  step(kIfEqual, kArchitecture, 1, 0);
  step(kReturn, SECCOMP_RET_KILL_PROCESS);
  step(kLoad, offsetof(seccomp_data, nr));
  step(kIfBits, kForeignCallBit, 0, 1);
  step(kReturn, SECCOMP_RET_KILL_PROCESS);
}

void FilterProgram::load_argument(int argument) {
  step(kLoad, static_cast<std::uint32_t>(offsetof(seccomp_data, args)) + 8U * static_cast<std::uint32_t>(argument));
}

void FilterProgram::on_call(long call, std::uint32_t action) {
  step(kIfEqual, static_cast<std::uint32_t>(call), 0, 1);
  step(kReturn, action);
}

// Each rule leaves the call's number loaded, as it found it.
void FilterProgram::on_bits(long call, int argument, std::uint32_t bits, std::uint32_t action) {
  step(kIfEqual, static_cast<std::uint32_t>(call), 0, 4);
  load_argument(argument);
  step(kIfBits, bits, 0, 1);
  step(kReturn, action);
  step(kLoad, offsetof(seccomp_data, nr));
}

void FilterProgram::on_value(long call, int argument, std::uint32_t value, std::uint32_t action) {
  step(kIfEqual, static_cast<std::uint32_t>(call), 0, 4);
  load_argument(argument);
  step(kIfEqual, value, 0, 1);
  step(kReturn, action);
  step(kLoad, offsetof(seccomp_data, nr));
}

void FilterProgram::on_other_values(long call, int argument, const std::vector<std::uint32_t>& values,
                                    std::uint32_t action) {
  step(kIfEqual, static_cast<std::uint32_t>(call), 0, values.size() + 3);
  load_argument(argument);
  for (std::size_t i = 0; i < values.size(); ++i) step(kIfEqual, values[i], values.size() - i, 0);
  step(kReturn, action);
  step(kLoad, offsetof(seccomp_data, nr));
}

int FilterProgram::install(unsigned flags) {
  step(kReturn, SECCOMP_RET_ALLOW);
  sock_fprog program{static_cast<std::uint16_t>(steps_.size()), steps_.data()};
  return static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

}  // namespace barnacle::helper
