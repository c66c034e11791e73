#include "sim/base/dates.h"

#include <fmt/core.h>

#include <chrono>

namespace barnacle {
namespace {

constexpr Time kMinute = 60;
constexpr Time kHour = 60 * kMinute;
constexpr Time kDay = 24 * kHour;
constexpr Time kLongestDuration = 3650 * kDay;

// Takes what it reads off the front of a text; once something did not fit, it stays failed.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool good() const { return good_ && rest_.empty(); }

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t index = 0; index < count; ++index) {
      if (index >= rest_.size() || !is_digit(rest_[index])) return fail();
      value = value * 10 + (rest_[index] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }

  // Whether one of these characters stands next; it is taken.
  bool take(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    last_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  void need(std::string_view any_of) {
    if (!take(any_of)) fail();
  }
  char last() const { return last_; }
  void skip_digits() {
    while (!rest_.empty() && is_digit(rest_.front())) rest_.remove_prefix(1);
  }
  // A value that is out of its range.
  void require(bool condition) {
    if (!condition) fail();
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  int fail() {
    good_ = false;
    return 0;
  }

  std::string_view rest_;
  char last_ = '\0';
  bool good_ = true;
};

Time scan_day(Scanner& scanner) {
  const int year = scanner.digits(4);
  scanner.need("-");
  const int month = scanner.digits(2);
  scanner.need("-");
  const int day = scanner.digits(2);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  scanner.require(date.ok() && year >= 1970);
  return date.ok() ? std::chrono::sys_days(date).time_since_epoch().count() * kDay : 0;
}

Time scan_time(Scanner& scanner) {
  const int hour = scanner.digits(2);
  scanner.need(":");
  const int minute = scanner.digits(2);
  int second = 0;
  if (scanner.take(":")) {
    second = scanner.digits(2);
    if (scanner.take(".")) scanner.skip_digits();
  }
  scanner.require(hour < 24 && minute < 60 && second < 60);
  return hour * kHour + minute * kMinute + second;
}

Time scan_offset(Scanner& scanner) {
  if (scanner.take("Zz") || !scanner.take("+-")) return 0;
  const Time sign = scanner.last() == '-' ? -1 : 1;
  const int hours = scanner.digits(2);
  scanner.need(":");
  const int minutes = scanner.digits(2);
  scanner.require(hours < 24 && minutes < 60);
  return sign * (hours * kHour + minutes * kMinute);
}

}  // namespace

std::optional<Time> parse_date(std::string_view text) {
  Scanner scanner(text);
  Time time = scan_day(scanner);
  if (!scanner.at_end()) {
    scanner.need("Tt ");
    time += scan_time(scanner);
    time -= scan_offset(scanner);
  }
  if (!scanner.good() || time < 0) return std::nullopt;
  return time;
}

std::string date_text(Time time) {
  const auto days = std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(time)));
  const std::chrono::year_month_day date(days);
  const Time rest = time - days.time_since_epoch().count() * kDay;
  std::string text = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  if (rest != 0) text += fmt::format("T{:02}:{:02}:{:02}Z", rest / kHour, rest % kHour / kMinute, rest % kMinute);
  return text;
}

std::optional<Time> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  Time seconds = 0;
  Time smaller_than = kDay;  // units fall: "5m1h" is no duration
  while (!text.empty()) {
    Time number = 0;
    std::size_t length = 0;
    for (; length < text.size() && text[length] >= '0' && text[length] <= '9'; ++length) {
      number = number * 10 + (text[length] - '0');
      if (number > kLongestDuration) return std::nullopt;
    }
    if (length == 0 || length == text.size()) return std::nullopt;
    const char letter = text[length];
    const Time unit = letter == 'h' ? kHour : letter == 'm' ? kMinute : letter == 's' ? 1 : 0;
    if (unit == 0 || unit >= smaller_than || number > kLongestDuration / unit) return std::nullopt;
    smaller_than = unit;
    seconds += number * unit;
    text.remove_prefix(length + 1);
  }
  if (seconds > kLongestDuration) return std::nullopt;
  return seconds;
}

std::string duration_text(Time seconds) {
  if (seconds != 0 && seconds % kHour == 0) return fmt::format("{}h", seconds / kHour);
  if (seconds != 0 && seconds % kMinute == 0) return fmt::format("{}m", seconds / kMinute);
  return fmt::format("{}s", seconds);
}

}  // namespace barnacle
