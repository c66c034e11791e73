#include "harness/live/sandbox/helper/container.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>

#include "harness/live/sandbox/helper/filter.h"
#include "harness/live/sandbox/helper/stage.h"
#include "harness/live/sandbox/helper/system.h"
#include "harness/live/sandbox/wire.h"

namespace barnacle::helper {

namespace {

constexpr const char* kUsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr int kKeptCapabilities[] = {
    CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,  CAP_FOWNER,     CAP_FSETID,    CAP_KILL,   CAP_SETGID,
    CAP_SETUID, CAP_SETPCAP,      CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_SYS_ADMIN, CAP_SETFCAP};

void limit(__rlimit_resource resource, std::uint64_t value, const char* what) {
  rlimit now{};
  check(getrlimit(resource, &now) == 0, what);
  const rlim_t wanted = std::min<rlim_t>(value, now.rlim_max);
  const rlimit then{wanted, wanted};
  check(setrlimit(resource, &then) == 0, what);
}

void set_limits(const Limits& limits) {
  limit(RLIMIT_NPROC, static_cast<std::uint64_t>(limits.processes), "limiting processes");
  limit(RLIMIT_DATA, limits.memory_bytes, "limiting memory");
  limit(RLIMIT_FSIZE, limits.file_bytes, "limiting files");
  limit(RLIMIT_CORE, 0, "limiting core dumps");
  limit(RLIMIT_NOFILE, 4096, "limiting descriptors");
  limit(RLIMIT_MEMLOCK, 64UL << 10U, "limiting locked memory");
  limit(RLIMIT_MSGQUEUE, 64UL << 10U, "limiting message queues");
}

void set_streams(bool trace) {
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  check(nothing >= 0 && dup2(nothing, 0) == 0, "opening /dev/null");
  check(dup2(kOutputPipe, 1) == 1 && dup2(kOutputPipe, 2) == 2, "setting stdout");
  if (trace) check(dup2(kTracePipe, kTraceDescriptor) == kTraceDescriptor, "setting the trace");
  check(syscall(SYS_close_range, 3, kTraceDescriptor - 1, CLOSE_RANGE_CLOEXEC) == 0, "close_range");
  check(syscall(SYS_close_range, trace ? kTraceDescriptor + 1 : kTraceDescriptor, ~0U, CLOSE_RANGE_CLOEXEC) == 0,
        "close_range");
}

void set_environment(const SandboxSpec& spec) {
  check(clearenv() == 0, "clearing the environment");
  setenv("PATH", kUsualPath, 1);
  for (const auto& [name, value] : spec.env) setenv(name.c_str(), value.c_str(), 1);
  if (!spec.trace_bash) return;
  setenv("BASH_ENV", kTraceProfile, 1);
}

void pass_the_gate(bool reads, int report) {
  const int gate = install_gate(reads);
  check(gate >= 0, "installing the effect gate");
  send_message(report, {.kind = MessageKind::gate, .text = "", .descriptors = {gate}});
  close(gate);
}

}  // namespace

void drop_capabilities() {
  std::uint64_t kept = 0;
  for (const int capability : kKeptCapabilities) kept |= 1ULL << static_cast<unsigned>(capability);
  for (int capability = 0; capability < 64; ++capability) {
    if ((kept >> static_cast<unsigned>(capability) & 1U) == 0) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2]{};
  for (int i = 0; i < 2; ++i) {
    const auto part = static_cast<std::uint32_t>(kept >> (32U * static_cast<unsigned>(i)));
    data[i] = {.effective = part, .permitted = part, .inheritable = 0};
  }
  check(syscall(SYS_capset, &header, data) == 0, "dropping capabilities");
}

void lock_down() {
  check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "prctl(PR_SET_NO_NEW_PRIVS)");
  install_refusals();
}

void run_main(const SandboxSpec& spec, int report) {
  // The machine, when it is out of memory, is to look here first.
  const int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0) {
    const bool written = write(score, "1000", 4) == 4;
    close(score);
    check(written, "writing oom_score_adj");
  }
  check(chdir(spec.cwd.c_str()) == 0, "entering " + spec.cwd);
  set_streams(spec.trace_bash);
  set_environment(spec);
  umask(022);
  std::vector<char*> arguments;
  for (const std::string& argument : spec.argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  drop_capabilities();
  check(prctl(PR_SET_DUMPABLE, 1) == 0, "prctl(PR_SET_DUMPABLE)");
  set_limits(spec.limits);
  lock_down();
  if (spec.gate) pass_the_gate(spec.gate_reads, report);
  execvp(arguments[0], arguments.data());
  fail("starting " + spec.argv[0]);
}

}  // namespace barnacle::helper
