// The program's two streams: reports on standard output, one line about what is wrong on standard error.
#pragma once

#include <string_view>

namespace barnacle {

void print(std::string_view text);
// False when something that was printed could not be written: the disk is full, or nobody reads any more.
bool flush_output();
// "barnacle: LINE"; returns kBadInput.
int refuse(std::string_view line);
// The same for a fault of Barnacle itself; returns kInternalFault.
int report_internal_fault(std::string_view line);
// For people who wait, not for reports: a line on standard error.
void note(std::string_view line);

}  // namespace barnacle
