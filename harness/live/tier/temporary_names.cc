#include "harness/live/tier/temporary_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "sim/base/text.h"

namespace barnacle {
namespace {

// How well-known programs begin such a name, and how many characters they make up.
struct Habit {
  std::string_view begin;
  std::size_t made_up;
};
constexpr Habit kHabits[] = {{"sed", 6}, {"tmp.", 10}, {"tmp", 8}};

bool is_made_up(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

}  // namespace

void TemporaryNames::note(const std::string& path) {
  const std::string name(base_name(path));
  for (const Habit& habit : kHabits) {
    if (!name.starts_with(habit.begin) || name.size() != habit.begin.size() + habit.made_up ||
        !std::ranges::all_of(name.substr(habit.begin.size()), is_made_up))
      continue;
    const std::size_t number = names_.size() + 1;
    names_.emplace_back(name, fmt::format("{}{:0{}}", habit.begin, number, habit.made_up));
    paths_.push_back(path);
    return;
  }
}

std::string TemporaryNames::numbered(std::string text) const {
  for (const auto& [made_up, number] : names_) {
    for (std::size_t at = text.find(made_up); at != std::string::npos; at = text.find(made_up, at + number.size()))
      text.replace(at, made_up.size(), number);
  }
  return text;
}

void TemporaryNames::number(FileTree& files, Time now) const {
  for (const std::string& path : paths_) {
    if (files.find(path, Follow::no)) (void)files.rename(path, numbered(path), now);
  }
}

}  // namespace barnacle
