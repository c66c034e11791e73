// For tests: the program started as a process, judged by its streams and its exit status.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/cli/exit_status.h"

extern char** environ;

namespace barnacle {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "barnacle-cli-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string path(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& contents) const {
    std::ofstream(path(name)) << contents;
    return path(name);
  }

 private:
  std::string path_;
};

inline std::string contents(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The kernel says which signals a process catches; until then one would kill it.
inline bool catches(pid_t process, int signal) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  std::string key, mask;
  while (status >> key) {
    if (key == "State:" && (status >> mask) && mask == "Z") return true;  // it has ended: do not wait any longer
    if (key == "SigCgt:" && (status >> mask)) return ((std::stoull(mask, nullptr, 16) >> (signal - 1)) & 1U) != 0;
  }
  return true;
}

struct Ended {
  int status = -1;
  std::string out;
  std::string error;
};

struct ProgramTest : ::testing::Test {
  Folder folder;

  // Starts a command (its file first) with its output in `out_path`.
  pid_t spawn(std::vector<std::string> command, const std::string& out_path) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, out_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, folder.path("stderr").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    std::vector<char*> words;
    for (std::string& word : command) words.push_back(word.data());
    words.push_back(nullptr);
    pid_t process = -1;
    EXPECT_EQ(posix_spawn(&process, words[0], &actions, nullptr, words.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return process;
  }

  // The same for the program with these arguments.
  pid_t start(std::vector<std::string> arguments, const std::string& out_path) {
    arguments.insert(arguments.begin(), BARNACLE_PROGRAM);
    return spawn(std::move(arguments), out_path);
  }

  Ended wait_for(pid_t process, const std::string& out_path) {
    int status = 0;
    EXPECT_EQ(::waitpid(process, &status, 0), process);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents(out_path),
            contents(folder.path("stderr"))};
  }

  Ended run(std::vector<std::string> arguments) {
    const std::string out = folder.path("stdout");
    return wait_for(start(std::move(arguments), out), out);
  }

  // A line of a shell, in the test's own folder.
  Ended shell(const std::string& line) {
    const std::string out = folder.path("stdout");
    return wait_for(spawn({"/bin/sh", "-c", "cd '" + folder.path("") + "' && " + line}, out), out);
  }

  // One line that names what is wrong, status 2, nothing on standard output.
  void expect_refusal(const std::vector<std::string>& arguments, const std::string& naming) {
    const Ended ended = run(arguments);
    EXPECT_EQ(ended.status, kBadInput) << ended.out << ended.error;
    EXPECT_EQ(ended.out, "");
    EXPECT_NE(ended.error.find(naming), std::string::npos) << ended.error;
    EXPECT_EQ(ended.error.find('\n'), ended.error.size() - 1) << "one line: " << ended.error;
  }
};

}  // namespace barnacle
