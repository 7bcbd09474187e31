#include "parcel/parcel_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/frame.h"
#include "parcel/aead.h"
#include "parcel/key_slots.h"
#include "signer/key_ring.h"

namespace courier {

namespace {

constexpr std::string_view kOtherCopy =
    "try another copy, or copy it again from where it came; without one ask the sender for it";

std::string_view part_name(FrameKind kind) {
  switch (kind) {
    case FrameKind::volume_header:
      return "volume header";
    case FrameKind::label:
      return "label";
    case FrameKind::key_slots:
      return "key slots";
    default:
      return "packing list";
  }
}

Error damaged_head(const std::string& subject, std::string what) {
  return Error(ErrorCode::damaged, subject, std::move(what))
      .with_loss("nothing was taken in")
      .with_hint(std::string(kOtherCopy));
}

Error made_wrong(const std::string& subject, std::string what) {
  return Error(ErrorCode::bad_signature, subject, std::move(what));
}

// Runs a parser of the head's; what it finds damaged is damage of the head.
template <typename Parse>
auto parse_part(Parse parse) {
  try {
    return parse();
  } catch (Error& error) {
    if (error.code() == ErrorCode::damaged) {
      error.with_loss("nothing was taken in").with_hint(std::string(kOtherCopy));
    }
    throw;
  }
}

}  // namespace

struct ParcelReader::Impl {
  std::unique_ptr<FrameSource> frames;
  std::string subject;
  Digest label_digest;
  PublicKey parcel_key{};
  std::optional<std::uint64_t> label_count;
  std::uint64_t damaged_bytes = 0;
  EndState end = EndState::not_seen;
  std::optional<std::uint64_t> end_count;
  bool done = false;
  std::optional<VolumeHeader> volume;
  std::optional<Digest> stated_label;
  std::optional<Frame> stray;  // found where a part of the head belongs

