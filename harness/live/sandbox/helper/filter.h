// System call filters (seccomp): what no program of a sandbox may ask of the kernel, and what stops for the effect
// gate.
#pragma once

namespace barnacle::helper {

// Namespaces already keep the machine's files, processes and network away; the filter keeps programs from the parts of
// the kernel where holes were found, from mounting, from namespaces of their own, and from sockets that know no
// namespace (vsock reaches a virtual machine's host). Refused calls give EPERM, or ENOSYS where libraries then do
// without.
void install_refusals();

// Returns the descriptor on which stopped calls are told; -1 and errno where the kernel refuses.
int install_gate(bool reads);

}  // namespace barnacle::helper
