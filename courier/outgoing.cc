#include "courier/outgoing.h"

#include <fmt/format.h>

#include "courier/shown.h"
#include "courier/table.h"
#include "parcel/packing_list.h"

namespace courier {
std::string addressee_state(const ParcelAddressee& addressee) {
  std::string text(word(addressee.state));
  if (addressee.lost) text += ", lost";
  if (addressee.receipt) text += ", receipt only";
  if (addressee.partly_confirmed) {
    text += addressee.state == ParcelState::confirmed ? ", a return says otherwise"
                                                      : ", partly confirmed";
  }
  return text;
}

std::string outgoing_state(const ParcelRow& parcel) {
  const ParcelAddressee* least = nullptr;
  for (const ParcelAddressee& addressee : parcel.addressees) {
    if (least == nullptr || addressee.state < least->state) least = &addressee;
  }
  return least == nullptr ? "" : addressee_state(*least);
}

std::string addressees_text(const ParcelRow& parcel) {
  std::string text;
  for (const ParcelAddressee& addressee : parcel.addressees) {
    text += (text.empty() ? "" : ", ") + addressee.id.str();
  }
  return text;
}

Json outgoing_json(const ParcelRow& parcel) {
  Json addressees = Json::array();
  for (const ParcelAddressee& addressee : parcel.addressees) {
    addressees.push_back(
        {{"id", addressee.id.str()},
         {"site", addressee.id.to.str()},
         {"state", word(addressee.state)},
         {"partly_confirmed", addressee.partly_confirmed},
         {"lost", addressee.lost},
         {"return", addressee.return_id.empty() ? Json() : Json(addressee.return_id)},
         {"receipt_only", addressee.receipt.has_value()},
         {"receipt", addressee.receipt ? Json(word(*addressee.receipt)) : Json()},
         {"sent", json_time(addressee.sent)},
         {"confirmed", json_time(addressee.confirmed)}});
  }
  return {{"id", parcel.addressees.empty() ? "" : parcel.addressees.front().id.str()},
          {"direction", "outgoing"},
          {"from", parcel.addressees.empty() ? "" : parcel.addressees.front().id.from.str()},
          {"state", word(parcel.state())},
          {"lost", parcel.lost()},
          {"addressees", std::move(addressees)},
          {"is_return", parcel.is_return},
          {"name", json_text(parcel.name)},
          {"comment", json_text(parcel.comment)},
          {"carrier", json_text(parcel.carrier)},
          {"tracking", json_text(parcel.tracking)},
          {"file", json_text(parcel.file)},
          {"file_bytes", parcel.file_bytes},
          {"content_bytes", parcel.content_bytes},
          {"records", parcel.records},
          {"volumes", 1},
          {"label_digest", parcel.label.hex()},
          {"payload_removed", parcel.payload_removed},
          {"created", json_time(parcel.created)},
          {"expected", json_time(parcel.expected)}};
}

Json outgoing_items_json(Home& home, const ParcelRow& parcel) {
  ParcelBook book(home.ledger());
  const ParcelId& id = parcel.addressees.front().id;
  const std::vector<ItemVerdict> verdicts = book.verdicts(id);
  Json items = Json::array();
  for (const ParcelItemRow& item : book.items(id)) {
    Json told = Json::array();
    for (const ItemVerdict& verdict : verdicts) {
      if (verdict.index != item.index) continue;
      told.push_back({{"site", verdict.site.str()},
                      {"verdict", verdict.verdict ? Json(word(*verdict.verdict)) : Json()},
                      {"reason", json_text(verdict.reason)},
                      {"return", verdict.return_id.empty() ? Json() : Json(verdict.return_id)},
                      {"as_of", json_time(verdict.as_of)}});
    }
    items.push_back({{"index", item.index},
                     {"kind", word(item.kind)},
                     {"jobs", item.jobs},
                     {"package", item.package.empty() ? Json() : Json(item.package.str())},
                     {"version", item.version},
                     {"digest", item.root.is_zero() ? Json() : Json(item.root.hex())},
                     {"bytes", item.bytes},
                     {"distribution_points", item.dps},
                     {"base", item.base},
                     {"verdicts", std::move(told)}});
  }
  return items;
}

std::string outgoing_items_table(Home& home, const ParcelRow& parcel) {
  ParcelBook book(home.ledger());
  const ParcelId& id = parcel.addressees.front().id;
  const std::vector<ItemVerdict> verdicts = book.verdicts(id);
  Table table({"kind", "job", "package", ">version", ">size", "builds on", "verdict"});
  for (const ParcelItemRow& item : book.items(id)) {
    std::string told;
    for (const ItemVerdict& verdict : verdicts) {
      if (verdict.index != item.index || !verdict.verdict) continue;
      told += (told.empty() ? "" : "; ") + verdict.site.str() + " " +
              std::string(word(*verdict.verdict)) +
              (verdict.reason.empty() ? "" : ": " + verdict.reason);
    }
    std::string jobs;
    for (const std::uint64_t job : item.jobs) {
      if (job != 0) jobs += (jobs.empty() ? "" : ", ") + std::to_string(job);
    }
    table.add({std::string(word(item.kind)), jobs.empty() ? "-" : jobs,
               item.package.empty() ? "-" : item.package.str(),
               item.version == 0 ? "-" : std::to_string(item.version), human_size(item.bytes),
               item.base.empty() ? "-" : item.base, told.empty() ? "-" : told});
  }
  return table.str("no items");
}

Report show_outgoing(Home& home, const ParcelRow& parcel) {
  ParcelBook book(home.ledger());
  const ParcelId& id = parcel.addressees.front().id;
  Report report;
  report.json = outgoing_json(parcel);
  report.json["items"] = outgoing_items_json(home, parcel);
  Json copies = Json::array();
  Table copy_table({"copy", "volume", "medium", "read back", "time"});
  for (const ParcelCopy& copy : book.copies(id)) {
    const bool is_volume = !copy.cut.empty();
    copies.push_back({{"target", json_text(copy.target)},
                      {"volume", is_volume ? Json(copy.number) : Json()},
                      {"volumes", is_volume ? copy.volumes : 1},
                      {"spare_volumes", copy.spares},
                      {"is_spare", copy.is_spare()},
                      {"bytes", copy.bytes == 0 ? Json() : Json(copy.bytes)},
                      {"medium", json_text(copy.medium)},
                      {"medium_label", json_text(copy.medium_label)},
                      {"medium_serial", json_text(copy.medium_serial)},
                      {"verified", copy.verified},
                      {"note", json_text(copy.note)},
                      {"time", json_time(copy.time)}});
    copy_table.add({copy.target,
                    !is_volume        ? "whole"
                    : copy.is_spare() ? copy.volume_words()
                                      : fmt::format("{} of {}", copy.number, copy.volumes),
                    copy.medium.empty() ? copy.medium_label : copy.medium,
                    copy.verified ? "equal" : "bad: " + copy.note, shown_time(copy.time)});
    if (copy.verified) report.json["volumes"] = is_volume ? copy.volumes : 1;
  }
  report.json["copies"] = std::move(copies);
  const std::vector<HistoryRow> history = book.history(id);
  report.json["history"] = history_json(history);

  std::string states;
  for (const ParcelAddressee& addressee : parcel.addressees) {
    states += (states.empty() ? "" : "; ") + addressee.id.to.str() + " " +
              addressee_state(addressee) +
              (addressee.return_id.empty() ? "" : " by return " + addressee.return_id);
  }
  report.text =
      listing({{"parcel", addressees_text(parcel) + (parcel.is_return ? " (return)" : "")},
               {"state", parcel.addressees.size() == 1 && parcel.addressees[0].return_id.empty()
                             ? outgoing_state(parcel)
                             : states},
               {"made", shown_time(parcel.created)},
               {"name", parcel.name},
               {"comment", parcel.comment},
               {"carrier", parcel.carrier},
               {"tracking", parcel.tracking},
               {"return expected", parcel.expected ? shown_time(parcel.expected) : ""},
               {"file", parcel.payload_removed ? "removed: Confirmed, and the grace time is over"
                                               : outbox_of(home.path()) + "/" + parcel.file},
               {"size", fmt::format("{}, {} of content, {}", human_size(parcel.file_bytes),
                                    human_size(parcel.content_bytes),
                                    counted(parcel.records, "record", "records"))},
               {"label", parcel.label.hex()}});
  report.text += "\n" + outgoing_items_table(home, parcel);
  if (!copy_table.empty()) report.text += "\n" + copy_table.str("");
  report.text += "\n" + history_table(history);
  return report;
}

}  // namespace courier
