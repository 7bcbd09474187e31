// Packing list: what is in the parcel, item by item. Sealed under a sub-key of its own; its digest
// is in the signed label. parcel/FORMAT.md, "Packing list".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/vocabulary.h"
#include "parcel/label.h"

namespace courier {

// Encoded. A return with 100,000 verdicts and holdings takes about 10 MB.
inline constexpr std::size_t kMaxPackingListSize = 16u << 20;
inline constexpr std::size_t kMaxItems = 65536;
inline constexpr std::size_t kMaxBases = 64;
inline constexpr std::size_t kMaxDps = 4096;
inline constexpr std::size_t kMaxDpNameSize = 256;

// A package version whose closure the addressee has proved it holds; what the parcel leaves out
// lies there.
struct BaseRef {
  PackageId package;
  std::uint32_t version = 0;
  Digest root;
  bool operator==(const BaseRef&) const = default;
};

struct Item {
  std::uint8_t kind_code = 0;  // as on the wire; a kind() of nullopt is refused, neighbours run
  std::vector<std::uint64_t> jobs;  // the sender's job number for each addressee, in label order
  PackageId package;                // may be empty for trust and verdicts
  std::uint32_t version = 0;
  Digest root;                      // zero when there is no content
  std::uint64_t content_bytes = 0;  // of the files
  std::uint64_t files = 0;
  std::string package_name, share_name, comment;
  bool no_files = false;         // a package without content
  bool whole = false;            // redistribute: all of the content is in this parcel
  std::vector<BaseRef> bases;    // empty: the parcel carries all of it
  std::vector<std::string> dps;  // distribution points by name; empty: all of the addressee's
  Bytes body;                    // of trust, verdicts and request: their own encoding
  Extensions extensions;
  Bytes raw;  // of an unknown kind: its bytes after the jobs; the members between are then empty

  bool operator==(const Item&) const = default;
  std::optional<ItemKind> kind() const;
  void set_kind(ItemKind kind) { kind_code = static_cast<std::uint8_t>(kind); }
};

struct PackingList {
  std::vector<Item> items;
  Extensions extensions;
  bool operator==(const PackingList&) const = default;
};

// Canonical. addressees: how many job numbers each item has. Errors: usage, beyond a limit.
Bytes encode_packing_list(const PackingList& list, std::size_t addressees);

// Errors: damaged, when a byte, a limit or the form is wrong.
// subject: names it in errors.
PackingList parse_packing_list(ByteView bytes, std::size_t addressees,
                               const std::string& subject = "packing list");

// One item alone, as a row keeps it, with the job number of one addressee.
Bytes encode_item(const Item& item, std::uint64_t job);
Item decode_item(ByteView encoded);  // Errors: damaged

// "package", "unknown kind 9".
std::string kind_word(std::uint8_t kind_code);

}  // namespace courier
