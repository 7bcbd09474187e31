// The names every room speaks: site code, package ID, parcel ID, and the closed lists of kinds and
// words that travel. Source: behaviours.md B2, B23, section 16; signer/rights.h.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace courier {

// Three characters A-Z 0-9: "PUN".
class SiteCode {
 public:
  SiteCode() = default;  // empty, for "none"
  // Errors: usage, unless three characters A-Z 0-9.
  static SiteCode parse(std::string_view text);
  static std::optional<SiteCode> try_parse(std::string_view text);
  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const SiteCode&) const = default;

 private:
  std::string text_;
};

// Site code of its origin and 5 upper-case hex digits: "PUN00020".
class PackageId {
 public:
  PackageId() = default;
  static PackageId parse(std::string_view text);  // Errors: usage
  static std::optional<PackageId> try_parse(std::string_view text);
  static PackageId make(const SiteCode& origin, std::uint32_t number);  // number < 2^20
  const std::string& str() const { return text_; }
  SiteCode origin() const;
  std::uint32_t number() const;
  bool empty() const { return text_.empty(); }
  auto operator<=>(const PackageId&) const = default;

 private:
  std::string text_;
};

// FROM-TO-NUMBER: "PUN-PSE-000001". The number is at least six digits, monotone per sender and
// addressee.
struct ParcelId {
  SiteCode from, to;
  std::uint64_t number = 0;
  static ParcelId parse(std::string_view text);  // Errors: usage
  static std::optional<ParcelId> try_parse(std::string_view text);
  std::string str() const;
  auto operator<=>(const ParcelId&) const = default;
};

// What makes a site's counters comparable: made by `site init` and `site restore`.
struct Incarnation {
  std::uint32_t ordinal = 0;
  std::array<std::uint8_t, 16> random{};
  auto operator<=>(const Incarnation&) const = default;
  std::string str() const;  // "1-0a1b2c3d", short, for people
};

enum class SiteRole { self, parent, child, peer };
enum class Priority : std::uint8_t { high = 0, medium = 1, low = 2 };
enum class ItemKind : std::uint8_t {
  package = 1,
  announcement,
  redistribute,
  remove,
  trust,
  verdicts,
  request
};
enum class VerdictKind : std::uint8_t {
  installed = 1,
  stored,
  removed,
  superseded,
  refused,
  damaged,
  incomplete,
  quarantined,
  announced,
};

std::string_view word(SiteRole);
std::string_view word(Priority);
std::string_view word(ItemKind);
std::string_view word(VerdictKind);
std::optional<SiteRole> parse_role(std::string_view);
std::optional<Priority> parse_priority(std::string_view);

}  // namespace courier
