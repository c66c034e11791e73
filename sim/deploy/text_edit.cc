#include "sim/deploy/text_edit.h"

#include <unordered_map>

namespace barnacle {
namespace {

using LineEdit = std::function<void(std::string_view line, std::string& out)>;

std::string edit_lines(std::string_view text, const LineEdit& edit) {
  std::string out;
  out.reserve(text.size() + 64);
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = text.find('\n', start);
    const bool last = end == std::string_view::npos;
    edit(text.substr(start, last ? std::string_view::npos : end - start), out);
    if (last) break;
    out.push_back('\n');
    start = end + 1;
  }
  return out;
}

TextEdit line_edit(Hash128 id, LineEdit edit) {
  return {id, [edit = std::move(edit)](Store& store, const Blob* before) {
            return store.intern(edit_lines(before->bytes, edit));
          }};
}

Hash128 name_edit(std::string_view what, std::string_view a, std::string_view b = "", std::string_view c = "") {
  return Hasher().add(what).add(a).add(b).add(c).finish();
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  std::size_t start = 0;
  for (std::size_t at = text.find(from); at != std::string_view::npos; at = text.find(from, start)) {
    out.append(text, start, at - start).append(to);
    start = at + from.size();
  }
  return out.append(text, start);
}

bool goes_on_as_name(char c) {
  return c == '-' || c == '_' || c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string relocate(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  std::size_t start = 0;
  for (std::size_t at = text.find(from); at != std::string_view::npos; at = text.find(from, at + from.size())) {
    const std::size_t after = at + from.size();
    const bool ends = after == text.size() || !goes_on_as_name(text[after]);
    const bool begins = at == 0 || (!goes_on_as_name(text[at - 1]) && text[at - 1] != '/');
    if (!ends || !begins) continue;
    out.append(text, start, at - start).append(to);
    start = after;
  }
  return out.append(text, start);
}

struct EditKey {
  const Blob* before;
  Hash128 edit;
  bool operator==(const EditKey&) const = default;
};
struct EditKeyHash {
  std::size_t operator()(const EditKey& key) const {
    return static_cast<std::size_t>(key.before->hash.low ^ key.edit.low);
  }
};
struct EditMemo {
  std::unordered_map<EditKey, const Blob*, EditKeyHash> results;
};

}  // namespace

const Blob* apply_edit(Store& store, const Blob* before, const TextEdit& edit) {
  EditMemo& memo = store.attachment<EditMemo>();
  const auto [entry, inserted] = memo.results.try_emplace({before, edit.id}, nullptr);
  if (inserted) {
    const Blob* after = edit.apply(store, before);
    memo.results[{before, edit.id}] = after;  // the edit itself may have edited, and moved the table
    return after;
  }
  return entry->second;
}

TextEdit substitute_all(std::string from, std::string to) {
  return {name_edit("all", from, to),
          [from, to](Store& store, const Blob* before) { return store.intern(replace_all(before->bytes, from, to)); }};
}

TextEdit substitute_first_per_line(std::string from, std::string to) {
  return line_edit(name_edit("first", from, to), [from, to](std::string_view line, std::string& out) {
    const std::size_t at = line.find(from);
    if (at == std::string_view::npos) {
      out.append(line);
      return;
    }
    out.append(line, 0, at).append(to).append(line, at + from.size());
  });
}

TextEdit append_to_string(std::string key, std::string addition, std::string unless) {
  return line_edit(name_edit("append", key, addition, unless), [=](std::string_view line, std::string& out) {
    const std::string start = key + " = \"";
    const std::size_t quote = line.rfind('"');
    const bool fits = line.starts_with(start) && quote != std::string_view::npos && quote >= start.size();
    if (!fits || (!unless.empty() && line.find(unless) != std::string_view::npos)) {
      out.append(line);
      return;
    }
    out.append(line, 0, quote).append(addition).append(line, quote);
  });
}

TextEdit append_to_list(std::string key, std::string addition) {
  return line_edit(name_edit("list", key, addition), [=](std::string_view line, std::string& out) {
    const std::string start = key + " = [";
    const std::size_t bracket = line.rfind(']');
    if (!line.starts_with(start) || bracket == std::string_view::npos) {
      out.append(line);
      return;
    }
    // sed's own replacement puts the comma even into an empty list.
    out.append(line, 0, bracket).append(", ").append(addition).append(line, bracket);
  });
}

TextEdit set_list(std::string key, std::string items) {
  return line_edit(name_edit("set-list", key, items), [=](std::string_view line, std::string& out) {
    const std::string start = key + " = [";
    const std::size_t bracket = line.rfind(']');
    if (!line.starts_with(start) || bracket == std::string_view::npos) {
      out.append(line);
      return;
    }
    out.append(start).append(items).append(line, bracket);
  });
}

TextEdit set_line(std::string key, std::string value, Commented commented) {
  const std::string mode = std::to_string(static_cast<int>(commented));
  return line_edit(name_edit("line", key, value, mode), [=](std::string_view line, std::string& out) {
    const bool hash = line.starts_with('#');
    const bool allowed = hash ? commented != Commented::never : commented != Commented::only;
    const std::string_view rest = hash ? line.substr(1) : line;
    if (!allowed || !rest.starts_with(key) || rest.find('=', key.size()) == std::string_view::npos) {
      out.append(line);
      return;
    }
    out.append(key).append(" = ").append(value);
  });
}

TextEdit set_value(std::vector<std::string> path, TomlValue value) {
  Hasher id;
  id.add("value").add(hash_of(value));
  for (const std::string& key : path) id.add(key);
  return {id.finish(),
          [path = std::move(path), value = std::move(value)](Store& store, const Blob* before) -> const Blob* {
            const auto& parsed = parse_toml(store, before);
            if (!parsed) return before;
            TomlValue edited = *parsed;
            edited.set(path, value);
            return intern_toml(store, edited);
          }};
}

TextEdit relocate_paths(std::string from, std::string to) {
  return {name_edit("relocate", from, to),
          [from, to](Store& store, const Blob* before) { return store.intern(relocate(before->bytes, from, to)); }};
}

bool has_line(std::string_view text, const std::function<bool(std::string_view line)>& predicate) {
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    if (predicate(text.substr(start, end - start))) return true;
    start = end + 1;
  }
  return false;
}

}  // namespace barnacle
