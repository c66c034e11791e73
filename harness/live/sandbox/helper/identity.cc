#include "harness/live/sandbox/helper/identity.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "harness/live/sandbox/helper/system.h"

namespace barnacle::helper {

namespace {

std::string map_line(Identity identity, unsigned own_id) {
  switch (identity) {
    case Identity::shifted: return "0 " + std::to_string(kFirstShiftedId) + " 65536";
    case Identity::same: return "0 0 65536";
    case Identity::single: return "0 " + std::to_string(own_id) + " 1";
  }
  return "";
}

}  // namespace

bool is_machine_root() {
  if (geteuid() != 0) return false;
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2]{};
  syscall(SYS_capget, &header, data);
  return (data[0].effective & (1U << CAP_SYS_ADMIN)) != 0 && (data[0].effective & (1U << CAP_SETUID)) != 0;
}

void map_ids(pid_t process, Identity identity) {
  const std::string folder = "/proc/" + std::to_string(process);
  if (identity == Identity::single) write_text(folder + "/setgroups", "deny");
  write_text(folder + "/gid_map", map_line(identity, getegid()));
  write_text(folder + "/uid_map", map_line(identity, geteuid()));
}

int shifted_user_namespace() {
  const auto holder = static_cast<pid_t>(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0));
  if (holder < 0) return -1;
  if (holder == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (true) pause();
  }
  map_ids(holder, Identity::shifted);
  const std::string name = "/proc/" + std::to_string(holder) + "/ns/user";
  const int descriptor = open(name.c_str(), O_RDONLY | O_CLOEXEC);
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  return descriptor;
}

void become_root_inside() {
  // A single id leaves no groups to set, and the kernel refuses the call.
  setgroups(0, nullptr);
  check(setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0, "becoming root in the user namespace");
  // A change of ids closes a process to its own namespace; nsenter must be able to look at PID 1.
  check(prctl(PR_SET_DUMPABLE, 1) == 0, "prctl(PR_SET_DUMPABLE)");
}

}  // namespace barnacle::helper