  Bytes head_part(FrameKind kind);
  void look_for_label();
  void take_end(const Frame& frame);
};

// The next frame, which must be the head's part of this kind, whole and right behind the last.
Bytes ParcelReader::Impl::head_part(FrameKind kind) {
  const std::string_view name = part_name(kind);
  auto frame = frames->next();
  if (!frame) {
    throw damaged_head(subject, frames->trailing_bytes() > 0
                                    ? fmt::format("is damaged in its {}", name)
                                    : fmt::format("ends before its {}, after {} bytes", name,
                                                  frames->bytes_read()));
  }
  if (frame->skipped_bytes > 0 || frame->kind != static_cast<std::uint8_t>(kind)) {
    stray = std::move(frame);
    throw damaged_head(subject, fmt::format("has no {} where it belongs", name));
  }
  if (frame->oversized) {
    throw damaged_head(subject, fmt::format("states {} bytes for its {}, which is beyond the limit",
                                            frame->stated_size, name));
  }
  if (!frame->intact) {
    throw damaged_head(subject,
                       fmt::format("is damaged in its {} (byte {} and {} bytes from there)", name,
                                   frame->offset, kFrameHeaderSize + frame->stated_size));
  }
  return std::move(frame->payload);
}

// Behind a volume header that is damaged: the label says as well whose volume this is.
void ParcelReader::Impl::look_for_label() {
  const auto frame = stray ? std::move(stray) : frames->next();
  if (!frame || !frame->intact || frame->kind != static_cast<std::uint8_t>(FrameKind::label) ||
      frame->payload.size() <= kSignatureSize) {
    return;
  }
  const ByteView label(frame->payload);
  stated_label = courier::label_digest(label.first(label.size() - kSignatureSize));
}

void ParcelReader::Impl::take_end(const Frame& frame) {
  // A genuine end is the end; what comes behind it (padding of a medium) is not looked at.
  if (!frame.intact) {
    end = std::max(end, EndState::damaged);
    return;
  }
  try {
    end_count = verify_end(frame.payload, label_digest, parcel_key);
    end = label_count && *label_count != *end_count ? EndState::forged : EndState::genuine;
    done = true;
  } catch (const Error& error) {
    end = std::max(end, error.code() == ErrorCode::damaged ? EndState::damaged : EndState::forged);
  }
}

ParcelReader::ParcelReader(std::unique_ptr<FrameSource> frames, std::string subject)
    : impl_(new Impl{std::move(frames),
                     std::move(subject),
                     {},
                     {},
                     {},
                     0,
                     EndState::not_seen,
                     {},
                     false,
                     {},
                     {},
                     {}}) {}
ParcelReader::~ParcelReader() = default;
ParcelReader::ParcelReader(ParcelReader&&) noexcept = default;

ParcelHead ParcelReader::read_head() {
  Impl& in = *impl_;
  if (!looks_like_parcel(in.frames->peek(kParcelProbeSize))) {
    throw Error(ErrorCode::damaged, in.subject, "is no parcel")
        .with_loss("nothing was taken in")
        .with_hint("give the parcel's own file (its name usually ends in .pcl)");
  }
  ParcelHead head;
  head.subject = in.subject;
  try {
    const Bytes volume = in.head_part(FrameKind::volume_header);
    head.volume =
        parse_part([&] { return parse_volume_header(volume, "volume header of " + in.subject); });
  } catch (const Error& error) {
    if (error.code() == ErrorCode::damaged) in.look_for_label();
    throw;
  }
  in.volume = head.volume;
  in.stated_label = head.volume.label_digest;

  Bytes label = in.head_part(FrameKind::label);
  if (label.size() <= kSignatureSize)
    throw damaged_head(in.subject, "has a label that is too short");
  std::copy_n(label.end() - kSignatureSize, kSignatureSize, head.signature.begin());
  label.resize(label.size() - kSignatureSize);
  head.label_body = std::move(label);
  head.label = parse_part([&] { return parse_label(head.label_body, "label of " + in.subject); });
  head.label_digest = label_digest(head.label_body);
  if (head.volume.label_digest != head.label_digest) {
    throw damaged_head(in.subject, "has a volume header that belongs to another label");
  }

  head.key_slots = in.head_part(FrameKind::key_slots);
  head.sealed_packing_list = in.head_part(FrameKind::packing_list);
  in.label_digest = head.label_digest;
  in.parcel_key = head.label.parcel_key;
  in.label_count = head.label.record_count;
  return head;
}

std::optional<Digest> ParcelReader::stated_label() const { return impl_->stated_label; }
std::optional<VolumeHeader> ParcelReader::stated_volume() const { return impl_->volume; }

void ParcelReader::borrow_head(const VerifiedHead& head) {
  impl_->label_digest = head.label_digest();
  impl_->parcel_key = head.label().parcel_key;
  impl_->label_count = head.label().record_count;
}

VerifiedHead verify_head(ParcelHead head, const PublicKey& signing_key) {
  const std::string subject = head.label.title();
  if (head.label.sender.signing_key != signing_key ||
      !verify(signing_key, DigestKind::label_signature, head.label_body, head.signature)) {
    throw made_wrong(subject, fmt::format("its label is not signed by the key of {} it names",
                                          head.label.sender.code.str()));
  }
  if (digest_of(DigestKind::key_slots, head.key_slots) != head.label.key_slots) {
    throw made_wrong(subject, "its key slots are not those its label was signed for");
  }
  if (digest_of(DigestKind::packing_list, head.sealed_packing_list) != head.label.packing_list) {
    throw made_wrong(subject, "its packing list is not the one its label was signed for");
  }
  return VerifiedHead(std::move(head));
}

OpenedParcel open_parcel(const VerifiedHead& verified, const KeyRing& keys) {
  const Label& label = verified.label();
  const Addressee* addressee = label.find(keys.code());
  if (addressee == nullptr) {
    std::string codes;
    for (const auto& other : label.addressees) {
      codes += (codes.empty() ? "" : ", ") + other.code.str();
      if (codes.size() > 60) {
        codes += " and others";
        break;
      }
    }
    throw Error(ErrorCode::not_addressed, label.title(),
                fmt::format("is addressed to {}, not to {}", codes, keys.code().str()));
  }
  keys.require_unlocked();
  const std::string subject = label.id_for(*addressee).str();
  const auto slots = parse_part([&] {
    return split_key_slots(verified.head().key_slots, label.addressees.size(),
                           "key slots of " + subject);
  });
  const auto index = static_cast<std::size_t>(addressee - label.addressees.data());
  const auto plaintext = keys.open_sealed(slots[index]);
  if (!plaintext) {
    throw Error(ErrorCode::no_key, subject, "is sealed to a key that this site does not have")
        .with_loss("nothing was taken in")
        .with_hint(
            "give the sender this site's identity ('courier site export') and ask for it again");
  }
  const auto content_key =
      take_content_key(*plaintext, {label.parcel_key, label.sender.signing_key, keys.code()});
  if (!content_key) {
    throw made_wrong(subject, "its key slot was made for another parcel or by another sender");
  }
  if (key_commitment(content_key->view(), label.parcel_key) != label.commitment) {
    throw made_wrong(subject, "its content key is not the one its label commits to");
  }
  const auto list = open_sealed(packing_list_key(content_key->view()).view(), 0,
                                packing_list_associated(label.parcel_key, label.sender.signing_key),
                                verified.head().sealed_packing_list);
  if (!list) throw made_wrong(subject, "its packing list does not open with its content key");
  PackingList packing_list = parse_part([&] {
    return parse_packing_list(*list, label.addressees.size(), "packing list of " + subject);
  });
  if (packing_list.items.size() != label.item_count) {
    throw made_wrong(subject, fmt::format("its label says {} items, its packing list has {}",
                                          label.item_count, packing_list.items.size()));
  }
  return {addressee, std::move(packing_list),
          RecordOpener(verified.label_digest(), label.parcel_key, record_key(content_key->view()))};
}

std::optional<RawRecord> ParcelReader::next_record() {
  Impl& in = *impl_;
  while (!in.done) {
    auto frame = in.frames->next();
    if (!frame) {
      in.damaged_bytes += in.frames->trailing_bytes();
      in.done = true;
      break;
    }
    in.damaged_bytes += frame->skipped_bytes;
    if (frame->kind == static_cast<std::uint8_t>(FrameKind::end)) {
      in.take_end(*frame);
    } else if (frame->kind == static_cast<std::uint8_t>(FrameKind::record)) {
      return RawRecord{frame->number, frame->intact, std::move(frame->payload)};
    }
    // A part of a head here is a volume's that was appended; it says nothing about the records.
  }
  return std::nullopt;
}

ParcelTail ParcelReader::finish(const VerifiedHead& head) const {
  const Impl& in = *impl_;
  if (!in.done) bug("a parcel's end is asked for when its records are read");
  if (head.label_digest() != in.label_digest) bug("a parcel's end goes with its own head");
  return {in.end, in.end_count ? in.end_count : in.label_count, in.damaged_bytes};
}

std::uint64_t ParcelReader::bytes_read() const { return impl_->frames->bytes_read(); }

}  // namespace courier
