#include "sim/host/toml.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>

// toml11 wants <exception> before it when it is built with libc++.
#include <toml.hpp>

#include "sim/host/toml_guard.h"
#include "sim/host/toml_plain.h"

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
  OrderedTable(Iterator first, Iterator last) {
    for (; first != last; ++first) insert(value_type(first->first, first->second));
  }

  iterator begin() { return entries_.begin(); }
  iterator end() { return entries_.end(); }
  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }
  const_iterator cbegin() const { return entries_.begin(); }
  const_iterator cend() const { return entries_.end(); }
  size_type size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

  iterator find(const Key& key) { return begin() + position_of(key); }
  const_iterator find(const Key& key) const { return begin() + position_of(key); }
  size_type count(const Key& key) const { return find(key) == end() ? 0 : 1; }
  Value& at(const Key& key) { return entry_of(*this, key).second; }
  const Value& at(const Key& key) const { return entry_of(*this, key).second; }
  Value& operator[](const Key& key) { return insert(value_type(key, Value{})).first->second; }
  std::pair<iterator, bool> insert(value_type entry) {
    const iterator present = find(entry.first);
    if (present != end()) return {present, false};
    if (entries_.size() >= kIndexed) index(entry.first);
    entries_.push_back(std::move(entry));
    return {std::prev(end()), true};
  }
  template <class... Arguments>
  std::pair<iterator, bool> emplace(Arguments&&... arguments) {
    return insert(value_type(std::forward<Arguments>(arguments)...));
  }
  void clear() {
    entries_.clear();
    positions_.clear();
  }
  friend bool operator==(const OrderedTable& a, const OrderedTable& b) { return a.entries_ == b.entries_; }

 private:
  // From this size on keys are found by hash; most tables are smaller.
  static constexpr size_type kIndexed = 32;

  difference_type position_of(const Key& key) const {
    if (!positions_.empty()) {
      const auto present = positions_.find(key);
      return static_cast<difference_type>(present == positions_.end() ? entries_.size() : present->second);
    }
    const auto same_key = [&](const value_type& entry) { return entry.first == key; };
    return std::find_if(entries_.begin(), entries_.end(), same_key) - entries_.begin();
  }
  void index(const Key& next) {
    for (size_type i = positions_.size(); i < entries_.size(); ++i) positions_.emplace(entries_[i].first, i);
    positions_.emplace(next, entries_.size());
  }
  template <class Self>
  static auto& entry_of(Self& self, const Key& key) {
    const auto present = self.find(key);
    if (present == self.end()) throw std::out_of_range("no such key");
    return *present;
  }

  std::vector<value_type> entries_;
  std::unordered_map<Key, size_type> positions_;
};

// toml11 takes the last element of an array that a header or dotted key goes through, without asking whether there is
// one ("a = []", then "[a.b]").
struct EmptyArrayExtended : std::exception {};

template <class Value>
class CheckedArray : public std::vector<Value> {
 public:
  using std::vector<Value>::vector;
  Value& back() {
    if (this->empty()) throw EmptyArrayExtended();
    return std::vector<Value>::back();
  }
  const Value& back() const {
    if (this->empty()) throw EmptyArrayExtended();
    return std::vector<Value>::back();
  }
};

using Parsed = toml::basic_value<toml::discard_comments, OrderedTable, CheckedArray>;

// A part of the text, as offsets.
struct Extent {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool contains(const Extent& other) const { return begin <= other.begin && other.begin < end; }
};

std::optional<Extent> extent_of(const Parsed& value) {
  const auto* region = dynamic_cast<const toml::detail::region*>(toml::detail::get_region(value));
  if (region == nullptr || !region->is_ok()) return std::nullopt;
  return Extent{static_cast<std::size_t>(region->first() - region->begin()),
                static_cast<std::size_t>(region->last() - region->begin())};
}

