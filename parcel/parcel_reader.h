// Parcel reader: takes a parcel apart in the order of parcel/FORMAT.md, "What a reader does". The
// steps are separate calls, and the types keep their order: what is not verified cannot be opened.
//
//   ParcelReader reader(confined_frames(source, subject), subject);
//   ParcelHead head = reader.read_head();                       bounds and checksums
//   ... trust list: who is head.label.sender.signing_key? ...
//   VerifiedHead verified = verify_head(head, trusted key);     signature, digests
//   OpenedParcel opened = open_parcel(verified, keys);          key slot, commitment, packing list
//   while (auto raw = reader.next_record()) {                   any damage is passed over
//     OpenedRecord record = opened.opener.open(*raw);           thread-safe, in a pool
//   }
//   reader.finish(verified)                                     what is missing, the signed end
//
// Forward-only, in bounded memory: one frame at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/volume_header.h"
#include "parcel/frame_source.h"
#include "parcel/label.h"
#include "parcel/packing_list.h"
#include "parcel/record.h"
#include "parcel/record_ranges.h"

namespace courier {

class KeyRing;

// Read and well-formed; nothing of it is believed yet.
struct ParcelHead {
  std::string subject;  // where it was read from, for messages
  VolumeHeader volume;
  Label label;
  Digest label_digest;
  Bytes label_body;
  std::array<std::uint8_t, kSignatureSize> signature{};
  Bytes key_slots, sealed_packing_list;
};

// A head whose label is signed by the given key and whose parts are the label's. Made by
// verify_head only.
class VerifiedHead {
 public:
  const Label& label() const { return head_.label; }
  const Digest& label_digest() const { return head_.label_digest; }
  const ParcelHead& head() const { return head_; }

 private:
  friend VerifiedHead verify_head(ParcelHead head, const PublicKey& signing_key);
  explicit VerifiedHead(ParcelHead head) : head_(std::move(head)) {}
  ParcelHead head_;
};

// Checks the label's signature by signing_key (one the trust list vouches for, or the label's own
// where only "intact, by a signer not known here" is to be said), then that key slots and packing
// list are those of the label. Errors: bad_signature.
VerifiedHead verify_head(ParcelHead head, const PublicKey& signing_key);

struct OpenedParcel {
  const Addressee* addressee = nullptr;  // this site's, in the verified head's label
  PackingList packing_list;
  RecordOpener opener;
};

// Opens this site's key slot, checks what it is bound to and the key commitment, and opens the
// packing list. head outlives the result. Errors: not_addressed, when no addressee is this site;
// no_key, when its slot is sealed to a key that is not in the ring; keys_locked; bad_signature,
// when slot, commitment or packing list do not belong to this label (the sender made it so).
OpenedParcel open_parcel(const VerifiedHead& head, const KeyRing& keys);

enum class EndState : std::uint8_t { not_seen, genuine, damaged, forged };

struct ParcelTail {
  EndState end = EndState::not_seen;
  // Of the end, else of the label; nullopt: neither says.
  std::optional<std::uint64_t> record_count;
  std::uint64_t damaged_bytes = 0;  // passed over to find the next frame, records excluded
  bool is_damaged() const { return damaged_bytes > 0 || end > EndState::genuine; }
};

class ParcelReader {
 public:
  // subject: names the file or medium in errors.
  ParcelReader(std::unique_ptr<FrameSource> frames, std::string subject);
  ~ParcelReader();
  ParcelReader(ParcelReader&&) noexcept;

  // Errors: damaged, when it is no parcel at all ("is no parcel") or its head cannot be what was
  // written; unsupported, before any signature is looked at.
  ParcelHead read_head();

  // After read_head() threw: whose volume this says it is, by its volume header or else by a label
  // that is whole. Advice: nothing of it is signed.
  std::optional<Digest> stated_label() const;
  // The volume's header, when that at least was whole.
  std::optional<VolumeHeader> stated_volume() const;
  // Instead of read_head(): the records of a volume whose own head is damaged, by the head of
  // another volume of the same parcel. What is left of its own is passed over.
  void borrow_head(const VerifiedHead& head);

  // The next record in the order of the stream, intact or not; nullopt at the end of the stream.
  // Numbers may come in any order and again. Frames of kinds that are not known are skipped.
  std::optional<RawRecord> next_record();

  // After next_record() said nullopt. Checks the end's signature.
  ParcelTail finish(const VerifiedHead& head) const;

  std::uint64_t bytes_read() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace courier
