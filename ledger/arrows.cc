#include "ledger/arrows.h"

#include <algorithm>
#include <array>

#include "ledger/sql.h"

namespace courier {
namespace {

constexpr auto kArrows = std::to_array<Arrow>({
    // 10.1. J3, J9a and J9b keep the step and are not here.
    {"job", "J1", "", "accepted"},
    {"job", "J2", "accepted", "routed"},
    {"job", "J2", "accepted", "local"},
    {"job", "J4", "routed", "accepted"},
    {"job", "J5", "routed", "in parcel"},
    {"job", "J5", "suspended", "in parcel"},
    {"job", "J6", "routed", "suspended"},
    {"job", "J7", "in parcel", "sent"},
    {"job", "J8", "in parcel", "confirmed"},
    {"job", "J8", "sent", "confirmed"},
    // A parcel declared lost or given up that arrives after all: its verdict is evidence too.
    {"job", "J8", "accepted", "confirmed"},
    {"job", "J8", "routed", "confirmed"},
    {"job", "J8", "suspended", "confirmed"},
    {"job", "J8", "error", "confirmed"},
    {"job", "J9", "in parcel", "accepted"},
    {"job", "J9", "sent", "accepted"},
    {"job", "J9", "in parcel", "failed"},
    {"job", "J9", "sent", "failed"},
    {"job", "J10", "in parcel", "routed"},
    {"job", "J11", "routed", "error"},
    {"job", "J12", "error", "routed"},
    {"job", "J12", "error", "failed"},
    {"job", "J13", "sent", "accepted"},
    {"job", "J14", "accepted", "cancelled"},
    {"job", "J14", "routed", "cancelled"},
    {"job", "J14", "suspended", "cancelled"},
    {"job", "J14", "error", "cancelled"},
    {"job", "J14", "in parcel", "cancelled"},
    {"job", "J14", "local", "cancelled"},
    {"job", "J15", "accepted", "superseded"},
    {"job", "J15", "routed", "superseded"},
    {"job", "J15", "suspended", "superseded"},
    {"job", "J15", "in parcel", "superseded"},
    {"job", "J15", "sent", "superseded"},
    {"job", "J15", "failed", "superseded"},
    {"job", "J15", "cancelled", "superseded"},
    {"job", "J15", "error", "superseded"},
    {"job", "J15", "local", "superseded"},
    {"job", "J15", "invalid", "superseded"},
    {"job", "J16", "accepted", "invalid"},
    {"job", "J16", "routed", "invalid"},
    {"job", "J16", "suspended", "invalid"},
    {"job", "J16", "in parcel", "invalid"},
    {"job", "J16", "sent", "invalid"},
    {"job", "J16", "confirmed", "invalid"},
    {"job", "J16", "failed", "invalid"},
    {"job", "J16", "cancelled", "invalid"},
    {"job", "J16", "superseded", "invalid"},
    {"job", "J16", "error", "invalid"},
    {"job", "J16", "local", "invalid"},
    {"job", "J17", "local", "confirmed"},

    // 10.2, per addressee.
    {"parcel", "P1", "", "Created"},
    {"parcel", "P2", "Created", "Created"},
    {"parcel", "P2", "Sent", "Sent"},
    {"parcel", "P2", "Confirmed", "Confirmed"},
    {"parcel", "P3", "Created", "Sent"},
    {"parcel", "P4", "Created", "discarded"},
    {"parcel", "P5", "Created", "Confirmed"},
    {"parcel", "P5", "Sent", "Confirmed"},
    // What a receipt alone had said is said by a return.
    {"parcel", "P5", "Confirmed", "Confirmed"},
    {"parcel", "P6", "Created", "Sent"},
    {"parcel", "P6", "Sent", "Sent"},
    // What a receipt alone had said is not so; the state was never taken back (P11).
    {"parcel", "P6", "Confirmed", "Confirmed"},
    {"parcel", "P7", "Created", "Confirmed"},
    {"parcel", "P7", "Sent", "Confirmed"},
    {"parcel", "P7", "Created", "Sent"},
    {"parcel", "P7", "Sent", "Sent"},
    {"parcel", "P8", "Sent", "Sent"},
    {"parcel", "P9", "Sent", "Sent"},
    {"parcel", "P10", "Confirmed", "Confirmed"},

    // 10.3. Refusals are judged afresh: from Refused everything that leads on from none does.
    {"incoming", "R3", "", "Refused"},
    {"incoming", "R3", "Refused", "Refused"},
    {"incoming", "R3", "Quarantined", "Refused"},
    {"incoming", "R3", "Incomplete", "Refused"},
    {"incoming", "R5", "", "Quarantined"},
    {"incoming", "R5", "Refused", "Quarantined"},
    {"incoming", "R6", "Quarantined", "Verifying"},
    {"incoming", "R6", "Refused", "Verifying"},
    {"incoming", "R7", "Quarantined", "Refused"},
    {"incoming", "R8", "", "Verifying"},
    {"incoming", "R9", "Verifying", "Incomplete"},
    {"incoming", "R9", "Incomplete", "Verifying"},
    {"incoming", "R9", "Verifying", "Verifying"},
    {"incoming", "R10", "Verifying", "Accepted"},
    {"incoming", "R10", "Verifying", "Refused"},
    {"incoming", "R11", "Verifying", "Accepted"},
    {"incoming", "R13", "Accepted", "Processed"},
    {"incoming", "R14", "Verifying", "Processed"},
    {"incoming", "R14", "Accepted", "Processed"},

    // 10.4
    {"package-dp", "T1", "", "1"},
    {"package-dp", "T2", "1", "1"},
    {"package-dp", "T2", "7", "7"},
    {"package-dp", "T5", "1", "0"},
    {"package-dp", "T5", "2", "0"},
    {"package-dp", "T5", "7", "0"},
    {"package-dp", "T6", "1", "2"},
    {"package-dp", "T6", "7", "2"},
    {"package-dp", "T7", "2", "2"},
    {"package-dp", "T8", "2", "3"},
    {"package-dp", "T9", "1", "3"},
    {"package-dp", "T9", "2", "3"},
    {"package-dp", "T9", "7", "3"},
    {"package-dp", "T11", "0", "1"},
    {"package-dp", "T11", "3", "1"},
    {"package-dp", "T12", "0", "7"},
    {"package-dp", "T12", "7", "7"},
    {"package-dp", "T12", "1", "1"},
    {"package-dp", "T12", "2", "1"},
    {"package-dp", "T12", "3", "1"},
    // A newer distribute undoes a removal that is still to be done.
    {"package-dp", "T12", "4", "1"},
    {"package-dp", "T12", "5", "1"},
    {"package-dp", "T13", "1", "1"},
    {"package-dp", "T13", "2", "1"},
    {"package-dp", "T13", "7", "1"},
    {"package-dp", "T15", "0", "0"},
    {"package-dp", "T16", "1", "8"},
    {"package-dp", "T16", "8", "0"},
    {"package-dp", "T16", "8", "1"},
    {"package-dp", "T17", "0", "4"},
    {"package-dp", "T17", "1", "4"},
    {"package-dp", "T17", "2", "4"},
    {"package-dp", "T17", "3", "4"},
    {"package-dp", "T17", "7", "4"},
    {"package-dp", "T17", "8", "4"},
    {"package-dp", "T18", "4", ""},
    {"package-dp", "T18", "5", ""},
    {"package-dp", "T19", "4", "5"},
    {"package-dp", "T19", "5", "5"},
    {"package-dp", "T19", "4", "6"},
    {"package-dp", "T19", "5", "6"},
    {"package-dp", "T20", "6", "4"},
    {"package-dp", "T20", "6", "1"},

    // 10.5. X10, X14 and X16 keep the state and are not here.
    {"transfer", "X1", "", "0"},
    {"transfer", "X2", "0", "1"},
    {"transfer", "X3", "0", "4"},
    {"transfer", "X4", "1", "2"},
    {"transfer", "X5", "2", "3"},
    {"transfer", "X6", "3", "5"},
    {"transfer", "X7", "2", "4"},
    {"transfer", "X7", "3", "4"},
    {"transfer", "X8", "4", "1"},
    {"transfer", "X8", "4", "6"},
    {"transfer", "X9", "0", "7"},
    {"transfer", "X9", "1", "7"},
    {"transfer", "X9", "2", "7"},
    {"transfer", "X9", "3", "7"},
    {"transfer", "X9", "4", "7"},
    {"transfer", "X9", "8", "7"},
    {"transfer", "X11", "0", "8"},
    {"transfer", "X11", "1", "8"},
    {"transfer", "X11", "4", "8"},
    {"transfer", "X11", "8", "0"},
    {"transfer", "X12", "0", "4"},
    {"transfer", "X12", "0", "7"},
    {"transfer", "X13", "0", "3"},
    {"transfer", "X13", "4", "3"},
    {"transfer", "X14", "3", "7"},
    {"transfer", "X15", "3", "5"},
    {"transfer", "X15", "7", "5"},
});

struct Deed {
  std::string_view machine, event, done;
};
constexpr auto kDeeds = std::to_array<Deed>({
    {"job", "J5", "taken into a parcel"},
    {"job", "J14", "cancelled"},
    {"parcel", "P2", "copied"},
    {"parcel", "P3", "marked Sent"},
    {"parcel", "P4", "discarded"},
    {"parcel", "P9", "declared lost"},
    {"parcel", "P10", "freed of its payload"},
    {"incoming", "R7", "discarded"},
    {"package-dp", "T9", "cancelled"},
    {"package-dp", "T17", "retracted"},
    {"transfer", "X9", "cancelled"},
});

// What was to be done with it, for people.
std::string deed(std::string_view machine, std::string_view event, const std::string& to) {
  for (const Deed& one : kDeeds)
    if (one.machine == machine && one.event == event) return std::string(one.done);
  const bool is_word = !to.empty() && (to[0] < '0' || to[0] > '9');
  return is_word ? "made " + to : "changed so";
}

// The subject's last word is its name; of a package on a DP it is the key, the package last.
std::string where_to_look(std::string_view machine, const std::string& subject) {
  std::string name = subject.substr(subject.find_last_of(' ') + 1);
  if (machine == "parcel" || machine == "incoming") return "courier parcel show " + name;
  if (machine == "package-dp")
    return "courier package show " + name.substr(name.find_last_of('/') + 1);
  return "courier job show " + name;
}

}  // namespace

std::span<const Arrow> arrows() { return kArrows; }

void require_arrow(std::string_view machine, std::string_view event, const std::string& from,
                   const std::string& to, const std::string& subject, std::string_view from_word) {
  const bool exists = std::any_of(kArrows.begin(), kArrows.end(), [&](const Arrow& a) {
    return a.machine == machine && a.event == event && a.from == from && a.to == to;
  });
  if (!exists)
    throw Error(ErrorCode::not_allowed, subject,
                "it is " + std::string(from_word) + " and cannot be " + deed(machine, event, to))
        .with_hint(where_to_look(machine, subject));
}

void record(Ledger::Impl& db, std::string_view machine, const std::string& subject,
            std::string_view event, const std::string& from, const std::string& to,
            const std::string& evidence, const std::string& who) {
  sql::run(db,
           "INSERT INTO history(machine, subject, time, who, event, from_state, to_state, evidence)"
           " VALUES(:a, :b, :c, :d, :e, :f, :g, :h)",
           machine, subject, db.clock.now(), who.empty() ? db.options.who : who, event, from, to,
           evidence);
}

}  // namespace courier
