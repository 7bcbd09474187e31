#include "parcel/key_slots.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "base/error.h"

namespace courier {

namespace {

constexpr std::uint64_t kListKeyId = 1;
constexpr std::uint64_t kRecordKeyId = 2;
constexpr char kContext[crypto_kdf_CONTEXTBYTES + 1] = "courier1";

Secret sub_key(ByteView content_key, std::uint64_t id) {
  if (content_key.size() != crypto_kdf_KEYBYTES) bug("a content key has 32 bytes");
  Secret key(32);
  crypto_kdf_derive_from_key(key.bytes().data(), key.size(), id, kContext, content_key.data());
  return key;
}

}  // namespace

Secret slot_plaintext(ByteView content_key, const SlotBinding& binding) {
  if (content_key.size() != kContentKeySize) bug("a content key has 32 bytes");
  Secret plaintext(kKeySlotPlaintext);
  auto out = plaintext.bytes().begin();
  out = std::ranges::copy(content_key, out).out;
  out = std::ranges::copy(binding.parcel_key, out).out;
  out = std::ranges::copy(binding.sender_key, out).out;
  std::ranges::copy(as_bytes(binding.addressee.str()), out);
  return plaintext;
}

std::optional<Secret> take_content_key(const Secret& plaintext, const SlotBinding& binding) {
  if (plaintext.size() != kKeySlotPlaintext) return std::nullopt;
  const ByteView key = plaintext.view().first(kContentKeySize);
  const Secret expected = slot_plaintext(key, binding);
  if (sodium_memcmp(expected.view().data(), plaintext.view().data(), plaintext.size()) != 0) {
    return std::nullopt;
  }
  return Secret::copy_of(key);
}

std::vector<ByteView> split_key_slots(ByteView payload, std::size_t addressees,
                                      const std::string& subject) {
  if (payload.size() != addressees * kKeySlotSize) {
    throw Error(ErrorCode::damaged, subject,
                fmt::format("has {} bytes, {} slots of {} wanted", payload.size(), addressees,
                            kKeySlotSize));
  }
  std::vector<ByteView> slots;
  for (; !payload.empty(); payload = payload.subspan(kKeySlotSize)) {
    slots.push_back(payload.first(kKeySlotSize));
  }
  return slots;
}

Digest key_commitment(ByteView content_key, const PublicKey& parcel_key) {
  return Hasher(DigestKind::commitment).update(content_key).update(parcel_key).finish();
}

Secret packing_list_key(ByteView content_key) { return sub_key(content_key, kListKeyId); }

Secret record_key(ByteView content_key) { return sub_key(content_key, kRecordKeyId); }

Bytes packing_list_associated(const PublicKey& parcel_key, const PublicKey& sender_key) {
  Bytes out(parcel_key.begin(), parcel_key.end());
  out.insert(out.end(), sender_key.begin(), sender_key.end());
  return out;
}

}  // namespace courier
