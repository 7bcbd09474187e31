#include "importer/offers.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "ledger/incoming_book.h"
#include "ledger/settings.h"
#include "media/scratch.h"
#include "media/volume_end.h"
#include "signer/fingerprint.h"
#include "signer/key_ring.h"
#include "signer/trust_list.h"

namespace courier {
namespace {

// What has no whole head in so many bytes has none: the parts at their limits, and room for what a
// reader takes ahead. A sparse file that only begins like a parcel does not fill the memory.
std::uint64_t most_of_a_head() {
  constexpr std::uint64_t kReadAhead = 4u << 20;
  std::uint64_t most = kReadAhead;
  for (FrameKind kind : {FrameKind::volume_header, FrameKind::label, FrameKind::key_slots,
                         FrameKind::packing_list}) {
    most += kFrameHeaderSize + frame_limit(static_cast<std::uint8_t>(kind));
  }
  return most;
}

UsbGate gate_of(const IdentifyHome& home) {
  return UsbGate(Settings(home.ledger).get("gate.allow"));
}

bool is_own(const Label& label, const KeyRing& keys) {
  if (label.sender.code != keys.code()) return false;
  return std::any_of(keys.generations().begin(), keys.generations().end(),
                     [&](const KeyGeneration& generation) {
                       return generation.keys.signing == label.sender.signing_key;
                     });
}

// The key that vouches for the label, when one counts. Errors: not_trusted, revoked, no_key.
void require_trusted_key(const Label& label, const TrustList& trust) {
  const Sender& sender = label.sender;
  if (!trust.find_signer(sender.signing_key) &&
      trust.vouched_key(sender.code, label.certificates, sender.signing_key)) {
    return;  // receive follows the rotation
  }
  trust.require_signer(sender.code, sender.signing_key, "parcel " + label.title());
}

// Where a parcel for this site stands by what the ledger remembers. Errors: replayed.
Standing judge_memory(const Offer& offer, const IdentifyHome& home) {
  const Sender& sender = offer.label.sender;
  const std::string subject = "parcel " + offer.id.str();
  if (home.trust.judge_incarnation(sender.code, sender.incarnation) == IncarnationOrder::older) {
    throw Error{ErrorCode::replayed, subject,
                fmt::format("is of an earlier incarnation of {} ({}) than the one known here",
                            sender.code.str(), sender.incarnation.str())}
        .with_hint("ask " + sender.code.str() + " for a new parcel");
  }
  IncomingBook incoming{home.ledger};
  auto row = incoming.find(offer.label_digest);
  if (row && row->state == IncomingState::processed) return Standing::known;
  auto same_number = incoming.processed(offer.id, sender.incarnation);
  if (same_number && same_number->label != offer.label_digest) {
    throw Error{ErrorCode::replayed, subject,
                fmt::format("has a number that was Processed here with other content (label {}, "
                            "now {})",
                            same_number->label.brief(), offer.label_digest.brief())}
        .with_hint("ask " + sender.code.str() + " for a new parcel");
  }
  return Standing::genuine;
}

// Precondition: open.head is verified by the key its label names. Errors: what refuses it.
void judge_verified(OpenOffer& open, const IdentifyHome& home) {
  Offer& offer = open.offer;
  offer.error.reset();
  try {
    require_trusted_key(offer.label, home.trust);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::no_key) throw;
    offer.standing = Standing::unknown_signer;
    offer.error = error;
    return;
  }
  offer.standing = judge_memory(offer, home);
  if (home.keys.is_locked()) return;
  const OpenedParcel opened = open_parcel(*open.head, home.keys);
  const auto addressee =
      static_cast<std::size_t>(opened.addressee - open.head->label().addressees.data());
  offer.items = offered_items(opened.packing_list, addressee);
  offer.is_return = is_return(opened.packing_list);
}

// A key that is known to be bad is named before anything is said about the signature.
void refuse_bad_keys(const Label& label, const TrustList& trust) {
  try {
    require_trusted_key(label, trust);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::no_key) throw;
  }
}

