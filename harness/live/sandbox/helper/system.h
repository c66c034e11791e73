// System calls of the helper. What fails while a sandbox is being made ends the process that makes it, with one line
// about it on the way to the driver: there is nothing to go on with.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace barnacle::helper {

// Where fail() sends its line: the socket to the driver, or to the supervisor.
void report_failures_to(int socket);

[[noreturn]] void fail(std::string_view what);              // with the text of errno
[[noreturn]] void fail_with_line(const std::string& line);  // without
void check(bool done, std::string_view what);               // fail() unless done

void write_text(const std::string& path, std::string_view text);
void make_folder(const std::string& path);  // with its parents; what is there already is fine
bool is_folder(const std::string& path);    // links followed
bool is_real_folder(const std::string& path);
bool is_link(const std::string& path);
std::string link_target(const std::string& path);

void mount_at(const char* source, const std::string& target, const char* type, unsigned long flags,
              const std::string& options);

// A detached copy of the mount at what the descriptor stands for; recursive: with what is mounted below.
int copy_tree(int descriptor, bool recursive, std::string_view what);

struct Attributes {
  bool read_only = false;
  bool devices = false;
  int user_namespace = -1;  // whose ids the files' owners get; -1: as they are
};
bool set_attributes(int tree, const Attributes& attributes, bool recursive);
void attach_tree(int tree, const std::string& target);
void bind_mount(const std::string& source, const std::string& target);
void make_read_only(const std::string& target);

// Resolves a path below a folder, links included, as if the folder were the root. -1 and errno.
int open_below(int folder, const std::string& path, std::uint64_t flags);

}  // namespace barnacle::helper
