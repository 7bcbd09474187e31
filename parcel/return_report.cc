#include "parcel/return_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/codec.h"
#include "base/error.h"
#include "parcel/fields.h"
#include "parcel/packing_list.h"

namespace courier {

namespace {

constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kMaxIdSize = 16;
constexpr std::size_t kMaxTitleSize = 64;
constexpr std::uint8_t kComplete = 0, kWhole = 1, kNamed = 2;
constexpr std::uint8_t kMaxSeverity = 2;

template <typename T, typename Put>
void put_all(Encoder& out, const std::vector<T>& values, std::size_t max, std::string_view what,
             Put put) {
  require_at_most(values.size(), max, what);
  out.varint(values.size());
  for (const auto& value : values) put(out, value);
}

template <typename T, typename Get>
std::vector<T> get_all(Decoder& in, std::size_t max, std::size_t min_size, Get get) {
  std::vector<T> values;
  const std::size_t n = in.count(max, min_size);
  values.reserve(std::min<std::size_t>(n, 1024));
  for (std::size_t i = 0; i < n; ++i) values.push_back(get(in));
  return values;
}

template <typename E>
E get_enum(Decoder& in, E first, E last) {
  const std::uint8_t value = in.u8();
  if (value < static_cast<std::uint8_t>(first) || value > static_cast<std::uint8_t>(last)) {
    in.fail(fmt::format("has {} where it is not defined", value));
  }
  return static_cast<E>(value);
}

// Versions, and other numbers of 32 bits.
std::uint32_t get_version(Decoder& in) { return static_cast<std::uint32_t>(in.varint(UINT32_MAX)); }

void put_missing(Encoder& out, const MissingObjects& missing) {
  if (missing.whole || missing.objects.size() > kMaxMissingObjects) {
    out.u8(kWhole);
  } else if (missing.objects.empty()) {
    out.u8(kComplete);
  } else {
    out.u8(kNamed);
    auto objects = missing.objects;
    std::ranges::sort(objects);
    objects.erase(std::unique(objects.begin(), objects.end()), objects.end());
    out.varint(objects.size());
    for (const auto& digest : objects) out.digest(digest);
  }
}

MissingObjects get_missing(Decoder& in) {
  MissingObjects missing;
  const std::uint8_t form = in.u8();
  if (form > kNamed) in.fail("has a form of missing objects that is not defined");
  missing.whole = form == kWhole;
  if (form != kNamed) return missing;
  missing.objects = get_all<Digest>(in, kMaxMissingObjects, 32, [](auto& d) { return d.digest(); });
  if (missing.objects.empty()) in.fail("names no missing object");
  const auto& o = missing.objects;
  if (std::ranges::adjacent_find(o, [](auto& a, auto& b) { return a >= b; }) != o.end()) {
    in.fail("has missing objects that do not ascend");
  }
  return missing;
}

void put_verdict(Encoder& out, const ReportedVerdict& v) {
  out.varint(v.index).varint(v.job).u8(v.kind_code);
  put_package(out, v.package);
  out.varint(v.version).u8(static_cast<std::uint8_t>(v.verdict));
  out.text(free_text(v.reason, kMaxReasonSize));
  put_missing(out, v.missing);
}

ReportedVerdict get_verdict(Decoder& in) {
  ReportedVerdict v;
  v.index = get_version(in);
  v.job = in.varint();
  v.kind_code = in.u8();
  v.package = get_package(in);
  v.version = get_version(in);
  v.verdict = get_enum(in, VerdictKind::installed, VerdictKind::announced);
  v.reason = in.text(kMaxReasonSize);
  v.missing = get_missing(in);
  return v;
}

void put_parcel(Encoder& out, const ReceivedParcel& p) {
  put_site(out, p.id.from);
  put_site(out, p.id.to);
  out.varint(p.id.number).digest(p.label_digest).u8(static_cast<std::uint8_t>(p.state));
  out.text(free_text(p.reason, kMaxReasonSize));
  put_all(out, p.items, kMaxReportItems, "verdicts of a parcel", put_verdict);
  encode_ranges(out, p.missing_records);
}

ReceivedParcel get_parcel(Decoder& in) {
  ReceivedParcel p;
  p.id.from = get_site(in);
  p.id.to = get_site(in);
  p.id.number = in.varint();
  p.label_digest = in.digest();
  p.state = get_enum(in, ReceivedState::incomplete, ReceivedState::refused);
  p.reason = in.text(kMaxReasonSize);
  p.items = get_all<ReportedVerdict>(in, kMaxReportItems, 8, get_verdict);
  p.missing_records = decode_ranges(in);
  return p;
}

void put_holding(Encoder& out, const ReportedHolding& h) {
  put_package(out, h.package);
  out.varint(h.version).digest(h.root);
  put_missing(out, h.missing);
}

ReportedHolding get_holding(Decoder& in) {
  ReportedHolding h;
  h.package = get_package(in);
  h.version = get_version(in);
  h.root = in.digest();
  h.missing = get_missing(in);
  return h;
}

void put_dp_name(Encoder& out, const std::string& name) {
  require_at_most(name.size(), kMaxDpNameSize, "bytes in a distribution point's name");
  out.text(name);
}

void put_dp_state(Encoder& out, const ReportedDpState& s) {
  put_dp_name(out, s.dp);
  put_package(out, s.package);
  out.varint(s.version).varint(s.served).u8(s.state).boolean(s.invalid);
  out.text(free_text(s.reason, kMaxReasonSize));
  put_time(out, s.as_of);
}

ReportedDpState get_dp_state(Decoder& in) {
  ReportedDpState s;
  s.dp = in.text(kMaxDpNameSize);
  s.package = get_package(in);
  s.version = get_version(in);
  s.served = get_version(in);
  s.state = in.u8();
  s.invalid = in.boolean();
  s.reason = in.text(kMaxReasonSize);
  s.as_of = get_time(in);
  return s;
}

void put_dp_space(Encoder& out, const ReportedDpSpace& s) {
  put_dp_name(out, s.dp);
  out.varint(s.free_bytes).varint(s.total_bytes);
}

ReportedDpSpace get_dp_space(Decoder& in) {
  ReportedDpSpace s;
  s.dp = in.text(kMaxDpNameSize);
  s.free_bytes = in.varint();
  s.total_bytes = in.varint();
  return s;
}

void put_misdelivered(Encoder& out, const ReportedMisdelivered& m) {
  out.digest(m.label_digest);
  out.text(free_text(m.title, kMaxTitleSize));
  put_time(out, m.seen);
}

ReportedMisdelivered get_misdelivered(Decoder& in) {
  ReportedMisdelivered m;
  m.label_digest = in.digest();
  m.title = in.text(kMaxTitleSize);
  m.seen = get_time(in);
  return m;
}

void put_message(Encoder& out, const ReportedMessage& m) {
  out.varint(m.sequence);
  out.text(free_text(m.id, kMaxIdSize));
  if (m.severity > kMaxSeverity) bug("a status message has a severity of 0 to 2");
  out.u8(m.severity);
  out.text(free_text(m.component, kMaxTitleSize));
  put_time(out, m.time);
  put_package(out, m.package);
  put_all(out, m.strings, kMaxMessageStrings, "strings in a status message",
          [](Encoder& to, const std::string& text) { to.text(free_text(text, kMaxReasonSize)); });
}

ReportedMessage get_message(Decoder& in) {
  ReportedMessage m;
  m.sequence = in.varint();
  m.id = in.text(kMaxIdSize);
  m.severity = in.u8();
  if (m.severity > kMaxSeverity) in.fail("has a severity that is not defined");
  m.component = in.text(kMaxTitleSize);
  m.time = get_time(in);
  m.package = get_package(in);
  m.strings = get_all<std::string>(in, kMaxMessageStrings, 1,
                                   [](Decoder& from) { return from.text(kMaxReasonSize); });
  return m;
}

}  // namespace

Bytes encode_return_report(const ReturnReport& report) {
  Encoder out;
  out.u16(kVersion);
  put_incarnation(out, report.incarnation);
  out.varint(report.last_return_seen);
  put_all(out, report.parcels, kMaxReportParcels, "parcels in a return", put_parcel);
  put_all(out, report.holdings, kMaxHoldings, "holdings in a return", put_holding);
  put_all(out, report.dp_states, kMaxDpStates, "states in a return", put_dp_state);
  out.varint(report.store_free_bytes).varint(report.store_total_bytes);
  put_all(out, report.dp_space, kMaxDps, "distribution points in a return", put_dp_space);
  out.u16(report.format_version).u64(report.features);
  encode_ranges(out, report.parcels_not_received);
  put_all(out, report.misdelivered, kMaxReportParcels, "misdelivered parcels in a return",
          put_misdelivered);
  put_all(out, report.messages, kMaxReportMessages, "status messages in a return", put_message);
  put_extensions(out, report.extensions);
  return out.take();
}

ReturnReport parse_return_report(ByteView bytes) {
  Decoder in(bytes, "return report");
  if (const auto version = in.u16(); version > kVersion) {
    throw Error(ErrorCode::unsupported, "return report",
                fmt::format("is of version {}, this courier reads up to {}", version, kVersion));
  } else if (version == 0) {
    in.fail("has version 0");
  }
  ReturnReport report;
  report.incarnation = get_incarnation(in);
  report.last_return_seen = in.varint();
  report.parcels = get_all<ReceivedParcel>(in, kMaxReportParcels, 43, get_parcel);
  report.holdings = get_all<ReportedHolding>(in, kMaxHoldings, 35, get_holding);
  report.dp_states = get_all<ReportedDpState>(in, kMaxDpStates, 8, get_dp_state);
  report.store_free_bytes = in.varint();
  report.store_total_bytes = in.varint();
  report.dp_space = get_all<ReportedDpSpace>(in, kMaxDps, 3, get_dp_space);
  report.format_version = in.u16();
  report.features = in.u64();
  report.parcels_not_received = decode_ranges(in);
  report.misdelivered = get_all<ReportedMisdelivered>(in, kMaxReportParcels, 34, get_misdelivered);
  report.messages = get_all<ReportedMessage>(in, kMaxReportMessages, 7, get_message);
  report.extensions = get_extensions(in);
  in.expect_end();
  return report;
}

}  // namespace courier
