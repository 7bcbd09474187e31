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
#include "parcel/parcel_reader.h"

namespace courier {

// The bytes read so far are kept until it is known whether the parcel goes to quarantine, which
// takes them from memory: no byte of a medium is read twice. At most a head (FORMAT.md, limits).
class RecordedSource {
 public:
  explicit RecordedSource(ByteSource source) : source_(std::move(source)) {}
  std::size_t read(MutableByteView out);
  void stop_recording();
  ByteView recorded() const { return recorded_; }

 private:
  ByteSource source_;
  Bytes recorded_;
  bool recording_ = true;
};

// An offer with the stream it came from, open behind its head.
struct OpenOffer {
  Offer offer;
  std::unique_ptr<RecordedSource> source;  // used by reader
  std::unique_ptr<ParcelReader> reader;
  std::optional<VerifiedHead> head;  // genuine, known and unknown_signer (by its own key)
};

// Reads the head and judges it. Never throws for what the bytes are: that is an offer, too.
// Errors: what the source throws (device).
OpenOffer read_offer(OfferedVolume&& volume, const std::optional<IdentifyHome>& home);

// Judges it again by what the home knows now; the head is in memory.
void rejudge(OpenOffer& open, const IdentifyHome& home);

// Everything on the medium in the order in which it is taken in: for this site first, by sender and
// number. What is for others keeps no stream.
std::vector<OpenOffer> read_offers(FileSystem& fs, const std::string& source,
                                   const std::optional<IdentifyHome>& home);

// The items of a packing list, as they are shown. addressee: whose job numbers.
std::vector<OfferedItem> offered_items(const PackingList& list, std::size_t addressee);
// A return has verdicts and nothing else: only such a parcel is never answered.
bool is_return(const PackingList& list);
std::string kind_word(const Item& item);  // "package", "unknown kind 9"

// Whether this offer is for this site.
bool is_for_us(const Offer& offer);
// The status of one offer: 0 when it can be received, else its error's.
int status_of(const Offer& offer);

}  // namespace courier
