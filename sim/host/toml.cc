#include "sim/host/toml.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <sstream>
#include <unordered_map>

// toml11 wants <exception> before it when it is built with libc++.
#include <toml.hpp>

#include "sim/base/check.h"
#include "sim/host/toml_guard.h"

namespace barnacle {
namespace {

// A table that keeps the order of the file; as much of a map as toml11 asks for.
template <class Key, class Value>
class OrderedTable {
 public:
  using key_type = Key;
  using mapped_type = Value;
  using value_type = std::pair<Key, Value>;
  using iterator = typename std::vector<value_type>::iterator;
  using const_iterator = typename std::vector<value_type>::const_iterator;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;

  OrderedTable() = default;
  template <class Iterator>
  OrderedTable(Iterator first, Iterator last) : entries_(first, last) {}

  iterator begin() { return entries_.begin(); }
  iterator end() { return entries_.end(); }
  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }
  const_iterator cbegin() const { return entries_.begin(); }
  const_iterator cend() const { return entries_.end(); }
  size_type size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

  iterator find(const Key& key) { return std::find_if(entries_.begin(), entries_.end(), [&](const value_type& entry) { return entry.first == key; }); }
  const_iterator find(const Key& key) const { return std::find_if(entries_.begin(), entries_.end(), [&](const value_type& entry) { return entry.first == key; }); }
  size_type count(const Key& key) const { return find(key) == end() ? 0 : 1; }
  Value& at(const Key& key) { return entry_of(*this, key).second; }
  const Value& at(const Key& key) const { return entry_of(*this, key).second; }
  Value& operator[](const Key& key) {
    const iterator present = find(key);
    return present != end() ? present->second : entries_.emplace_back(key, Value{}).second;
  }
  std::pair<iterator, bool> insert(value_type entry) {
    const iterator present = find(entry.first);
    if (present != end()) return {present, false};
    entries_.push_back(std::move(entry));
    return {std::prev(end()), true};
  }
  template <class... Arguments>
  std::pair<iterator, bool> emplace(Arguments&&... arguments) {
    return insert(value_type(std::forward<Arguments>(arguments)...));
  }
  void clear() { entries_.clear(); }
  friend bool operator==(const OrderedTable& a, const OrderedTable& b) { return a.entries_ == b.entries_; }

 private:
  template <class Self>
  static auto& entry_of(Self& self, const Key& key) {
    const auto present = self.find(key);
    if (present == self.end()) throw std::out_of_range("no such key");
    return *present;
  }
  std::vector<value_type> entries_;
};

using Parsed = toml::basic_value<toml::discard_comments, OrderedTable, std::vector>;

// Offsets of line starts, to turn a place in the text into a line.
class Lines {
 public:
  explicit Lines(std::string_view text) {
    starts_.push_back(0);
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\n') starts_.push_back(at + 1);
    }
  }
  int line_of(const Parsed& value) const {
    const auto* region = dynamic_cast<const toml::detail::region*>(toml::detail::get_region(value));
    if (region == nullptr || !region->is_ok()) return 0;
    const auto offset = static_cast<std::size_t>(region->first() - region->begin());
    return static_cast<int>(std::upper_bound(starts_.begin(), starts_.end(), offset) - starts_.begin());
  }

 private:
  std::vector<std::size_t> starts_;
};

template <class Date>
TomlDate date_of(const Date& date) {
  std::ostringstream text;
  text << date;
  return {text.str()};
}

TomlValue convert(const Parsed& parsed, const Lines& lines) {
  TomlValue value;
  value.line = lines.line_of(parsed);
  switch (parsed.type()) {
    case toml::value_t::boolean: value.value = parsed.as_boolean(); break;
    case toml::value_t::integer: value.value = static_cast<std::int64_t>(parsed.as_integer()); break;
    case toml::value_t::floating: value.value = parsed.as_floating(); break;
    case toml::value_t::string: value.value = parsed.as_string().str; break;
    case toml::value_t::offset_datetime: value.value = date_of(parsed.as_offset_datetime()); break;
    case toml::value_t::local_datetime: value.value = date_of(parsed.as_local_datetime()); break;
    case toml::value_t::local_date: value.value = date_of(parsed.as_local_date()); break;
    case toml::value_t::local_time: value.value = date_of(parsed.as_local_time()); break;
    case toml::value_t::array: {
      TomlArray items;
      for (const Parsed& item : parsed.as_array()) items.push_back(convert(item, lines));
      value.value = std::move(items);
      break;
    }
    case toml::value_t::table: {
      TomlTable table;
      for (const auto& [key, item] : parsed.as_table()) table.emplace_back(key, convert(item, lines));
      value.value = std::move(table);
      break;
    }
    default: value.value = std::string(); break;
  }
  return value;
}

// toml11's messages have several lines with a drawing; the first one says it, behind a tag and the function's name.
std::string essence(const std::string& message) {
  std::string line = message.substr(0, message.find('\n'));
  for (const std::string_view tag : {"[error] ", "toml::", "detail::"}) {
    if (line.starts_with(tag)) line.erase(0, tag.size());
  }
  const std::size_t colon = line.find(": ");
  if (colon != std::string::npos && line.find(' ') > colon) line.erase(0, colon + 2);
  std::string shown;
  for (const char c : line) shown.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c);
  if (!shown.empty() && shown.front() >= 'A' && shown.front() <= 'Z') shown.front() = static_cast<char>(shown.front() - 'A' + 'a');
  return shown.empty() ? "is not valid TOML" : shown;
}

