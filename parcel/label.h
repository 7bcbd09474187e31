// Label: the public, signed part of a parcel: who sends it, to whom, under which numbers, and the
// digests and keys that everything else in it is bound to. parcel/FORMAT.md, "Label".
//
// A label is parsed before its signature can be checked (it names the signer), so parsing it does
// nothing but check form and limits; nothing of it is believed before verify_head
// (parcel_reader.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/vocabulary.h"
#include "signer/public_keys.h"
#include "signer/signature.h"

namespace courier {

inline constexpr std::uint16_t kFormatVersion = 1;
// Critical features this program understands (FORMAT.md, 15).
// Records may be coded against content that the addressee holds (FORMAT.md, 8).
inline constexpr std::uint64_t kFeatureBases = 1;
// Records may be lean blocks.
inline constexpr std::uint64_t kFeatureLean = 2;
inline constexpr std::uint64_t kKnownCriticalFeatures = kFeatureBases | kFeatureLean;
inline constexpr std::uint8_t kSealChaCha20Poly1305 = 1;

inline constexpr std::size_t kMaxLabelSize = 256 * 1024;
inline constexpr std::size_t kMaxAddressees = 1024;
inline constexpr std::size_t kMaxNameSize = 256;      // site and parcel names, UTF-8 bytes
inline constexpr std::size_t kMaxCommentSize = 4096;  // UTF-8 bytes
inline constexpr std::size_t kMaxCertificates = 16;
inline constexpr std::size_t kMaxCertificateSize = 1024;
inline constexpr std::size_t kMaxExtensions = 64;
inline constexpr std::size_t kSignatureSize = 64;

using Extensions = std::vector<std::pair<std::uint64_t, Bytes>>;  // tags ascending; unknown: kept

struct Sender {
  SiteCode code;
  std::string name;
  Incarnation incarnation;
  PublicKey signing_key{};
  std::uint32_t key_generation = 1;
  bool operator==(const Sender&) const = default;
};

struct Addressee {
  SiteCode code;
  std::uint64_t number = 0;             // of this parcel between sender and addressee, from 1
  std::uint32_t known_incarnation = 0;  // ordinal the sender knows it by; 0: none
  Digest sealing_key;                   // sealing_key_digest of the key its slot is sealed to
  std::uint64_t last_return_seen = 0;   // highest number of its returns the sender has applied
  bool operator==(const Addressee&) const = default;
};

struct Label {
  std::uint16_t version = kFormatVersion;
  std::uint64_t critical_features = 0;
  std::uint64_t optional_features = 0;
  std::uint8_t signature_algorithm = kEd25519;
  std::uint8_t seal_algorithm = kSealChaCha20Poly1305;
  Sender sender;
  std::vector<Addressee> addressees;  // codes ascending, each once
  std::string name, comment;          // public; may be empty
  Time created;                       // dates it; never decides anything
  PublicKey parcel_key{};             // signs the records and the end; its secret is destroyed
  Digest commitment;                  // to the content key
  Digest key_slots;                   // digest of the key slots' payload
  Digest packing_list;                // digest of the sealed packing list
  std::uint32_t item_count = 0;
  std::optional<std::uint64_t> record_count;  // when it was known before the records were made
  std::uint64_t content_bytes = 0;            // of the package versions in it, as files
  std::vector<Bytes> certificates;            // rotations of the sender's key, oldest first
  Extensions extensions;

  bool operator==(const Label&) const = default;

  const Addressee* find(const SiteCode& code) const;  // nullptr: not addressed to it
  ParcelId id_for(const Addressee& addressee) const;
  // "PUN-PSE-000012", or "PUN-PSE-000012 (and 2 more)", for people.
  std::string title() const;
};

// The body: what is signed and what the label digest is of; canonical.
Bytes encode_label(const Label& label);

// Errors: unsupported, when version, a critical feature or an algorithm is not known (checked
// first, for the rest may then mean anything); damaged, when a byte, a limit or the order is wrong.
// subject: names it in errors.
Label parse_label(ByteView body, const std::string& subject = "label");

// digest_of(label, body): the name of the parcel in the ledger, the record signatures and returns.
Digest label_digest(ByteView body);

}  // namespace courier
