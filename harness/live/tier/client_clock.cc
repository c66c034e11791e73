#include "harness/live/tier/client_clock.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/live/tier/descriptor.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;

// Where a function is in the page that the kernel maps into every process for it to tell the time by (the vDSO).
struct CodePlace {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

constexpr int kAttempts = 20;

#if defined(__x86_64__)

constexpr const char* kAsksForTime = "__vdso_clock_gettime";

//   mov $228,%eax; syscall; cmp $1,%edi; ja end; mov ahead(%rip),%rcx; add %rcx,(%rsi); end: ret; ahead: .quad
constexpr std::array<std::uint8_t, 23> kCode = {0xb8, 0xe4, 0,    0,    0, 0x0f, 0x05, 0x83, 0xff, 0x01, 0x77, 0x0a,
                                                0x48, 0x8b, 0x0d, 0x04, 0, 0,    0,    0x48, 0x01, 0x0e, 0xc3};
constexpr std::size_t kCodeBytes = kCode.size() + sizeof(std::int64_t);

std::optional<CodePlace> place_in_vdso() {
  const std::uint64_t base = ::getauxval(AT_SYSINFO_EHDR);
  if (base == 0) return std::nullopt;
  const auto* const header = reinterpret_cast<const Elf64_Ehdr*>(base);
  const auto* const sections = reinterpret_cast<const Elf64_Shdr*>(base + header->e_shoff);
  for (int i = 0; i < header->e_shnum; ++i) {
    if (sections[i].sh_type != SHT_DYNSYM) continue;
    const auto* const symbols = reinterpret_cast<const Elf64_Sym*>(base + sections[i].sh_offset);
    const auto* const names = reinterpret_cast<const char*>(base + sections[sections[i].sh_link].sh_offset);
    for (std::size_t k = 0; k < sections[i].sh_size / sizeof(Elf64_Sym); ++k) {
      if (std::strcmp(names + symbols[k].st_name, kAsksForTime) == 0 && symbols[k].st_size >= kCodeBytes)
        return CodePlace{symbols[k].st_value, symbols[k].st_size};
    }
  }
  return std::nullopt;
}

std::uint64_t instruction_of(pid_t thread) {
  user_regs_struct registers{};
  return ::ptrace(PTRACE_GETREGS, thread, nullptr, &registers) == 0 ? registers.rip : 0;
}

std::vector<char> code_for(std::chrono::seconds ahead) {
  std::vector<char> bytes(kCodeBytes);
  const std::int64_t seconds = ahead.count();
  std::memcpy(bytes.data(), kCode.data(), kCode.size());
  std::memcpy(bytes.data() + kCode.size(), &seconds, sizeof seconds);
  return bytes;
}

#else

std::optional<CodePlace> place_in_vdso() { return std::nullopt; }
std::uint64_t instruction_of(pid_t) { return 0; }
std::vector<char> code_for(std::chrono::seconds) { return {}; }

#endif

std::optional<std::uint64_t> vdso_of(pid_t process) {
  std::ifstream maps(fmt::format("/proc/{}/maps", process));
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t base = 0;
    if (line.ends_with("[vdso]") && std::from_chars(line.data(), line.data() + line.size(), base, 16).ec == std::errc())
      return base;
  }
  return std::nullopt;
}

std::set<pid_t> threads_of(pid_t process) {
  std::set<pid_t> threads;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(fmt::format("/proc/{}/task", process), error)) {
    pid_t thread = 0;
    const std::string name = entry.path().filename().string();
    if (std::from_chars(name.data(), name.data() + name.size(), thread).ec == std::errc()) threads.insert(thread);
  }
  return threads;
}

// The threads of a process, each with how often it was switched away from; none where one of them does not sleep.
std::map<pid_t, std::string> sleepers(pid_t process) {
  std::map<pid_t, std::string> all;
  for (const pid_t thread : threads_of(process)) {
    std::ifstream status(fmt::format("/proc/{}/task/{}/status", process, thread));
    std::string& switches = all[thread];
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("State:") && !line.contains("S (sleeping)")) return {};
      if (line.contains("ctxt_switches:")) switches += line;
    }
  }
  return all;
}

// Every thread of a process, stopped until the end of this.
class Stopped {
 public:
  explicit Stopped(pid_t process) {
    for (bool grew = true; grew && good_;) {
      grew = false;
      for (const pid_t thread : threads_of(process)) {
        if (threads_.contains(thread)) continue;
        grew = true;
        stop(thread);
      }
    }
  }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;
  ~Stopped() {
    for (const pid_t thread : threads_) ::ptrace(PTRACE_DETACH, thread, nullptr, nullptr);
  }

  bool good() const { return good_ && !threads_.empty(); }
  bool anyone_in(std::uint64_t from, std::uint64_t size) const {
    return std::ranges::any_of(threads_, [&](pid_t thread) { return instruction_of(thread) - from < size; });
  }

 private:
  void stop(pid_t thread) {
    if (::ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) {
      good_ = good_ && errno == ESRCH;  // it has just ended
      return;
    }
    threads_.insert(thread);
    if (::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) != 0 || !wait_for_stop(thread)) threads_.erase(thread);
  }

  // Whoever started the process is to learn how it ended: an end is only looked at.
  static bool wait_for_stop(pid_t thread) {
    siginfo_t info{};
    const auto number = static_cast<id_t>(thread);
    if (::waitid(P_PID, number, &info, WSTOPPED | WEXITED | WNOWAIT | __WALL) != 0) return false;
    const bool stopped = info.si_code != CLD_EXITED && info.si_code != CLD_KILLED && info.si_code != CLD_DUMPED;
    return stopped && ::waitid(P_PID, number, &info, WSTOPPED | __WALL) == 0;
  }

  std::set<pid_t> threads_;
  bool good_ = true;
};

}  // namespace

bool ClientClock::can_be_moved() {
  static const bool can = place_in_vdso().has_value();
  return can;
}

bool ClientClock::move(std::chrono::seconds ahead) {
  const std::optional<CodePlace> place = place_in_vdso();
  const std::optional<std::uint64_t> base = vdso_of(process_);
  if (!place || !base) return false;
  for (int i = 0; i < kAttempts; ++i) {
    const Stopped stopped(process_);
    if (!stopped.good()) return false;
    if (stopped.anyone_in(*base + place->offset, place->size)) continue;
    const Descriptor memory(::open(fmt::format("/proc/{}/mem", process_).c_str(), O_RDWR | O_CLOEXEC));
    const std::vector<char> code = code_for(moved_ + ahead);
    if (::pwrite(memory.number(), code.data(), code.size(), static_cast<off_t>(*base + place->offset)) !=
        static_cast<ssize_t>(code.size()))
      return false;
    moved_ += ahead;
    return true;
  }
  return false;
}

std::chrono::milliseconds ClientClock::asleep_for() {
  const auto now = std::chrono::steady_clock::now();
  std::map<pid_t, std::string> present = sleepers(process_);
  if (present.empty() || present != asleep_) asleep_since_ = now;
  asleep_ = std::move(present);
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - asleep_since_);
}

}  // namespace barnacle
