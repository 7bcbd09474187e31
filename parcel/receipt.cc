#include "parcel/receipt.h"

#include <algorithm>
#include <cctype>

#include "base/codec.h"
#include "base/error.h"
#include "base/frame.h"
#include "parcel/fields.h"
#include "signer/signature.h"

namespace courier {
namespace {

constexpr std::uint16_t kVersion = 1;
constexpr std::string_view kPrefix = "COURIER:";
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr unsigned kBitsPerCharacter = 5;
constexpr std::size_t kChecksumSize = 4;
constexpr std::size_t kMaxCharacters =
    (kMaxReceiptSize * 8 + kBitsPerCharacter - 1) / kBitsPerCharacter;
// A pasted text may be cut into short lines.
constexpr std::size_t kMaxTextSize = 4 * (kMaxCharacters + kPrefix.size());

void put_statement(Encoder& out, const ParcelId& parcel, const Digest& label,
                   const Incarnation& incarnation) {
  put_site(out, parcel.from);
  put_site(out, parcel.to);
  out.varint(parcel.number).digest(label);
  put_incarnation(out, incarnation);
}

Bytes body_of(const Receipt& receipt) {
  Encoder out;
  out.u16(kVersion).u8(kEd25519);
  put_statement(out, receipt.parcel, receipt.label, receipt.incarnation);
  out.varint(receipt.returns).varint(receipt.items).varint(receipt.runs.size());
  for (const ReceiptRun& run : receipt.runs) {
    out.varint(run.length).u8(run.verdict ? static_cast<std::uint8_t>(*run.verdict) : 0);
    out.text(run.reason);
  }
  return out.take();
}

std::uint32_t checksum_of(ByteView bytes) {
  return static_cast<std::uint32_t>(frame_checksum(bytes));
}

std::string to_base32(ByteView bytes) {
  std::string out;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const std::uint8_t byte : bytes) {
    held = held << 8 | byte;
    for (bits += 8; bits >= kBitsPerCharacter;) {
      bits -= kBitsPerCharacter;
      out += kAlphabet[(held >> bits) & 31];
    }
  }
  if (bits > 0) out += kAlphabet[(held << (kBitsPerCharacter - bits)) & 31];
  return out;
}

[[noreturn]] void refuse(std::string what) {
  throw Error(ErrorCode::damaged, "receipt", std::move(what))
      .with_loss("nothing was changed")
      .with_hint("scan or copy the whole of it again, beginning with " + std::string(kPrefix));
}

Bytes from_base32(std::string_view text) {
  Bytes out;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) {
      refuse("has the character '" + escaped(std::string(1, c)) + "', which no code has");
    }
    held = held << kBitsPerCharacter | static_cast<std::uint32_t>(value);
    bits += kBitsPerCharacter;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<std::uint8_t>(held >> bits));
    }
  }
  if (bits >= kBitsPerCharacter || (held & ((1u << bits) - 1)) != 0) {
    refuse("ends in the middle: characters are missing");
  }
  return out;
}

// Without white space and hyphens, in capital letters.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isspace(byte) != 0 || c == '-') continue;
    out += static_cast<char>(std::toupper(byte));
  }
  return out;
}

ReceiptRun get_run(Decoder& in) {
  ReceiptRun run;
  run.length = static_cast<std::uint32_t>(in.varint(kMaxReceiptItems));
  if (run.length == 0) in.fail("has a run of no items");
  const std::uint8_t verdict = in.u8();
  if (verdict > static_cast<std::uint8_t>(VerdictKind::announced)) {
    in.fail("has an unknown verdict");
  }
  if (verdict != 0) run.verdict = static_cast<VerdictKind>(verdict);
  run.reason = in.text(kMaxReceiptReason);
  return run;
}

