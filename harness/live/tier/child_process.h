// A program of this machine, run beside the driving thread; its output goes to files.
#pragma once

#include <sys/types.h>

#include <expected>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace barnacle {

class ChildProcess {
 public:
  struct Spec {
    std::vector<std::string> argv;           // the program by its path
    std::map<std::string, std::string> env;  // all of it
    std::filesystem::path folder;            // where stdout and stderr are written
  };

  static std::expected<ChildProcess, std::string> start(const Spec& spec);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();  // kills what still runs

  // The exit status (128 + signal for one that was killed), as soon as there is one.
  std::optional<int> ended();
  void kill();
  pid_t number() const { return process_; }
  std::string standard_output() const;
  std::string standard_error() const;

 private:
  ChildProcess(pid_t process, std::filesystem::path folder) : process_(process), folder_(std::move(folder)) {}

  pid_t process_;
  std::filesystem::path folder_;
  std::optional<int> status_;
};

}  // namespace barnacle
