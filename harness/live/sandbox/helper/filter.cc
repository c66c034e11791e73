#include "harness/live/sandbox/helper/filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>

#include "harness/live/sandbox/helper/filter_program.h"
#include "harness/live/sandbox/helper/system.h"

namespace barnacle::helper {

namespace {

constexpr std::uint32_t refuse(int error) { return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error); }

constexpr std::uint32_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                         CLONE_NEWPID | CLONE_NEWNET | 0x80U /* CLONE_NEWTIME */;

constexpr long kRefused[] = {
    // mounts and roots
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_swapon,
    SYS_swapoff,
    SYS_quotactl,
    SYS_quotactl_fd,
    SYS_fanotify_init,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    // other processes' memory
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_process_madvise,
    SYS_kcmp,
    SYS_pidfd_getfd,
    // the kernel itself
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_reboot,
    SYS_syslog,
    SYS_acct,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_vhangup,
    SYS_move_pages,
    SYS_migrate_pages,
    // keys are the user's, not the namespace's
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
#if defined(__x86_64__)
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_uselib,
    SYS_ustat,
    SYS_sysfs,
    SYS__sysctl,
#endif
};

// Calls for which every library has another way. io_uring would pass the gate by, memory files the memory limit.
constexpr long kUnknown[] = {SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
                             SYS_clone3,         SYS_memfd_create,   SYS_memfd_secret,
                             SYS_shmget,         SYS_io_setup};

constexpr long kMutating[] = {
#if defined(__x86_64__)
    SYS_creat,     SYS_rename,    SYS_unlink,      SYS_rmdir,        SYS_mkdir,           SYS_link,
    SYS_symlink,   SYS_chmod,     SYS_chown,       SYS_lchown,       SYS_mknod,           SYS_utime,
    SYS_utimes,    SYS_futimesat,
#endif
    SYS_openat2,   SYS_renameat,  SYS_renameat2,   SYS_unlinkat,     SYS_mkdirat,         SYS_linkat,
    SYS_symlinkat, SYS_mknodat,   SYS_fchmod,      SYS_fchmodat,     452 /* fchmodat2 */, SYS_fchown,
    SYS_fchownat,  SYS_truncate,  SYS_ftruncate,   SYS_fallocate,    SYS_utimensat,       SYS_setxattr,
    SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr,    SYS_connect};

}  // namespace

void install_refusals() {
  FilterProgram program;
  for (const long call : kRefused) program.on_call(call, refuse(EPERM));
  for (const long call : kUnknown) program.on_call(call, refuse(ENOSYS));
  program.on_bits(SYS_clone, 0, kNewNamespaces, refuse(EPERM));
  program.on_bits(SYS_unshare, 0, kNewNamespaces, refuse(EPERM));
  program.on_value(SYS_ioctl, 1, TIOCSTI, refuse(EPERM));
  program.on_other_values(SYS_socket, 0, {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}, refuse(EAFNOSUPPORT));
  program.on_other_values(SYS_socketpair, 0, {AF_UNIX}, refuse(EAFNOSUPPORT));
  check(program.install(0) == 0, "installing the system call filter");
}

int install_gate(bool reads) {
  FilterProgram program;
  for (const long call : kMutating) program.on_call(call, SECCOMP_RET_USER_NOTIF);
  constexpr std::uint32_t kWriting = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
#if defined(__x86_64__)
  if (reads) program.on_call(SYS_open, SECCOMP_RET_USER_NOTIF);
  program.on_bits(SYS_open, 1, kWriting, SECCOMP_RET_USER_NOTIF);
#endif
  if (reads) program.on_call(SYS_openat, SECCOMP_RET_USER_NOTIF);
  program.on_bits(SYS_openat, 2, kWriting, SECCOMP_RET_USER_NOTIF);
  return program.install(SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

}  // namespace barnacle::helper
