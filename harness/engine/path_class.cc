#include "harness/engine/path_class.h"

#include <algorithm>
#include <string_view>

namespace barnacle {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

void replace_name(std::string& text, const std::string& name, std::string_view by) {
  if (name.empty()) return;
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at)) {
    const std::size_t end = at + name.size();
    const bool whole =
        (at == 0 || !is_name_character(text[at - 1])) && (end == text.size() || !is_name_character(text[end]));
    if (whole) text.replace(at, name.size(), by);
    at += whole ? by.size() : 1;
  }
}

// Kubernetes draws the end of a pod's name from letters that spell no words.
void replace_pod_suffix(std::string& name) {
  constexpr std::string_view kDrawn = "bcdfghjklmnpqrstvwxz2456789";
  constexpr std::size_t kLength = 5;
  if (name.size() <= kLength + 1 || name[name.size() - kLength - 1] != '-') return;
  const std::string_view end = std::string_view(name).substr(name.size() - kLength);
  if (std::ranges::all_of(end, [&](char c) { return kDrawn.find(c) != std::string_view::npos; }))
    name.replace(name.size() - kLength, kLength, "POD");
}

// How often the part of this length at `at` stands there in a row.
std::size_t repeats(std::string_view text, std::size_t at, std::size_t length) {
  std::size_t count = 1;
  while (text.substr(at + count * length, length) == text.substr(at, length)) ++count;
  return count;
}

// "-cicd-cicd-cicd" → "-cicd-cicd", of whatever words the part consists.
void fold_repeats(std::string& text) {
  for (std::size_t at = text.find('-'); at != std::string::npos; at = text.find('-', at + 1)) {
    for (std::size_t length = 2; at + 3 * length <= text.size() && text[at + length - 1] != '/'; ++length) {
      if (text[at + length] != '-') continue;
      const std::size_t count = repeats(text, at, length);
      if (count > 2) text.erase(at, (count - 2) * length);
    }
  }
}

}  // namespace

std::string path_class(const std::string& path, const Scenario& scenario) {
  std::string text = path;
  for (const NodeSpec& node : scenario.nodes) replace_name(text, node.name, "NODE");
  if (!text.starts_with('/')) replace_pod_suffix(text);
  fold_repeats(text);
  return text;
}

}  // namespace barnacle
