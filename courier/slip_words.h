// The words on slips and labels, in the languages of the kiosk. Terms are those of the glossary
// (behaviours.md, section 16); dates, IDs, the fingerprint's words and names stay what they are,
// for the paper is read at both ends of the way.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace courier {

// Texts with {} are filled in where they are drawn.
struct SlipWords {
  std::string_view language;  // "pt-BR"
  std::string_view title, whole, volume, spare;
  std::string_view from, to, and_to, one_more_site, more_sites, as_parcel, more;
  std::string_view made, name, content, on_media, carrier, tracking, expected, written_to;
  std::string_view fingerprint;
  std::string_view custody, handed_over, taken_over, when, signature;
  std::string_view one_byte, bytes;
  char decimal;

  // "4,2 GB"
  std::string size(std::uint64_t bytes) const;
};

// "en", "pt-BR", "sv".
std::vector<std::string> slip_languages();
// One of them.
const SlipWords& slip_words(std::string_view language);

// The first of the variables that says one, as the C library asks them; one that is none of ours,
// or nothing: "en". "pt_BR.UTF-8" and "pt_PT" are "pt-BR".
std::string_view slip_language(std::string_view lc_all, std::string_view lc_messages,
                               std::string_view lang);

}  // namespace courier
