#include "ledger/settings.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "ledger/sql.h"

namespace courier {
namespace {

constexpr std::int64_t kYearMinutes = 365 * 24 * 60;
constexpr std::int64_t kHuge = INT64_MAX;

using enum SettingUnit;
constexpr auto kTable = std::to_array<SettingRow>({
    {"distribution.wake", minutes, "60", 1, 1440, "pass without an event"},
    {"dp.retries", count, "100", 1, 1000, "attempts at a distribution point that fails"},
    {"dp.retry-interval", minutes, "30", 1, 1440, "between those attempts"},
    {"dp.reserve", bytes, "256MiB", 0, kHuge, "kept free on a drive of a distribution point"},
    {"job.retry-days", days, "7", 1, 365, "a job in error before it fails"},
    {"despool.retry-interval", minutes, "5", 1, 1440, "for an item that must wait"},
    {"key.wait", minutes, "500", 1, kYearMinutes, "quarantine before the negative verdict"},
    {"gate.allow", text, "", 0, 0, "which odd USB devices pass: vendor:product:serial, ..."},
    {"kiosk.auto-receive", on_off, "off", 0, 0, "whether a watch takes parcels in by itself"},
    {"kiosk.return-to", text, kSameMedium, 0, 0, "where a watch writes returns: a TARGET"},
    {"delta.bases", versions, "5", 0, 5, "bases kept and used; 0: always whole"},
    {"parcel.grace", days, "7", 0, 365, "before the payload of a Confirmed parcel is removed"},
    {"parcel.expect-return", days, "30", 1, 365, "after which a Sent parcel is overdue"},
    {"log.max-size", bytes, "16MiB", 10 * 1024, kHuge, "journal before it rolls over"},
});

const SettingRow& row_of(std::string_view name) {
  const auto it = std::find_if(kTable.begin(), kTable.end(),
                               [&](const SettingRow& r) { return r.name == name; });
  if (it == kTable.end())
    throw Error(ErrorCode::usage, "setting " + escaped(name), "there is none of this name")
        .with_hint("courier site show --settings");
  return *it;
}

std::string unit_word(SettingUnit unit) {
  switch (unit) {
    case minutes:
      return " minutes";
    case days:
      return " days";
    case versions:
      return " versions";
    case bytes:
      return " bytes";
    default:
      return "";
  }
}

std::string like(const SettingRow& row) {
  return "give one such as " + std::string(row.name) + "=" + std::string(row.default_value) +
         "; 'courier site show --settings' shows all";
}

std::int64_t parse_whole(std::string_view text, const std::string& subject) {
  std::int64_t n = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || fault != std::errc{} || end != text.data() + text.size())
    throw Error(ErrorCode::usage, subject, "'" + escaped(text) + "' is no number");
  return n;
}

std::int64_t parse_time(std::string_view given, std::int64_t minutes_each,
                        const std::string& subject) {
  // Minutes of each suffix; without one the number is in the setting's own unit.
  std::int64_t factor = minutes_each;
  std::string_view digits = given;
  if (!digits.empty()) {
    switch (digits.back()) {
      case 'm':
        factor = 1;
        break;
      case 'h':
        factor = 60;
        break;
      case 'd':
        factor = 24 * 60;
        break;
      default:
        return parse_whole(digits, subject);
    }
    digits.remove_suffix(1);
  }
  const std::int64_t n = parse_whole(digits, subject);
  if (n < 0 || n > kYearMinutes * 100)
    throw Error(ErrorCode::usage, subject, "'" + escaped(given) + "' is out of range");
  if (n * factor % minutes_each != 0)
    throw Error(ErrorCode::usage, subject, "'" + escaped(given) + "' is no whole number of days");
  return n * factor / minutes_each;
}

std::int64_t parse_value(const SettingRow& row, const std::string& value) {
  const std::string subject = "setting " + std::string(row.name);
  switch (row.unit) {
    case minutes:
      return parse_time(value, 1, subject);
    case days:
      return parse_time(value, 24 * 60, subject);
    case bytes: {
      const std::uint64_t n = parse_size(value);
      if (n > static_cast<std::uint64_t>(INT64_MAX))
        throw Error(ErrorCode::usage, subject, "'" + escaped(value) + "' is too large");
      return static_cast<std::int64_t>(n);
    }
    case text:
      return 0;
    case on_off:
      if (value == "on" || value == "off") return value == "on" ? 1 : 0;
      throw Error(ErrorCode::usage, subject, "'" + escaped(value) + "' is neither on nor off");
    default:
      return parse_whole(value, subject);
  }
}

// As parse_value; its errors say what a right one looks like.
std::int64_t valid_value(const SettingRow& row, const std::string& value) {
  try {
    return parse_value(row, value);
  } catch (Error& error) {
    error.with_hint(like(row));
    throw;
  }
}

}  // namespace

std::span<const SettingRow> setting_table() { return kTable; }

std::uint64_t parse_size(std::string_view given) {
  const auto wrong = [&]() -> Error {
    return Error(ErrorCode::usage, "size '" + escaped(given) + "'",
                 "a size is a number and B, K, M, G or T (KiB, MiB, ... mean the same)")
        .with_hint("give one such as 700M");
  };
  std::uint64_t n = 0;
  const auto [end, fault] = std::from_chars(given.data(), given.data() + given.size(), n);
  if (fault != std::errc{}) throw wrong();
  std::string_view unit = given.substr(static_cast<std::size_t>(end - given.data()));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  unsigned shift = 0;
  if (!unit.empty() && unit != "B") {
    constexpr std::string_view kUnits = "KMGT";
    const auto at = kUnits.find(unit.front() == 'k' ? 'K' : unit.front());
    const std::string_view rest = unit.substr(1);
    if (at == std::string_view::npos || (!rest.empty() && rest != "iB" && rest != "B"))
      throw wrong();
    shift = static_cast<unsigned>(10 * (at + 1));
  }
  if (n > (UINT64_MAX >> shift)) throw wrong();
  return n << shift;
}

void Settings::set(const std::string& name, const std::string& value) {
  const SettingRow& row = row_of(name);
  const std::int64_t n = valid_value(row, value);
  if (row.max != 0 && (n < row.min || n > row.max))
    throw Error(ErrorCode::usage, "setting " + name,
                value + " is not within " + std::to_string(row.min) +
                    (row.max == kHuge ? " and more" : " to " + std::to_string(row.max)) +
                    unit_word(row.unit));
  sql::run(ledger_.impl(),
           "INSERT INTO setting VALUES(:n, :v) ON CONFLICT DO UPDATE SET value = excluded.value",
           name, value);
}

std::string Settings::get(std::string_view name) {
  const SettingRow& row = row_of(name);
  if (auto r =
          sql::row<std::string>(ledger_.impl(), "SELECT value FROM setting WHERE name = :n", name))
    return std::get<0>(*r);
  return std::string(row.default_value);
}

std::int64_t Settings::number(std::string_view name) {
  return parse_value(row_of(name), get(name));
}
std::chrono::minutes Settings::minutes(std::string_view name) {
  return std::chrono::minutes(number(name));
}
std::chrono::hours Settings::days(std::string_view name) {
  return std::chrono::hours(24 * number(name));
}

std::vector<Settings::Value> Settings::list() {
  std::vector<Value> out;
  for (const auto& row : kTable) {
    out.push_back(
        {&row,
         row.unit == text || row.unit == on_off ? get(row.name) : std::to_string(number(row.name)),
         !sql::row<std::string>(ledger_.impl(), "SELECT value FROM setting WHERE name = :n",
                                row.name)});
  }
  return out;
}

}  // namespace courier
