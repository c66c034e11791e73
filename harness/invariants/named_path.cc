#include "harness/invariants/named_path.h"

#include <memory>

#include "sim/base/hash_map.h"

namespace barnacle {
namespace {

bool in_path(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '-' ||
         c == '_' || c == '.' || c == '+' || c == '@';
}

void find_in_line(std::string_view line, int number, std::vector<NamedPath>& found) {
  const std::size_t first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos || (line[first] == '#' && !line.starts_with("#!"))) return;
  for (std::size_t at = 0; at < line.size();) {
    const bool starts = line[at] == '/' && (at == 0 || !in_path(line[at - 1]));
    if (!starts) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < line.size() && in_path(line[end])) ++end;
    if (end - at > 1) found.push_back({std::string(line.substr(at, end - at)), number});
    at = end;
  }
}

struct NamedPathMemory {
  AddressMap<Blob, std::unique_ptr<const std::vector<NamedPath>>> of;
};

}  // namespace

const std::vector<NamedPath>& named_paths(Store& store, const Blob* text) {
  auto& memory = store.attachment<NamedPathMemory>().of[text];
  if (!memory) {
    std::vector<NamedPath> found;
    int number = 0;
    for (std::size_t start = 0; start < text->bytes.size();) {
      const std::size_t end = std::min(text->bytes.find('\n', start), text->bytes.size());
      find_in_line(std::string_view(text->bytes).substr(start, end - start), ++number, found);
      start = end + 1;
    }
    memory = std::make_unique<const std::vector<NamedPath>>(std::move(found));
  }
  return *memory;
}

}  // namespace barnacle
