// Settings: `site set NAME=VALUE` with the defaults and ranges of behaviours.md section 11, of what
// this version does. Values are kept as given and read as numbers in the unit the table names.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/ledger.h"

namespace courier {

enum class SettingUnit { count, minutes, days, versions, bytes, text, on_off };

// What kiosk.return-to says when returns go on the medium that the parcels came on.
inline constexpr std::string_view kSameMedium = "same medium";

struct SettingRow {
  std::string_view name;
  SettingUnit unit;
  std::string_view default_value;
  std::int64_t min = 0, max = 0;  // of numbers, in the unit
  std::string_view what;
};

std::span<const SettingRow> setting_table();

class Settings {
 public:
  explicit Settings(Ledger& ledger) : ledger_(ledger) {}

  // Errors: usage for an unknown name, a value that does not parse or is out of range (the message
  // names the range). Sizes take K, M, G, KiB, MiB, GiB; times of minutes take m, h, d.
  void set(const std::string& name, const std::string& value);
  std::string get(std::string_view name);      // as set, else the default
  std::int64_t number(std::string_view name);  // in the table's unit
  std::chrono::minutes minutes(std::string_view name);
  std::chrono::hours days(std::string_view name);
  struct Value {
    const SettingRow* row;
    std::string value;  // a number in the table's unit, a text as it was set
    bool is_default;
  };
  std::vector<Value> list();

 private:
  Ledger& ledger_;
};

// "256 MiB", "1500", "4G" in bytes (K, M, G, T are powers of 1024, as KiB...). Errors: usage.
std::uint64_t parse_size(std::string_view text);

}  // namespace courier
