#include "parcel/label.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/codec.h"
#include "base/error.h"
#include "parcel/fields.h"

namespace courier {

namespace {

constexpr std::size_t kMinAddresseeSize = 3 + 1 + 4 + 32 + 1;
constexpr std::uint64_t kMaxRecords = std::uint64_t{1} << 48;

Error unsupported(const std::string& subject, std::string what) {
  return Error(ErrorCode::unsupported, subject, std::move(what));
}

// What must be known before anything else of the label may be read: a newer format can give every
// byte after these another meaning, and an algorithm that is not known must not be guessed at.
void parse_prelude(Decoder& in, const std::string& subject, Label& label) {
  label.version = in.u16();
  if (label.version == 0) in.fail("has version 0");
  if (label.version > kFormatVersion) {
    throw unsupported(subject, fmt::format("is of format version {}, this courier reads up to {}",
                                           label.version, kFormatVersion));
  }
  label.critical_features = in.u64();
  if (const auto unknown = label.critical_features & ~kKnownCriticalFeatures; unknown != 0) {
    throw unsupported(
        subject, fmt::format("needs features that this courier does not know (0x{:x})", unknown));
  }
  label.optional_features = in.u64();
  label.signature_algorithm = in.u8();
  if (label.signature_algorithm != kEd25519) {
    throw unsupported(subject, fmt::format("is signed with algorithm {}, which is not known",
                                           label.signature_algorithm));
  }
  label.seal_algorithm = in.u8();
  if (label.seal_algorithm != kSealChaCha20Poly1305) {
    throw unsupported(subject, fmt::format("is sealed with algorithm {}, which is not known",
                                           label.seal_algorithm));
  }
}

}  // namespace

const Addressee* Label::find(const SiteCode& code) const {
  const auto it = std::ranges::find(addressees, code, &Addressee::code);
  return it == addressees.end() ? nullptr : &*it;
}

ParcelId Label::id_for(const Addressee& addressee) const {
  return {sender.code, addressee.code, addressee.number};
}

std::string Label::title() const {
  if (addressees.empty()) return sender.code.str();
  std::string text = id_for(addressees.front()).str();
  if (addressees.size() > 1) text += fmt::format(" (and {} more)", addressees.size() - 1);
  return text;
}

Bytes encode_label(const Label& label) {
  require_at_most(label.addressees.size(), kMaxAddressees, "addressees");
  require_at_most(label.sender.name.size(), kMaxNameSize, "bytes in its sender's name");
  require_at_most(label.name.size(), kMaxNameSize, "bytes in its name");
  require_at_most(label.comment.size(), kMaxCommentSize, "bytes in its comment");
  require_at_most(label.certificates.size(), kMaxCertificates, "rotation certificates");
  Encoder out;
  out.u16(label.version).u64(label.critical_features).u64(label.optional_features);
  out.u8(label.signature_algorithm).u8(label.seal_algorithm);
  put_site(out, label.sender.code);
  out.text(label.sender.name);
  put_incarnation(out, label.sender.incarnation);
  out.raw(label.sender.signing_key);
  out.u32(label.sender.key_generation);
  out.varint(label.addressees.size());
  for (const auto& addressee : label.addressees) {
    put_site(out, addressee.code);
    out.varint(addressee.number).u32(addressee.known_incarnation).digest(addressee.sealing_key);
    out.varint(addressee.last_return_seen);
  }
  out.text(label.name).text(label.comment);
  put_time(out, label.created);
  out.raw(label.parcel_key);
  out.digest(label.commitment).digest(label.key_slots).digest(label.packing_list);
  out.varint(label.item_count);
  out.boolean(label.record_count.has_value());
  if (label.record_count) out.varint(*label.record_count);
  out.varint(label.content_bytes);
  out.varint(label.certificates.size());
  for (const auto& certificate : label.certificates) {
    require_at_most(certificate.size(), kMaxCertificateSize, "bytes in a rotation certificate");
    out.bytes(certificate);
  }
  put_extensions(out, label.extensions);
  require_at_most(out.size(), kMaxLabelSize - kSignatureSize, "bytes in its label");
  return out.take();
}

Label parse_label(ByteView body, const std::string& subject) {
  Decoder in(body, subject);
  Label label;
  parse_prelude(in, subject, label);
  label.sender.code = get_site(in);
  label.sender.name = in.text(kMaxNameSize);
  label.sender.incarnation = get_incarnation(in);
  label.sender.signing_key = decode_public_key(in);
  label.sender.key_generation = in.u32();
  label.addressees.resize(in.count(kMaxAddressees, kMinAddresseeSize));
  if (label.addressees.empty()) in.fail("names no addressee");
  const Addressee* previous = nullptr;
  for (auto& addressee : label.addressees) {
    addressee.code = get_site(in);
    if (previous != nullptr && addressee.code <= previous->code) {
      in.fail("has addressees that do not ascend");
    }
    previous = &addressee;
    addressee.number = in.varint();
    if (addressee.number == 0) in.fail("has parcel number 0");
    addressee.known_incarnation = in.u32();
    addressee.sealing_key = in.digest();
    addressee.last_return_seen = in.varint();
  }
  label.name = in.text(kMaxNameSize);
  label.comment = in.text(kMaxCommentSize);
  label.created = get_time(in);
  label.parcel_key = decode_public_key(in);
  label.commitment = in.digest();
  label.key_slots = in.digest();
  label.packing_list = in.digest();
  label.item_count = static_cast<std::uint32_t>(in.varint(UINT32_MAX));
  if (in.boolean()) label.record_count = in.varint(kMaxRecords);
  label.content_bytes = in.varint();
  label.certificates.resize(in.count(kMaxCertificates));
  for (auto& certificate : label.certificates) {
    certificate = to_bytes(in.bytes(kMaxCertificateSize));
  }
  label.extensions = get_extensions(in);
  in.expect_end();
  return label;
}

Digest label_digest(ByteView body) { return digest_of(DigestKind::label, body); }

}  // namespace courier