// Turns what toml11 read into ours, and refuses what it should have refused.
class Converter {
 public:
  explicit Converter(std::string_view text) : text_(text) {
    starts_.push_back(0);
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\n') starts_.push_back(at + 1);
    }
  }

  std::expected<TomlValue, TomlError> run(const Parsed& parsed) {
    TomlValue value = convert(parsed, nullptr);
    value.line = 1;
    if (error_) return std::unexpected(*error_);
    return value;
  }

 private:
  int line_of(std::size_t offset) const {
    return static_cast<int>(std::upper_bound(starts_.begin(), starts_.end(), offset) - starts_.begin());
  }

  void fail(const TomlValue& value, std::string what) {
    if (!error_) error_ = TomlError{value.line, std::move(what)};
  }

  // `sealed`: the inline table that the value is in; nothing outside of its braces may add to it.
  TomlValue convert(const Parsed& parsed, const Extent* sealed) {
    TomlValue value;
    const std::optional<Extent> extent = extent_of(parsed);
    if (extent) value.line = line_of(extent->begin);
    if (sealed != nullptr && extent && !sealed->contains(*extent))
      fail(value, "adds to an inline table that is closed");
    const std::string_view source = extent ? text_.substr(extent->begin, extent->end - extent->begin) : "";
    if (parsed.is_table() && source.starts_with('{')) sealed = &*extent;
    switch (parsed.type()) {
      case toml::value_t::boolean: value.value = parsed.as_boolean(); break;
      case toml::value_t::integer: convert_integer(parsed, source, value); break;
      case toml::value_t::floating: value.value = parsed.as_floating(); break;
      case toml::value_t::string: value.value = parsed.as_string().str; break;
      case toml::value_t::array: value.value = convert_array(parsed, sealed); break;
      case toml::value_t::table: value.value = convert_table(parsed, sealed); break;
      default: value.value = TomlDate{std::string(source)}; break;
    }
    return value;
  }

  // toml11 reads through a stream, which stays at the largest number where the text goes beyond it.
  void convert_integer(const Parsed& parsed, std::string_view source, TomlValue& value) {
    const std::int64_t number = parsed.as_integer();
    value.value = number;
    if (number != std::numeric_limits<std::int64_t>::max() && number != std::numeric_limits<std::int64_t>::min())
      return;
    std::string digits(source);
    std::erase(digits, '_');
    int base = 10;
    if (digits.starts_with("0x")) base = 16;
    if (digits.starts_with("0o")) base = 8;
    if (digits.starts_with("0b")) base = 2;
    const std::size_t skipped = base != 10 ? 2 : digits.starts_with('+') ? 1 : 0;
    std::int64_t exact = 0;
    const char* end = digits.data() + digits.size();
    if (std::from_chars(digits.data() + skipped, end, exact, base).ec != std::errc())
      fail(value, "integer is out of range");
  }

  TomlArray convert_array(const Parsed& parsed, const Extent* sealed) {
    TomlArray items;
    items.reserve(parsed.as_array().size());
    for (const Parsed& item : parsed.as_array()) items.push_back(convert(item, sealed));
    return items;
  }

  TomlTable convert_table(const Parsed& parsed, const Extent* sealed) {
    TomlTable table;
    table.reserve(parsed.as_table().size());
    for (const auto& [key, item] : parsed.as_table()) table.emplace_back(key, convert(item, sealed));
    return table;
  }

  std::string_view text_;
  std::vector<std::size_t> starts_;  // of lines
  std::optional<TomlError> error_;
};

std::string_view trim(std::string_view text) {
  while (!text.empty() && std::string_view(" |:").contains(text.front())) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '.')) text.remove_suffix(1);
  return text;
}

// The remark under a drawn source line (" |    ^--- expected newline"), or nothing.
std::string_view remark_of(std::string_view line) {
  const std::size_t arrow = line.find("^---");
  return arrow == std::string_view::npos ? std::string_view() : trim(line.substr(arrow + 4));
}

// The number of a drawn source line ("  3 | key value"), or 0.
int number_of(std::string_view line) {
  int number = 0;
  std::size_t at = 0;
  while (at < line.size() && line[at] == ' ') ++at;
  for (; at < line.size() && line[at] >= '0' && line[at] <= '9' && number < 100'000'000; ++at) {
    number = number * 10 + (line[at] - '0');
  }
  return line.substr(at).starts_with(" |") ? number : 0;
}

