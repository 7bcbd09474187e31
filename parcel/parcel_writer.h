// Parcel writer: makes the stream of one parcel: head, records in order, end. parcel/FORMAT.md.
//
// Each build makes its content key and its parcel key anew and destroys them with the writer: a
// build that is taken up again after a crash is another parcel stream, and no nonce is used twice.
//
// clang-format off
//   ParcelWriter writer(sink);
//   writer.begin(draft, keys, entropy);
//   writer.add(block) ...                 or, in a pool:
//     OrderedStage<Work, Bytes>(..., [&](Work w) { return writer.sealer().seal(w.number, w.block); })
//     writer.add_sealed(frame) ...        in the order of the numbers
//   ParcelSummary summary = writer.finish();
// clang-format on
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/clock.h"
#include "base/entropy.h"
#include "base/volume_header.h"
#include "parcel/label.h"
#include "parcel/packing_list.h"
#include "parcel/record.h"

namespace courier {

class KeyRing;

struct DraftAddressee {
  SiteCode code;
  std::uint64_t number = 0;
  std::uint32_t known_incarnation = 0;
  PublicKey sealing_key{};  // X25519
  std::uint64_t last_return_seen = 0;
};

struct ParcelDraft {
  std::vector<DraftAddressee> addressees;  // sorted by code by the writer, jobs of items with them
  std::string name, comment;
  Time created;
  PackingList packing_list;  // jobs in the order of `addressees`
  std::uint64_t content_bytes = 0;
  std::optional<std::uint64_t> record_count;  // when known; finish() holds the writer to it
  std::uint64_t critical_features = 0, optional_features = 0;
  Extensions extensions;
};

struct ParcelSummary {
  Label label;
  Digest label_digest;
  std::uint64_t record_count = 0;
  std::uint64_t bytes = 0;
};

class ParcelWriter {
 public:
  explicit ParcelWriter(ByteSink sink);
  ~ParcelWriter();
  ParcelWriter(const ParcelWriter&) = delete;
  ParcelWriter& operator=(const ParcelWriter&) = delete;

  // Makes the keys and writes volume header, label, key slots and packing list. The label carries
  // the key ring's rotation certificates. Errors: usage, when the draft is beyond a limit or names
  // an addressee twice; keys_locked; what the sink throws.
  void begin(const ParcelDraft& draft, const KeyRing& keys, Entropy& entropy);

  // Valid from begin() to finish(). Thread-safe.
  const RecordSealer& sealer() const;
  // Seals and writes the next record; returns its number.
  std::uint64_t add(const Block& block);
  // Writes a frame made by sealer() for the next number; returns the number.
  std::uint64_t add_sealed(ByteView frame);

  // Writes the end and destroys the keys.
  ParcelSummary finish();

  const Label& label() const;
  const Digest& label_digest() const;
  std::uint64_t bytes_written() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace courier
