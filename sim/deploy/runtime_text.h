// Edits of an operator's runtime configuration as text, each with an exact inverse: what the operator wrote keeps its
// bytes, its comments and its order.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace barnacle {

// `imports` of the top level gets one more path, at its end; a file without `imports` gets a marked line of its own at
// the top. Nothing changes where the path is listed already. None: the file's `imports` is no list that can be edited.
std::optional<std::string> add_import(std::string_view text, std::string_view path);
// The inverse; a marked line goes once it is empty.
std::string remove_import(std::string_view text, std::string_view path);

// A block of the release's own at the end of the file, between two marker lines.
std::string put_block(std::string_view text, std::string_view owner, std::string_view body);
std::string remove_block(std::string_view text, std::string_view owner);

// A file that the deployment made because there was none: its first line says so.
std::string made_file(int version);
// What is left of the file once nothing of any release is in it; nothing when it was only ours.
std::optional<std::string> unmake_file(std::string_view text);

}  // namespace barnacle