bool is_intact(ParcelHead head, const PublicKey& key) {
  try {
    verify_head(std::move(head), key);
    return true;
  } catch (const Error&) {
    return false;
  }
}

void judge(OpenOffer& open, ParcelHead head, const std::optional<IdentifyHome>& home) {
  Offer& offer = open.offer;
  const Label& label = offer.label;
  const Addressee* addressee = home ? label.find(home->keys.code()) : nullptr;
  offer.id = label.id_for(addressee ? *addressee : label.addressees.front());
  // A joint parcel goes by this site's own number here.
  if (addressee && label.addressees.size() > 1) {
    offer.title = fmt::format("{} (and {} more)", offer.id.str(), label.addressees.size() - 1);
  }
  try {
    if (!home) {
      verify_head(std::move(head), label.sender.signing_key);
      offer.is_signed = true;
      offer.standing = Standing::intact;
      return;
    }
    if (is_own(label, home->keys)) {
      offer.standing = Standing::own;
      return;
    }
    if (!addressee) {
      offer.standing = Standing::for_others;
      offer.is_signed = is_intact(std::move(head), label.sender.signing_key);
      return;
    }
    refuse_bad_keys(label, home->trust);
    open.head = verify_head(std::move(head), label.sender.signing_key);
    offer.is_signed = true;
    judge_verified(open, *home);
  } catch (const Error& error) {
    offer.standing = Standing::refused;
    offer.error = error;
    open.head.reset();
  }
}

}  // namespace

std::size_t RecordedSource::read(MutableByteView out) {
  const std::size_t size = source_(out);
  size_read_ += size;
  if (!recording_) return size;
  if (recorded_.size() + size > most_of_a_head()) {
    throw Error{ErrorCode::damaged, path_,
                fmt::format("has no whole head in its first {} bytes", most_of_a_head())}
        .with_loss("nothing was taken in")
        .with_hint("try another copy, or copy it again from where it came");
  }
  recorded_.insert(recorded_.end(), out.begin(), out.begin() + size);
  return size;
}

void RecordedSource::stop_recording() {
  recording_ = false;
  recorded_ = Bytes{};
}

void rejudge(OpenOffer& open, const IdentifyHome& home) {
  if (!open.head) return;
  const bool was_unknown = open.offer.standing == Standing::unknown_signer;
  try {
    judge_verified(open, home);
    // Its beginning is no longer in memory: there is nothing to keep in quarantine.
    if (!was_unknown && open.offer.standing == Standing::unknown_signer) {
      open.offer.standing = Standing::refused;
    }
  } catch (const Error& error) {
    open.offer.standing = Standing::refused;
    open.offer.error = error;
  }
}

namespace {

// A file of a mounted folder is a medium by its path; what lies on a disc or tape is found there.
void find_again(FileSystem& fs, const OpenOffer& open,
                const std::function<void(OfferedVolume&&)>& each) {
  const std::string& path = open.offer.path;
  const bool has_path = open.medium.empty() || names_a_path(open.medium);
  open_medium(fs, has_path ? path : open.medium, open.gate)->scan([&](OfferedVolume&& volume) {
    if (has_path || volume.path == path) each(std::move(volume));
  });
}

}  // namespace

std::optional<OfferedVolume> offered_again(FileSystem& fs, const OpenOffer& open) {
  std::optional<OfferedVolume> again;
  find_again(fs, open, [&](OfferedVolume&& volume) { again = std::move(volume); });
  return again;
}

void close(OpenOffer& open) {
  open.head.reset();
  open.reader.reset();
  open.source.reset();
  open.repaired.reset();
  open.bytes = {};
}

void reopen(FileSystem& fs, OpenOffer& open, const IdentifyHome& home) {
  if (!open.is_set_aside) return;
  open.is_set_aside = false;
  try {
    OpenOffer again;
    find_again(fs, open,
               [&](OfferedVolume&& volume) { again = read_offer(fs, std::move(volume), home); });
    again.medium = open.medium;
    again.gate = open.gate;
    if (!is_for_us(again.offer) || again.offer.label_digest != open.offer.label_digest) {
      throw Error{ErrorCode::damaged, "file " + escaped(open.offer.path),
                  "is not the parcel any more that it was when the medium was looked at"}
          .with_hint("receive that file by its name");
    }
    open = std::move(again);
  } catch (const Error& error) {
    open.offer.standing = Standing::refused;
    open.offer.error = error;
  }
}

