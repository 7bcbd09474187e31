#include "base/vocabulary.h"

#include <fmt/format.h>

#include <charconv>
#include <span>

#include "base/bytes.h"
#include "base/error.h"

namespace courier {

namespace {

bool is_site_code(std::string_view text) {
  if (text.size() != 3) return false;
  for (const char c : text) {
    if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) return false;
  }
  return true;
}

bool is_upper_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); }

[[noreturn]] void refuse(std::string_view text, std::string what, std::string hint) {
  throw Error(ErrorCode::usage, "'" + escaped(text.substr(0, 80)) + "'", std::move(what))
      .with_hint(std::move(hint));
}

// The words of an enum, from its first value on.
template <typename Enum, std::size_t N>
struct Words {
  Enum first;
  std::array<std::string_view, N> words;

  std::string_view of(Enum value) const {
    const auto i = static_cast<std::size_t>(value) - static_cast<std::size_t>(first);
    if (i >= N) bug("a word is asked for a value that has none");
    return words[i];
  }
  std::optional<Enum> parse(std::string_view word) const {
    for (std::size_t i = 0; i < N; ++i) {
      if (words[i] == word) return static_cast<Enum>(i + static_cast<std::size_t>(first));
    }
    return std::nullopt;
  }
};

constexpr Words<SiteRole, 4> kRoles{SiteRole::self, {"self", "parent", "child", "peer"}};
constexpr Words<Priority, 3> kPriorities{Priority::high, {"high", "medium", "low"}};
constexpr Words<ItemKind, 7> kItemKinds{
    ItemKind::package,
    {"package", "announcement", "redistribute", "remove", "trust", "verdicts", "request"}};
constexpr Words<VerdictKind, 9> kVerdicts{
    VerdictKind::installed,
    {"installed", "stored", "removed", "superseded", "refused", "damaged", "incomplete",
     "quarantined", "announced"}};

}  // namespace

std::optional<SiteCode> SiteCode::try_parse(std::string_view text) {
  if (!is_site_code(text)) return std::nullopt;
  SiteCode code;
  code.text_ = text;
  return code;
}

SiteCode SiteCode::parse(std::string_view text) {
  if (auto code = try_parse(text)) return *code;
  refuse(text, "is no site code: three characters A-Z 0-9 wanted, as PUN",
         "give one such as PUN; 'courier site list' shows those known here");
}

std::optional<PackageId> PackageId::try_parse(std::string_view text) {
  if (text.size() != 8 || !is_site_code(text.substr(0, 3))) return std::nullopt;
  for (const char c : text.substr(3)) {
    if (!is_upper_hex(c)) return std::nullopt;
  }
  PackageId id;
  id.text_ = text;
  return id;
}

PackageId PackageId::parse(std::string_view text) {
  if (auto id = try_parse(text)) return *id;
  refuse(text, "is no package ID: a site code and five hex digits wanted, as PUN00020",
         "give one such as PUN00020; 'courier package list' shows those known here");
}

PackageId PackageId::make(const SiteCode& origin, std::uint32_t number) {
  if (origin.empty() || number >= 1u << 20) bug("a package ID is made of parts out of range");
  PackageId id;
  id.text_ = fmt::format("{}{:05X}", origin.str(), number);
  return id;
}

SiteCode PackageId::origin() const {
  return empty() ? SiteCode() : SiteCode::parse(std::string_view(text_).substr(0, 3));
}

std::uint32_t PackageId::number() const {
  std::uint32_t number = 0;
  if (!empty()) std::from_chars(text_.data() + 3, text_.data() + text_.size(), number, 16);
  return number;
}

std::optional<ParcelId> ParcelId::try_parse(std::string_view text) {
  if (text.size() < 14 || text[3] != '-' || text[7] != '-') return std::nullopt;
  const auto from = SiteCode::try_parse(text.substr(0, 3));
  const auto to = SiteCode::try_parse(text.substr(4, 3));
  const std::string_view digits = text.substr(8);
  if (!from || !to || (digits.size() > 6 && digits[0] == '0')) return std::nullopt;
  ParcelId id{*from, *to, 0};
  const auto [end, fault] =
      std::from_chars(digits.data(), digits.data() + digits.size(), id.number, 10);
  if (fault != std::errc() || end != digits.data() + digits.size() || id.number == 0) {
    return std::nullopt;
  }
  return id;
}

ParcelId ParcelId::parse(std::string_view text) {
  if (auto id = try_parse(text)) return *id;
  refuse(text, "is no parcel ID: FROM-TO-NUMBER wanted, as PUN-PSE-000001",
         "give one such as PUN-PSE-000001; 'courier parcel list' shows those known here");
}

std::string ParcelId::str() const {
  return fmt::format("{}-{}-{:06}", from.str(), to.str(), number);
}

std::string Incarnation::str() const {
  return fmt::format("{}-{}", ordinal, to_hex(std::span(random).first(4)));
}

std::string_view word(SiteRole v) { return kRoles.of(v); }
std::string_view word(Priority v) { return kPriorities.of(v); }
std::string_view word(ItemKind v) { return kItemKinds.of(v); }
std::string_view word(VerdictKind v) { return kVerdicts.of(v); }
std::optional<SiteRole> parse_role(std::string_view w) { return kRoles.parse(w); }
std::optional<Priority> parse_priority(std::string_view w) { return kPriorities.parse(w); }

}  // namespace courier
