// A scenario's Helm step as the real client's command line.
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/scenario.h"

namespace barnacle {

// The arguments after "helm": "upgrade", release, chart … `values_file`: with the step's values, where it has any;
// `timeout_s`: what --timeout says, in seconds of the clock that the client runs on.
std::vector<std::string> helm_arguments(const Step& step, const std::string& chart, const std::string& values_file,
                                        Time timeout_s);

// What the client says went wrong, in one line and without "Error: "; its last line where it has no such line.
std::string error_of_helm(const std::string& standard_error);

}  // namespace barnacle
