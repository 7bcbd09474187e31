#include "importer/returned_rows.h"

#include "base/error.h"

namespace courier {
namespace {

// More numbers than this are not listed one by one; the next return says the rest.
constexpr std::size_t kMaxNotReceived = 1000;

IncomingState state_of(ReceivedState state) {
  switch (state) {
    case ReceivedState::incomplete:
      return IncomingState::incomplete;
    case ReceivedState::accepted:
      return IncomingState::accepted;
    case ReceivedState::processed:
      return IncomingState::processed;
    case ReceivedState::quarantined:
      return IncomingState::quarantined;
    case ReceivedState::refused:
      return IncomingState::refused;
  }
  bug("a received state that no report can have");
}

bool is_known_kind(std::uint8_t code) {
  return code >= static_cast<std::uint8_t>(ItemKind::package) &&
         code <= static_cast<std::uint8_t>(ItemKind::request);
}

ReturnParcel to_row(const ReceivedParcel& parcel) {
  ReturnParcel row;
  row.id = parcel.id;
  row.label = parcel.label_digest;
  row.state = state_of(parcel.state);
  row.reason = parcel.reason;
  row.missing_records = to_numbers(parcel.missing_records);
  for (const ReportedVerdict& verdict : parcel.items) {
    if (!is_known_kind(verdict.kind_code)) continue;  // nothing this site can have sent
    ReturnVerdict item;
    item.index = verdict.index;
    item.kind = static_cast<ItemKind>(verdict.kind_code);
    item.job = verdict.job;
    item.package = verdict.package;
    item.version = verdict.version;
    item.verdict = verdict.verdict;
    item.reason = verdict.reason;
    if (!verdict.missing.whole) item.missing_objects = verdict.missing.objects;
    if (verdict.verdict == VerdictKind::damaged || verdict.verdict == VerdictKind::incomplete) {
      item.missing_records = row.missing_records;
    }
    row.items.push_back(std::move(item));
  }
  return row;
}

Severity severity_of(std::uint8_t code) {
  return code == 2 ? Severity::error : code == 1 ? Severity::warning : Severity::info;
}

}  // namespace

std::vector<NumberRange> to_numbers(const RecordRanges& ranges) {
  std::vector<NumberRange> numbers;
  for (const RecordRange& range : ranges.ranges()) {
    numbers.push_back(NumberRange{range.first, range.end - 1});
  }
  return numbers;
}

RecordRanges to_records(const std::vector<NumberRange>& numbers) {
  RecordRanges ranges;
  for (const NumberRange& number : numbers) {
    ranges.add(RecordRange{number.first, number.last + 1});
  }
  return ranges;
}

ReceivedReturn to_rows(const ReturnReport& report, const Label& label, const Digest& label_digest,
                       const ParcelId& id) {
  ReceivedReturn rows;
  rows.label = label_digest;
  rows.id = id;
  rows.incarnation = label.sender.incarnation;
  rows.written = label.created;
  rows.format_version = report.format_version;
  rows.features = report.features;
  rows.free_bytes = report.store_free_bytes;
  for (const ReceivedParcel& parcel : report.parcels) {
    // Only what it says of parcels between the two of us is its to say.
    if (parcel.id.from == id.to && parcel.id.to == id.from) rows.parcels.push_back(to_row(parcel));
  }
  for (const ReportedHolding& held : report.holdings) {
    Holding holding;
    holding.package = held.package;
    holding.version = held.version;
    holding.root = held.root;
    holding.unknown = held.missing.whole;
    holding.missing = held.missing.objects;
    rows.holdings.push_back(std::move(holding));
  }
  for (const ReportedDpState& state : report.dp_states) {
    auto code = package_state_of(state.state);
    if (!code) continue;  // of a newer program: not known here, so nothing is said
    ReturnDpState row;
    row.dp = state.dp;
    row.package = state.package;
    row.version = state.version;
    row.served = state.served;
    row.state = *code;
    row.reason = state.reason;
    row.invalid = state.invalid;
    row.as_of = state.as_of;
    rows.dp_states.push_back(std::move(row));
  }
  for (const ReportedDpSpace& space : report.dp_space) {
    rows.dp_space.push_back(DpSpace{space.dp, space.free_bytes});
  }
  for (const RecordRange& range : report.parcels_not_received.ranges()) {
    for (std::uint64_t number = range.first;
         number < range.end && rows.not_received.size() < kMaxNotReceived; ++number) {
      rows.not_received.push_back(number);
    }
  }
  for (const ReportedMisdelivered& misdelivered : report.misdelivered) {
    if (auto parcel =
            ParcelId::try_parse(misdelivered.title.substr(0, misdelivered.title.find(' ')))) {
      rows.misdelivered.push_back(*parcel);
    }
  }
  return rows;
}

std::vector<StatusMessage> to_messages(const ReturnReport& report, const SiteCode& site) {
  std::vector<StatusMessage> messages;
  for (const ReportedMessage& reported : report.messages) {
    StatusMessage message;
    message.sequence = reported.sequence;
    message.id = reported.id;
    message.severity = severity_of(reported.severity);
    message.component = parse_component(reported.component).value_or(Component::site);
    message.site = site;
    message.package = reported.package;
    message.strings = reported.strings;
    message.time = reported.time;
    messages.push_back(std::move(message));
  }
  return messages;
}

}  // namespace courier