std::unique_ptr<ParcelReader> read_with(FileSystem& fs, const OpenOffer& open,
                                        const VerifiedHead& head) {
  const std::string& path = open.offer.path;
  std::unique_ptr<ParcelReader> reader;
  find_again(fs, open, [&](OfferedVolume&& volume) {
    reader = std::make_unique<ParcelReader>(confined_frames(std::move(volume.source), path), path);
  });
  if (!reader) throw Error{ErrorCode::damaged, "file " + escaped(path), "is there no more"};
  reader->borrow_head(head);
  return reader;
}

ByteSource repaired_source(RepairedVolume& repaired) {
  return [&repaired, offset = std::uint64_t{0}](MutableByteView out) mutable {
    const std::size_t n = repaired.read_at(offset, out);
    offset += n;
    return n;
  };
}

namespace {

void open_stream(OpenOffer& open, ByteSource bytes) {
  open.source = std::make_unique<RecordedSource>(std::move(bytes), open.offer.path);
  RecordedSource* source = open.source.get();
  open.reader = std::make_unique<ParcelReader>(
      confined_frames([source](MutableByteView out) { return source->read(out); }, open.offer.path),
      open.offer.path);
}

// The head by the volume's recovery data, and the stream behind it; none where that does not help.
std::optional<ParcelHead> read_repaired_head(FileSystem& fs, OpenOffer& open) {
  if (!open.bytes.read_at) return std::nullopt;
  OpenOffer again;
  again.offer.path = open.offer.path;
  again.repaired = RepairedVolume::open(fs, open.bytes, scratch_folder());
  if (!again.repaired) return std::nullopt;
  open_stream(again, repaired_source(*again.repaired));
  try {
    ParcelHead head = again.reader->read_head();
    open.reader = std::move(again.reader);
    open.source = std::move(again.source);
    open.repaired = std::move(again.repaired);
    return head;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged && error.code() != ErrorCode::unsupported) throw;
    return std::nullopt;
  }
}

}  // namespace

OpenOffer read_offer(FileSystem& fs, OfferedVolume&& volume,
                     const std::optional<IdentifyHome>& home) {
  OpenOffer open;
  open.offer.path = volume.path;
  open.offer.file_bytes = volume.size;
  open.bytes = std::move(volume.bytes);
  open_stream(open, std::move(volume.source));
  ParcelHead head;
  try {
    head = open.reader->read_head();
  } catch (const Error& error) {
    std::optional<ParcelHead> repaired;
    if (error.code() == ErrorCode::damaged || error.code() == ErrorCode::device) {
      repaired = read_repaired_head(fs, open);
    }
    // What the bytes are is an answer; a medium that fails is not.
    if (!repaired && error.code() != ErrorCode::damaged && error.code() != ErrorCode::unsupported &&
        error.code() != ErrorCode::incomplete) {
      throw;
    }
    if (!repaired) {
      open.offer.spare_table = find_spare_table(open.source->recorded());
      open.offer.standing = Standing::unreadable;
      open.offer.error = error;
      open.stated_label = open.reader->stated_label();
      open.stated_volume = open.reader->stated_volume();
      return open;
    }
    head = std::move(*repaired);
    open.offer.is_repaired = true;
  }
  open.offer.label = head.label;
  open.offer.volume = head.volume;
  open.offer.spare_table = find_spare_table(open.source->recorded());
  open.offer.label_digest = head.label_digest;
  open.offer.lacks_its_end = open.bytes.read_at && !has_its_end(open.bytes);
  open.offer.title = head.label.title();
  judge(open, std::move(head), home);
  // Only what may go to quarantine is still needed from its beginning.
  if (open.offer.standing != Standing::unknown_signer) open.source->stop_recording();
  const Sender& sender = open.offer.label.sender;
  open.offer.fingerprint = to_hex(sender.signing_key);
  if (home) {
    auto signer = home->trust.find_signer(sender.signing_key);
    if (signer) open.offer.fingerprint = signer->site->fingerprint_of(*signer->key).words();
  }
  return open;
}