// toml11's messages have several lines: what it is, behind a tag and the function's name, and a drawing of the places.
// The last place is where the trouble is, the ones before it say what it collides with.
TomlError essence(std::string_view message, int fallback_line) {
  TomlError error{fallback_line, ""};
  std::string_view headline = message.substr(0, message.find('\n'));
  if (headline.starts_with("[error] ")) headline.remove_prefix(8);
  const std::size_t colon = headline.rfind(':', headline.find(' '));
  if (colon < headline.find(' ')) headline.remove_prefix(colon + 1);
  error.what = trim(headline);
  int places = 0;
  std::string_view remark;
  for (std::size_t at = message.find('\n'); at != std::string_view::npos;) {
    const std::size_t next = message.find('\n', ++at);
    const std::string_view line = message.substr(at, next == std::string_view::npos ? next : next - at);
    if (const int number = number_of(line)) {
      error.line = number;
      ++places;
    } else if (const std::string_view here = remark_of(line); !here.empty()) {
      remark = here;
    }
    at = next;
  }
  if (places == 1 && remark.size() > 4) error.what.append(": ").append(remark);
  if (error.what.empty()) error.what = "is not valid TOML";
  for (char& character : error.what) {
    if (static_cast<unsigned char>(character) < 0x20U || character == 0x7F) character = '?';
  }
  if (error.what[0] >= 'A' && error.what[0] <= 'Z') error.what[0] = static_cast<char>(error.what[0] - 'A' + 'a');
  return error;
}

// The line of the statement that toml11 had just read when it stood at `offset`: behind a key's value that same line,
// at the start of a line (or the end) the header of the table before it.
int last_statement(std::string_view text, std::size_t offset) {
  text = text.substr(0, std::min(offset, text.size()));
  std::size_t start = text.rfind('\n') + 1;  // npos + 1 is 0
  if (text.find_first_not_of(" \t", start) == std::string_view::npos) {
    const std::size_t header = text.rfind("\n[");
    start = header == std::string_view::npos ? 0 : header + 1;
  }
  return 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(start), '\n'));
}

struct TomlCache {
  std::unordered_map<const Blob*, std::unique_ptr<const std::expected<TomlValue, TomlError>>> parsed;
};

}  // namespace

std::expected<TomlValue, TomlError> read_whole_toml(std::string_view text) {
  std::vector<char> letters(text.begin(), text.end());
  if (!letters.empty() && letters.back() != '\n') letters.push_back('\n');  // toml11 wants a last line end
  toml::detail::location location("", std::move(letters));
  if (text.starts_with("\xEF\xBB\xBF")) location.advance(3);
  try {
    const auto parsed = toml::detail::parse_toml_file<Parsed>(location);
    if (parsed.is_ok()) return Converter(text).run(parsed.as_ok());
    return std::unexpected(essence(parsed.as_err(), std::stoi(location.line_num())));
  } catch (const toml::exception& error) {
    return std::unexpected(essence(error.what(), static_cast<int>(error.location().line())));
  } catch (const EmptyArrayExtended&) {
    const auto offset = static_cast<std::size_t>(location.iter() - location.begin());
    return std::unexpected(TomlError{last_statement(text, offset), "adds to an array that has no tables"});
  } catch (const std::exception& error) {
    return std::unexpected(essence(error.what(), std::stoi(location.line_num())));
  }
}

std::expected<TomlValue, TomlError> parse_toml(std::string_view text, const TomlLimits& limits) {
  if (std::optional<TomlError> refused = refuse_toml(text, limits)) return std::unexpected(std::move(*refused));
  if (auto plain = read_plain_toml(text)) return std::move(*plain);
  return read_whole_toml(text);
}

const std::expected<TomlValue, TomlError>& parse_toml(Store& store, const Blob* blob) {
  auto& slot = store.attachment<TomlCache>().parsed[blob];
  if (!slot) slot = std::make_unique<const std::expected<TomlValue, TomlError>>(parse_toml(blob->bytes));
  return *slot;
}

const Blob* intern_toml(Store& store, const TomlValue& value) {
  const Blob* blob = store.intern(write_toml(value));
  auto& slot = store.attachment<TomlCache>().parsed[blob];
  if (!slot) slot = std::make_unique<const std::expected<TomlValue, TomlError>>(value);
  return blob;
}

}  // namespace barnacle
