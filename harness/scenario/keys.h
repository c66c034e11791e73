// Names a user may have meant: known keys compared with '-' and '_' alike, and the nearest one to a name that is not
// known.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace barnacle {

// "take_ownership" and "take-ownership" are one key.
bool same_key(std::string_view left, std::string_view right);

// The known name that takes the fewest typing mistakes to become `name`; nothing when none is near. The first of
// equals.
std::optional<std::string_view> nearest_name(std::string_view name, std::span<const std::string_view> known);

// What a stranger's text looks like in a one-line message: control characters as '?', cut after 60 bytes.
std::string shown(std::string_view text);
// The same without the cut, for the name of a file.
std::string shown_path(std::string_view path);

}  // namespace barnacle
