// Who root inside a sandbox is. Always somebody in a user namespace, so that it has no power over this machine:
//  shifted   root, where the file systems allow mounts with mapped ids: uid 0 inside is an id that nobody else has, and
//            the mounts map it, so that files written by root inside belong to root on disk;
//  same      root, elsewhere: uid 0 inside is uid 0, without its capabilities. Files of this machine's root that can be
//            seen could be written, so that all that is not the node's is mounted read-only or masked;
//  single    an ordinary user: uid 0 inside is that user, and there is nobody else; chown to others fails.
#pragma once

#include <sys/types.h>

namespace barnacle::helper {

enum class Identity { shifted, same, single };

inline constexpr unsigned kFirstShiftedId = 0x70000000;  // above what systemd-nspawn and subuid ranges use

bool is_machine_root();

// A user namespace of identity shifted that no process is in; -1 where that cannot be.
int shifted_user_namespace();

// Gives the process's new user namespace its ids; in the parent.
void map_ids(pid_t process, Identity identity);

// In the process itself, afterwards.
void become_root_inside();

}  // namespace barnacle::helper
