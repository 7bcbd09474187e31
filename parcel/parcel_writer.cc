#include "parcel/parcel_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/frame.h"
#include "parcel/aead.h"
#include "parcel/key_slots.h"
#include "signer/key_ring.h"
#include "signer/sealed_box.h"

namespace courier {

namespace {

enum class Stage { new_one, begun, finished };

// The order in which addressees are written: by code. Errors: usage, when one is named twice.
std::vector<std::size_t> order_by_code(const std::vector<DraftAddressee>& addressees) {
  std::vector<std::size_t> order(addressees.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto code = [&](std::size_t i) -> const SiteCode& { return addressees[i].code; };
  std::ranges::sort(order, {}, code);
  const auto twice = std::ranges::adjacent_find(order, {}, code);
  if (twice != order.end()) {
    throw Error(ErrorCode::usage, "parcel",
                fmt::format("is addressed to {} twice", code(*twice).str()));
  }
  return order;
}

PackingList in_order(const PackingList& list, const std::vector<std::size_t>& order) {
  PackingList sorted = list;
  for (auto& item : sorted.items) {
    if (item.jobs.size() != order.size()) bug("an item has a job number for each addressee");
    const auto jobs = item.jobs;
    for (std::size_t i = 0; i < order.size(); ++i) item.jobs[i] = jobs[order[i]];
  }
  return sorted;
}

}  // namespace

struct ParcelWriter::Impl {
  ByteSink sink;
  Stage stage = Stage::new_one;
  Label label;
  Digest label_digest;
  std::optional<RecordSealer> sealer;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;

  void write(ByteView data) {
    sink(data);
    bytes += data.size();
  }

  void write_frame(FrameKind kind, ByteView payload) {
    write(encode_frame_header(kind, 0, payload));
    write(payload);
  }

  void require(Stage wanted) const {
    if (stage != wanted) bug("a parcel is begun, filled and finished once, in this order");
  }
};

ParcelWriter::ParcelWriter(ByteSink sink) : impl_(std::make_unique<Impl>()) {
  impl_->sink = std::move(sink);
}

ParcelWriter::~ParcelWriter() = default;

void ParcelWriter::begin(const ParcelDraft& draft, const KeyRing& keys, Entropy& entropy) {
  impl_->require(Stage::new_one);
  keys.require_unlocked();
  if (draft.addressees.empty()) {
    throw Error(ErrorCode::usage, "parcel", "is addressed to nobody");
  }
  const auto order = order_by_code(draft.addressees);

  Secret content_key(kContentKeySize);
  entropy.fill(content_key.bytes());
  Secret seed(32);
  entropy.fill(seed.bytes());
  SigningKey parcel_key(seed.view());
  VolumeHeader volume;
  entropy.fill(volume.cut);

  Label& label = impl_->label;
  label.critical_features = draft.critical_features;
  label.optional_features = draft.optional_features;
  label.sender = {keys.code(), keys.name(), keys.incarnation(), keys.public_keys().signing,
                  keys.generation()};
  Bytes key_slots;
  for (const std::size_t i : order) {
    const auto& addressee = draft.addressees[i];
    label.addressees.push_back({addressee.code, addressee.number, addressee.known_incarnation,
                                sealing_key_digest(addressee.sealing_key),
                                addressee.last_return_seen});
    const Secret slot = slot_plaintext(
        content_key.view(), {parcel_key.public_key(), label.sender.signing_key, addressee.code});
    const Bytes box = seal_to(addressee.sealing_key, slot.view());
    key_slots.insert(key_slots.end(), box.begin(), box.end());
  }
  const Bytes list =
      encode_packing_list(in_order(draft.packing_list, order), draft.addressees.size());
  Bytes sealed_list;
  seal_onto(sealed_list, packing_list_key(content_key.view()).view(), 0,
            packing_list_associated(parcel_key.public_key(), label.sender.signing_key), list);

  label.name = draft.name;
  label.comment = draft.comment;
  label.created = draft.created;
  label.parcel_key = parcel_key.public_key();
  label.commitment = key_commitment(content_key.view(), label.parcel_key);
  label.key_slots = digest_of(DigestKind::key_slots, key_slots);
  label.packing_list = digest_of(DigestKind::packing_list, sealed_list);
  label.item_count = static_cast<std::uint32_t>(draft.packing_list.items.size());
  label.record_count = draft.record_count;
  label.content_bytes = draft.content_bytes;
  label.certificates = keys.rotation_certificates();
  label.extensions = draft.extensions;

  Bytes signed_label = encode_label(label);
  impl_->label_digest = courier::label_digest(signed_label);
  const auto signature = keys.sign(DigestKind::label_signature, signed_label);
  signed_label.insert(signed_label.end(), signature.begin(), signature.end());

  volume.label_digest = impl_->label_digest;
  if (draft.record_count) volume.end_record = *draft.record_count;
  impl_->sealer.emplace(impl_->label_digest, std::move(parcel_key), record_key(content_key.view()));
  impl_->write_frame(FrameKind::volume_header, encode_volume_header(volume));
  impl_->write_frame(FrameKind::label, signed_label);
  impl_->write_frame(FrameKind::key_slots, key_slots);
  impl_->write_frame(FrameKind::packing_list, sealed_list);
  impl_->stage = Stage::begun;
}

const RecordSealer& ParcelWriter::sealer() const {
  impl_->require(Stage::begun);
  return *impl_->sealer;
}

std::uint64_t ParcelWriter::add(const Block& block) {
  return add_sealed(sealer().seal(impl_->records, block));
}

std::uint64_t ParcelWriter::add_sealed(ByteView frame) {
  impl_->require(Stage::begun);
  if (frame.size() < kFrameHeaderSize) bug("a sealed record is a whole frame");
  const auto parsed = parse_frame_header(frame.first(kFrameHeaderSize));
  if (parsed.fault != FrameFault::none || parsed.header.number != impl_->records) {
    bug("records are written in the order of their numbers");
  }
  impl_->write(frame);
  return impl_->records++;
}

ParcelSummary ParcelWriter::finish() {
  impl_->require(Stage::begun);
  const auto promised = impl_->label.record_count;
  if (promised && *promised != impl_->records) {
    bug("a parcel holds as many records as its label says");
  }
  impl_->write(impl_->sealer->seal_end(impl_->records));
  impl_->sealer.reset();
  impl_->stage = Stage::finished;
  return {impl_->label, impl_->label_digest, impl_->records, impl_->bytes};
}

const Label& ParcelWriter::label() const { return impl_->label; }
const Digest& ParcelWriter::label_digest() const { return impl_->label_digest; }
std::uint64_t ParcelWriter::bytes_written() const { return impl_->bytes; }

}  // namespace courier
