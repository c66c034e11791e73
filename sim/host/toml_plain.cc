#include "sim/host/toml_plain.h"

#include <algorithm>
#include <charconv>

namespace barnacle {
namespace {

bool is_bare(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
         letter == '_' || letter == '-';
}

TomlValue* member(TomlValue& table, std::string_view key) {
  const auto entry = std::ranges::find(table.table(), key, [](const auto& one) { return std::string_view(one.first); });
  return entry == table.table().end() ? nullptr : &entry->second;
}

// Takes a line apart, from its start on. Whatever is not plain leaves it where it stands.
class Line {
 public:
  Line(std::string_view text, int number) : rest_(text), number_(number) { skip_blanks(); }

  bool ends() const { return rest_.empty() || rest_.front() == '#'; }

  bool take(char letter) {
    if (!rest_.starts_with(letter)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  std::optional<std::string_view> bare_key() {
    const auto end = std::ranges::find_if_not(rest_, is_bare);
    return end == rest_.begin() ? std::nullopt : std::optional(taken(static_cast<std::size_t>(end - rest_.begin())));
  }

  // Between quotes of one kind; a backslash may begin an escape, and three quotes a text over several lines.
  std::optional<std::string_view> string() {
    if (rest_.empty() || (rest_.front() != '"' && rest_.front() != '\'')) return std::nullopt;
    const char quote = rest_.front();
    const std::size_t end = rest_.find_first_of(quote == '"' ? "\"\\\t" : "'\\\t", 1);
    if (end == std::string_view::npos || rest_[end] != quote) return std::nullopt;
    return taken(end + 1).substr(1, end - 1);
  }

  std::optional<TomlValue> value() {
    if (rest_.starts_with('[')) return array();
    if (const auto text = string()) return TomlValue{std::string(*text), number_};
    const std::string_view word = taken(std::min(rest_.find_first_of(" \t#"), rest_.size()));
    if (word == "true" || word == "false") return TomlValue{word == "true", number_};
    return integer(word);
  }

 private:
  std::string_view taken(std::size_t length) {
    const std::string_view front = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return front;
  }

  std::optional<TomlValue> integer(std::string_view word) const {
    const std::string_view digits = word.starts_with('-') ? word.substr(1) : word;
    if (digits.empty() || digits.front() < '1' || digits.front() > '9') {
      return word == "0" ? std::optional(TomlValue{std::int64_t{0}, number_}) : std::nullopt;
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    return TomlValue{number, number_};
  }

  std::optional<TomlValue> array() {
    TomlArray items;
    take('[');
    skip_blanks();
    if (take(']')) return TomlValue{std::move(items), number_};
    while (true) {
      const auto item = string();
      if (!item) return std::nullopt;
      items.push_back({std::string(*item), number_});
      skip_blanks();
      if (take(']')) return TomlValue{std::move(items), number_};
      if (!take(',')) return std::nullopt;
      skip_blanks();
    }
  }

  std::string_view rest_;
  int number_;
};

class PlainReader {
 public:
  // False when the line is not plain.
  bool read(std::string_view text, int number) {
    Line line(text, number);
    if (line.ends()) return true;
    const bool read = line.take('[') ? header(line, number) : key_and_value(line);
    line.skip_blanks();
    return read && line.ends();
  }

  TomlValue take() { return std::move(whole_); }

 private:
  bool header(Line& line, int number) {
    table_ = &whole_;
    bool is_new = false;
    do {
      auto name = line.bare_key();
      if (!name) name = line.string();
      if (!name || name->empty() || !table_->is_table()) return false;
      TomlValue* next = member(*table_, *name);
      is_new = next == nullptr;
      if (is_new) next = &table_->table().emplace_back(*name, TomlValue{TomlTable(), number}).second;
      table_ = next;
    } while (line.take('.'));
    return is_new && line.take(']');
  }

  bool key_and_value(Line& line) {
    const auto key = line.bare_key();
    line.skip_blanks();
    if (!key || !line.take('=') || member(*table_, *key) != nullptr) return false;
    line.skip_blanks();
    auto value = line.value();
    if (!value) return false;
    table_->table().emplace_back(*key, std::move(*value));
    return true;
  }

  TomlValue whole_{TomlTable(), 1};
  TomlValue* table_ = &whole_;  // that the last header opened
};

}  // namespace

std::optional<TomlValue> read_plain_toml(std::string_view text) {
  PlainReader reader;
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.ends_with('\r') || !reader.read(line, ++number)) return std::nullopt;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return reader.take();
}

}  // namespace barnacle
