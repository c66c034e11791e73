#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "harness/live/sandbox/sandbox.h"

namespace barnacle {

namespace {

// The only reliable way to know is to try: distributions, container runtimes and security modules each have a switch.
std::expected<void, std::string> try_sandbox(bool gate) {
  std::error_code error;
  std::string folder = (std::filesystem::temp_directory_path(error) / "barnacle-live-trial-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return std::unexpected("cannot make a folder in the temporary directory");
  SandboxSpec spec;
  spec.node = folder;
  spec.argv = {"true"};
  spec.gate = gate;
  std::expected<void, std::string> result;
  {
    const auto sandbox = Sandbox::start(spec);
    if (!sandbox) result = std::unexpected(sandbox.error());
  }
  std::filesystem::remove_all(folder, error);
  return result;
}

}  // namespace

std::expected<void, std::string> sandbox_supported() {
  static const std::expected<void, std::string> supported = try_sandbox(false);
  return supported;
}

std::expected<void, std::string> gate_supported() {
  static const std::expected<void, std::string> supported = try_sandbox(true);
  return supported;
}

}  // namespace barnacle
