#include "harness/cli/output.h"

#include <cstdio>
#include <string>

#include "harness/cli/exit_status.h"
#include "harness/report/words.h"

namespace barnacle {
namespace {

void write_line(std::string_view prefix, std::string_view line) {
  const std::string text = std::string(prefix) + one_line(line) + "\n";
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

void print(std::string_view text) { (void)std::fwrite(text.data(), 1, text.size(), stdout); }

bool flush_output() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

int refuse(std::string_view line) {
  write_line("barnacle: ", line);
  return kBadInput;
}

int report_internal_fault(std::string_view line) {
  write_line("barnacle: a fault of Barnacle itself: ", line);
  return kInternalFault;
}

void note(std::string_view line) { write_line("barnacle: ", line); }

}  // namespace barnacle