int line_in(const toml::exception& error) {
  const auto line = static_cast<int>(error.location().line());
  return line > 0 ? line : 0;
}

std::expected<TomlValue, TomlError> parse_checked(std::string_view text) {
  std::istringstream stream{std::string(text)};
  try {
    const Parsed parsed = toml::parse<toml::discard_comments, OrderedTable, std::vector>(stream, "");
    return convert(parsed, Lines(text));
  } catch (const toml::exception& error) {
    return std::unexpected(TomlError{line_in(error), essence(error.what())});
  } catch (const std::exception&) {
    return std::unexpected(TomlError{0, "is not valid TOML"});
  }
}

using Result = std::expected<TomlValue, TomlError>;

struct TomlCache {
  std::unordered_map<const Blob*, std::unique_ptr<const Result>> parsed;
};

Hash128 hash_value(const TomlValue& value) {
  Hasher hasher;
  hasher.add(static_cast<std::uint64_t>(value.value.index()));
  if (const auto* boolean = std::get_if<bool>(&value.value)) hasher.add(static_cast<std::uint64_t>(*boolean));
  if (const auto* integer = std::get_if<std::int64_t>(&value.value)) hasher.add(static_cast<std::uint64_t>(*integer));
  if (const auto* number = std::get_if<double>(&value.value)) hasher.add(std::bit_cast<std::uint64_t>(*number));
  if (const auto* text = std::get_if<std::string>(&value.value)) hasher.add(*text);
  if (const auto* date = std::get_if<TomlDate>(&value.value)) hasher.add(date->text);
  if (value.is_array()) {
    for (const TomlValue& item : value.array()) hasher.add(hash_value(item));
  }
  if (value.is_table()) {
    // A sum, so that the order of keys does not count.
    Hash128 sum;
    for (const auto& [key, item] : value.table()) {
      const Hash128 entry = Hasher().add(key).add(hash_value(item)).finish();
      sum.low += entry.low;
      sum.high += entry.high;
    }
    hasher.add(sum).add(static_cast<std::uint64_t>(value.table().size()));
  }
  return hasher.finish();
}

}  // namespace

const TomlValue* TomlValue::get(std::string_view key) const {
  if (!is_table()) return nullptr;
  const auto entry = std::ranges::find(table(), key, [](const auto& one) { return std::string_view(one.first); });
  return entry == table().end() ? nullptr : &entry->second;
}

const TomlValue* TomlValue::at(std::initializer_list<std::string_view> keys) const {
  const TomlValue* found = this;
  for (const std::string_view key : keys) {
    found = found->get(key);
    if (found == nullptr) return nullptr;
  }
  return found;
}

void TomlValue::set(const std::vector<std::string>& keys, TomlValue added) {
  TomlValue* at = this;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    check(at->is_table(), "a value is set below a table");
    TomlTable& members = at->table();
    auto entry = std::ranges::find(members, keys[i], [](const auto& one) -> const std::string& { return one.first; });
    if (entry == members.end()) entry = members.insert(members.end(), {keys[i], toml_table()});
    at = &entry->second;
  }
  *at = std::move(added);
}

bool TomlValue::equals(const TomlValue& other) const {
  if (value.index() != other.value.index()) return false;
  if (is_array()) {
    return std::ranges::equal(array(), other.array(), [](const TomlValue& a, const TomlValue& b) { return a.equals(b); });
  }
  if (!is_table()) return std::visit([&](const auto& own) -> bool {
      using Own = std::decay_t<decltype(own)>;
      if constexpr (std::is_same_v<Own, TomlArray> || std::is_same_v<Own, TomlTable>) return false;
      else if constexpr (std::is_same_v<Own, double>) return std::bit_cast<std::uint64_t>(own) == std::bit_cast<std::uint64_t>(std::get<Own>(other.value));
      else return own == std::get<Own>(other.value);
    }, value);
  if (table().size() != other.table().size()) return false;
  return std::ranges::all_of(table(), [&](const auto& entry) {
    const TomlValue* there = other.get(entry.first);
    return there != nullptr && entry.second.equals(*there);
  });
}

TomlValue toml_string(std::string text) { return {std::move(text), 0}; }
TomlValue toml_bool(bool value) { return {value, 0}; }
TomlValue toml_table() { return {TomlTable{}, 0}; }
TomlValue toml_array(std::vector<std::string> strings) {
  TomlArray items;
  for (std::string& text : strings) items.push_back(toml_string(std::move(text)));
  return {std::move(items), 0};
}

std::expected<TomlValue, TomlError> parse_toml(std::string_view text, const TomlLimits& limits) {
  if (const auto refused = refuse_toml(text, limits)) return std::unexpected(*refused);
  return parse_checked(text);
}

const std::expected<TomlValue, TomlError>& parse_toml(Store& store, const Blob* blob) {
  auto& slot = store.attachment<TomlCache>().parsed[blob];
  if (!slot) slot = std::make_unique<const Result>(parse_toml(blob->bytes));
  return *slot;
}

const Blob* intern_toml(Store& store, const TomlValue& value) {
  const Blob* blob = store.intern(write_toml(value));
  auto& slot = store.attachment<TomlCache>().parsed[blob];
  if (!slot) slot = std::make_unique<const Result>(value);
  return blob;
}

Hash128 hash_of(const TomlValue& value) { return hash_value(value); }

}  // namespace barnacle