std::vector<OpenOffer> read_offers(FileSystem& fs, const std::string& source,
                                   const std::optional<IdentifyHome>& home) {
  const UsbGate gate = home ? gate_of(*home) : UsbGate();
  std::unique_ptr<Medium> medium = open_medium(fs, source, gate);
  std::vector<OpenOffer> offers;
  std::size_t count = 0;  // that stay open, and what of them was read
  std::uint64_t sum = 0;
  ScanResult scanned = medium->scan([&](OfferedVolume&& volume) {
    OpenOffer open;
    const std::string path = volume.path;
    const std::uint64_t size = volume.size;
    try {
      open = read_offer(fs, std::move(volume), home);
    } catch (const Error& error) {
      open = OpenOffer{};
      open.offer.path = path;
      open.offer.file_bytes = size;
      open.offer.error = error;
    }
    if (open.head) {
      const std::uint64_t bytes = open.source->size_read();
      open.is_set_aside = count == kMaxOpenOffers || bytes > kMaxOpenBytes - sum;
      if (!open.is_set_aside) {
        ++count;
        sum += bytes;
      }
    }
    open.medium = source;
    open.gate = gate;
    if (!open.head || open.is_set_aside) close(open);
    offers.push_back(std::move(open));
  });
  for (Error& error : scanned.unreadable) {
    OpenOffer open;
    open.offer.path = error.subject();
    open.offer.error = std::move(error);
    offers.push_back(std::move(open));
  }
  std::stable_sort(offers.begin(), offers.end(), [](const OpenOffer& a, const OpenOffer& b) {
    const bool a_ours = is_for_us(a.offer), b_ours = is_for_us(b.offer);
    if (a_ours != b_ours) return a_ours;
    if (!a_ours) return false;
    return std::tuple{a.offer.id.from, a.offer.id.number, a.offer.volume.number} <
           std::tuple{b.offer.id.from, b.offer.id.number, b.offer.volume.number};
  });
  return offers;
}

std::vector<OfferedItem> offered_items(const PackingList& list, std::size_t addressee) {
  std::vector<OfferedItem> items;
  for (const Item& item : list.items) {
    OfferedItem shown;
    shown.kind = kind_word(item.kind_code);
    if (addressee < item.jobs.size()) shown.job = item.jobs[addressee];
    shown.package = item.package;
    shown.version = item.version;
    shown.package_name = item.package_name;
    shown.content_bytes = item.content_bytes;
    shown.files = item.files;
    shown.dps = item.dps;
    items.push_back(std::move(shown));
  }
  return items;
}

bool is_return(const PackingList& list) {
  return !list.items.empty() &&
         std::all_of(list.items.begin(), list.items.end(),
                     [](const Item& item) { return item.kind() == ItemKind::verdicts; });
}

bool is_for_us(const Offer& offer) {
  return offer.standing == Standing::refused || offer.standing == Standing::unknown_signer ||
         offer.standing == Standing::known || offer.standing == Standing::genuine ||
         offer.standing == Standing::intact;
}

int status_of(const Offer& offer) { return offer.error ? offer.error->exit_status() : 0; }

std::string_view word(Standing standing) {
  switch (standing) {
    case Standing::unreadable:
      return "unreadable";
    case Standing::own:
      return "own";
    case Standing::for_others:
      return "for others";
    case Standing::refused:
      return "refused";
    case Standing::unknown_signer:
      return "signer not known here";
    case Standing::intact:
      return "intact, by a signer not known here";
    case Standing::known:
      return "already received";
    case Standing::genuine:
      return "genuine";
  }
  bug("a standing without a word");
}

}  // namespace courier