Receipt get_receipt(Decoder& in) {
  Receipt receipt;
  receipt.parcel.from = get_site(in);
  receipt.parcel.to = get_site(in);
  receipt.parcel.number = in.varint();
  if (receipt.parcel.number == 0) in.fail("is of a parcel without a number");
  receipt.label = in.digest();
  receipt.incarnation = get_incarnation(in);
  receipt.returns = in.varint();
  receipt.items = static_cast<std::uint32_t>(in.varint(kMaxReceiptItems));
  const std::size_t runs = in.count(kMaxReceiptRuns, 3);
  for (std::size_t i = 0; i < runs; ++i) {
    ReceiptRun run = get_run(in);
    if (run.length > receipt.items - receipt.told()) in.fail("speaks of more items than there are");
    const bool goes_on = i > 0 && receipt.runs.back().verdict == run.verdict &&
                         receipt.runs.back().reason == run.reason;
    if (goes_on) in.fail("has two runs that are one");
    receipt.runs.push_back(std::move(run));
  }
  return receipt;
}

}  // namespace

bool is_in(VerdictKind verdict) {
  return verdict == VerdictKind::installed || verdict == VerdictKind::stored ||
         verdict == VerdictKind::superseded || verdict == VerdictKind::removed;
}

void Receipt::add(const std::optional<VerdictKind>& verdict, const std::string& reason) {
  std::string short_reason = free_text(reason, kMaxReceiptReason);
  if (runs.empty() || runs.back().verdict != verdict || runs.back().reason != short_reason) {
    runs.push_back({0, verdict, std::move(short_reason)});
  }
  ++runs.back().length;
}

std::uint32_t Receipt::told() const {
  std::uint32_t sum = 0;
  for (const ReceiptRun& run : runs) sum += run.length;
  return sum;
}

Bytes receipt_statement(const ParcelId& parcel, const Digest& label,
                        const Incarnation& incarnation) {
  Encoder out;
  out.u16(kVersion);
  put_statement(out, parcel, label, incarnation);
  return out.take();
}

std::string receipt_text(ByteView signed_part, const Signature& signature) {
  Encoder out;
  out.raw(signed_part).raw(signature);
  const std::uint32_t checksum = checksum_of(out.view());
  out.u32(checksum);
  return std::string(kPrefix) + to_base32(out.view());
}

std::string encode_receipt(Receipt& receipt, const std::function<Signature(ByteView)>& sign) {
  if (receipt.runs.size() > kMaxReceiptRuns) receipt.runs.resize(kMaxReceiptRuns);
  constexpr std::size_t kMaxBody = kMaxReceiptSize - std::tuple_size_v<Signature> - kChecksumSize;
  Bytes body = body_of(receipt);
  for (; body.size() > kMaxBody; body = body_of(receipt)) receipt.runs.pop_back();
  return receipt_text(body, sign(body));
}

bool looks_like_receipt_code(std::string_view text) {
  return plain(text.substr(0, kMaxTextSize)).starts_with(kPrefix);
}

SignedReceipt parse_receipt(std::string_view text) {
  if (!looks_like_receipt_code(text)) {
    throw Error(ErrorCode::usage, "receipt", "does not begin with " + std::string(kPrefix))
        .with_loss("nothing was changed")
        .with_hint("give its eight words, or the text of its QR code");
  }
  const std::string code = plain(text.substr(0, kMaxTextSize)).substr(kPrefix.size());
  if (text.size() > kMaxTextSize || code.size() > kMaxCharacters) refuse("is longer than any code");
  const Bytes bytes = from_base32(code);
  SignedReceipt out;
  constexpr std::size_t kBehind = std::tuple_size_v<Signature> + kChecksumSize;
  if (bytes.size() < kBehind) refuse("is shorter than any code");
  const ByteView all(bytes);
  Decoder tail(all.last(kBehind), "receipt");
  out.signature = decode_signature(tail);
  if (tail.u32() != checksum_of(all.first(all.size() - kChecksumSize))) {
    refuse("was mistyped, or is not whole: its checksum is wrong");
  }
  out.signed_part = to_bytes(all.first(all.size() - kBehind));
  Decoder in(out.signed_part, "receipt");
  if (in.u16() != kVersion || in.u8() != kEd25519) {
    throw Error(ErrorCode::unsupported, "receipt", "is of a newer form than this program reads")
        .with_loss("nothing was changed");
  }
  out.receipt = get_receipt(in);
  in.expect_end();
  return out;
}

}  // namespace courier
