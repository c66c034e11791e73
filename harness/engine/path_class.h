// What two findings have in common that differ only by chance: which node, which pod, how often a suffix was repeated.
#pragma once

#include <string>

#include "harness/scenario/scenario.h"

namespace barnacle {

// "/opt/kata-cicd-cicd-cicd/bin/x" → "/opt/kata-cicd-cicd/bin/x" (twice stands for any number from there on),
// "kata-deploy-x7k2p" → "kata-deploy-POD" (a name, not a path), and the scenario's nodes by one word.
std::string path_class(const std::string& path, const Scenario& scenario);

}  // namespace barnacle
