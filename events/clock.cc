// RFC 3339 by arithmetic alone: the C library's conversions depend on the locale, the time zone and the platform.
#include "events/clock.h"

#include <algorithm>
#include <array>

namespace mnemo {
namespace {

constexpr int64_t kMsPerSecond = 1000;
constexpr int64_t kMsPerMinute = 60 * kMsPerSecond;
constexpr int64_t kMsPerDay = 24 * 60 * kMsPerMinute;
constexpr int64_t kDaysPerEra = 146097;  // 400 years, after which the calendar repeats

struct Date {
  int64_t year = 0;
  int64_t month = 0;  // 1 .. 12
  int64_t day = 0;    // 1 .. 31
};

constexpr bool is_leap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

constexpr int64_t days_in_month(int64_t year, int64_t month) {
  constexpr std::array<int64_t, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[static_cast<size_t>(month - 1)] + (month == 2 && is_leap(year) ? 1 : 0);
}

// Days since 1970-01-01 in the proleptic Gregorian calendar, for years from 0. Years are counted from March, so that
// the leap day is the last of a year and the months before it have a regular pattern of lengths.
constexpr int64_t days_from_date(const Date& date) {
  const int64_t year = date.month > 2 ? date.year : date.year - 1;
  const int64_t month = date.month > 2 ? date.month - 3 : date.month + 9;  // 0: March
  const int64_t era = (year < 0 ? year - 399 : year) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  constexpr int64_t kEpochDay = 719468;  // of 1970-01-01, counted from 0000-03-01
  return era * kDaysPerEra + day_of_era - kEpochDay;
}

constexpr Date date_from_days(int64_t days) {
  constexpr int64_t kEpochDay = 719468;
  const int64_t shifted = days + kEpochDay;
  const int64_t era = (shifted < 0 ? shifted - (kDaysPerEra - 1) : shifted) / kDaysPerEra;
  const int64_t day_of_era = shifted - era * kDaysPerEra;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;  // 0: March
  Date date;
  date.day = day_of_year - (153 * month + 2) / 5 + 1;
  date.month = month < 10 ? month + 3 : month - 9;
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

constexpr TimestampMs kFirstMs = days_from_date({1, 1, 1}) * kMsPerDay;
constexpr TimestampMs kLastMs = (days_from_date({9999, 12, 31}) + 1) * kMsPerDay - 1;

void put_number(std::string& out, int64_t value, int digits) {
  const size_t at = out.size();
  out.append(static_cast<size_t>(digits), '0');
  for (size_t i = out.size(); i > at; --i) {
    out[i - 1] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

// Reads the text from left to right; the first thing that does not fit makes it fail for good.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool done() const { return ok_ && rest_.empty(); }
  int64_t number(size_t digits, int64_t least, int64_t most) {
    int64_t value = 0;
    for (size_t i = 0; i < digits; ++i) value = value * 10 + digit();
    ok_ = ok_ && value >= least && value <= most;
    return value;
  }
  void literal(char upper) {
    // The grammar's letters match in either case.
    const char lower = upper >= 'A' && upper <= 'Z' ? static_cast<char>(upper + ('a' - 'A')) : upper;
    if (!take(upper) && !take(lower)) ok_ = false;
  }
  // ".123456789" in milliseconds, further digits cut; 0 when there is no fraction.
  int64_t fraction_ms() {
    if (!take('.')) return 0;
    int64_t ms = 0;
    size_t digits = 0;
    for (; !rest_.empty() && is_digit(rest_[0]); ++digits) {
      const int64_t value = digit();
      if (digits < 3) ms = ms * 10 + value;
    }
    ok_ = ok_ && digits >= 1 && digits <= 9;
    for (; digits < 3; ++digits) ms *= 10;
    return ms;
  }
  // What local time is ahead of UTC, in minutes.
  int64_t offset_minutes() {
    if (take('Z') || take('z')) return 0;
    const bool west = take('-');
    if (!west) literal('+');
    const int64_t hours = number(2, 0, 23);
    literal(':');
    const int64_t minutes = number(2, 0, 59);
    return west ? -(hours * 60 + minutes) : hours * 60 + minutes;
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  int64_t digit() {
    if (rest_.empty() || !is_digit(rest_[0])) {
      ok_ = false;
      return 0;
    }
    const int64_t value = rest_[0] - '0';
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
  bool ok_ = true;
};

struct DayAndTime {
  int64_t days = 0;  // since 1970-01-01
  int64_t ms = 0;    // of that day, from 0
};

DayAndTime split_day(TimestampMs time_ms) {
  const int64_t ms = (time_ms % kMsPerDay + kMsPerDay) % kMsPerDay;
  return {(time_ms - ms) / kMsPerDay, ms};
}

// A leap second is inserted after 23:59:59 UTC at the end of a month. It counts as the second after it, since
// timestamps have none.
bool may_follow_leap_second(TimestampMs time_ms) {
  const DayAndTime at = split_day(time_ms);
  return at.ms < kMsPerSecond && date_from_days(at.days).day == 1;
}

Error bad_time() {
  return Error{Code::kInvalidArgument,
               "not a time: write it as RFC 3339 says, like 2023-05-08T13:56:00Z or 2023-05-08T15:56:00.250+02:00, "
               "within the years 0001 to 9999"};
}

}  // namespace

std::string to_rfc3339(TimestampMs time_ms) {
  const auto [days, ms] = split_day(std::clamp(time_ms, kFirstMs, kLastMs));
  const Date date = date_from_days(days);
  std::string text;
  text.reserve(24);
  put_number(text, date.year, 4);
  text += '-';
  put_number(text, date.month, 2);
  text += '-';
  put_number(text, date.day, 2);
  text += 'T';
  put_number(text, ms / (60 * kMsPerMinute), 2);
  text += ':';
  put_number(text, ms / kMsPerMinute % 60, 2);
  text += ':';
  put_number(text, ms / kMsPerSecond % 60, 2);
  text += '.';
  put_number(text, ms % kMsPerSecond, 3);
  text += 'Z';
  return text;
}

Result<TimestampMs> parse_rfc3339(std::string_view text) {
  Reader reader(text);
  Date date;
  date.year = reader.number(4, 0, 9999);  // year 0 may still be year 1 in UTC
  reader.literal('-');
  date.month = reader.number(2, 1, 12);
  reader.literal('-');
  date.day = reader.number(2, 1, 31);
  reader.literal('T');
  const int64_t hour = reader.number(2, 0, 23);
  reader.literal(':');
  const int64_t minute = reader.number(2, 0, 59);
  reader.literal(':');
  const int64_t second = reader.number(2, 0, 60);
  const int64_t fraction_ms = reader.fraction_ms();
  const int64_t offset = reader.offset_minutes();
  if (!reader.done() || date.day > days_in_month(date.year, date.month)) return fail(bad_time());

  const int64_t minutes = hour * 60 + minute - offset;
  const TimestampMs time_ms =
      days_from_date(date) * kMsPerDay + minutes * kMsPerMinute + second * kMsPerSecond + fraction_ms;
  if (second == 60 && !may_follow_leap_second(time_ms)) return fail(bad_time());
  if (time_ms < kFirstMs || time_ms > kLastMs) return fail(bad_time());
  return time_ms;
}

}  // namespace mnemo
