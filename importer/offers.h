// Offers: reads the heads of what a medium holds and judges each, without changing anything: what
// identify shows and receive acts on. Not for other rooms.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "importer/identify.h"
#include "media/medium.h"
#include "media/repair.h"
#include "parcel/parcel_reader.h"

namespace courier {

// The bytes read so far are kept until it is known whether the parcel goes to quarantine, which
// takes them from memory: what is judged is what is kept. At most a head (FORMAT.md, limits) and
// what is read ahead: read() throws damaged for a stream whose head does not end before that.
class RecordedSource {
 public:
  RecordedSource(ByteSource source, std::string path)
      : source_(std::move(source)), path_(std::move(path)) {}
  std::size_t read(MutableByteView out);
  std::uint64_t size_read() const { return size_read_; }
  void stop_recording();
  ByteView recorded() const { return recorded_; }

 private:
  ByteSource source_;
  std::string path_;  // for errors
  Bytes recorded_;
  std::uint64_t size_read_ = 0;
  bool recording_ = true;
};

// An offer with the stream it came from, open behind its head.
struct OpenOffer {
  Offer offer;
  VolumeBytes bytes;                         // of the same volume, as long as it is open
  std::unique_ptr<RepairedVolume> repaired;  // what source reads, where its own head is damaged
  std::unique_ptr<RecordedSource> source;    // used by reader
  std::unique_ptr<ParcelReader> reader;
  std::optional<VerifiedHead> head;  // genuine, known and unknown_signer (by its own key)
  bool is_set_aside = false;         // closed again; reopen() before its turn
  std::string medium;                // it was found on, as it was named
  UsbGate gate;                      // by which that was opened
  bool is_head_only = false;         // kept in the home (kept_heads.h): it has no records
  // Of an unreadable one: whose volume it says it is, and which.
  std::optional<Digest> stated_label;
  std::optional<VolumeHeader> stated_volume;
};

// A medium may hold any number of parcels: only so many stay open until their turn comes, each with
// its confined child.
constexpr std::size_t kMaxOpenOffers = 16;
constexpr std::uint64_t kMaxOpenBytes = 64u << 20;  // of their beginnings

// Reads the head and judges it; one that is damaged, or cannot be read, by the volume's recovery
// data where it has any. Never throws for what the bytes are: that is an offer, too. Errors: what
// the source throws (device).
OpenOffer read_offer(FileSystem& fs, OfferedVolume&& volume,
                     const std::optional<IdentifyHome>& home);

// The same volume, from its first byte; nullopt when it is gone. Errors: as open_medium.
std::optional<OfferedVolume> offered_again(FileSystem& fs, const OpenOffer& open);

// Reads a repaired volume forwards; `repaired` outlives it.
ByteSource repaired_source(RepairedVolume& repaired);

// Lets go of its stream and its head.
void close(OpenOffer& open);

// Opens and judges afresh what was set aside; nothing to do for others. What is another parcel by
// now, or cannot be read any more, is refused: never thrown.
void reopen(FileSystem& fs, OpenOffer& open, const IdentifyHome& home);

// Its records from the first byte of the file, read by the head of another volume of the same
// parcel: its own is damaged. Errors: as open_medium; damaged, when it is gone.
std::unique_ptr<ParcelReader> read_with(FileSystem& fs, const OpenOffer& open,
                                        const VerifiedHead& head);

// Judges it again by what the home knows now; the head is in memory.
void rejudge(OpenOffer& open, const IdentifyHome& home);

// Everything on the medium in the order in which it is taken in: for this site first, by sender and
// number. What is for others, or refused, keeps no stream; what is beyond the limits is set aside.
std::vector<OpenOffer> read_offers(FileSystem& fs, const std::string& source,
                                   const std::optional<IdentifyHome>& home);

// The items of a packing list, as they are shown. addressee: whose job numbers.
std::vector<OfferedItem> offered_items(const PackingList& list, std::size_t addressee);
// A return has verdicts and nothing else: only such a parcel is never answered.
bool is_return(const PackingList& list);

// Whether this offer is for this site.
bool is_for_us(const Offer& offer);
// The status of one offer: 0 when it can be received, else its error's.
int status_of(const Offer& offer);

}  // namespace courier
