// The arrows of behaviours.md section 10 as one table: the books check against it, and every ledger
// holds a copy with triggers that refuse any other change.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "ledger/ledger.h"

namespace courier {

struct Arrow {
  std::string_view machine;  // job, parcel, incoming, package-dp, transfer
  std::string_view event;    // "J7"
  std::string_view from;     // the state's word or code; empty: none
  std::string_view to;       // empty: none
};

std::span<const Arrow> arrows();

// Errors: not_allowed, unless the arrow exists. subject: "job 12"; from_word, to_word: for people.
void require_arrow(std::string_view machine, std::string_view event, const std::string& from,
                   const std::string& to, const std::string& subject, std::string_view from_word);

// A history row, now, by who works with this ledger unless `who` says else.
void record(Ledger::Impl& db, std::string_view machine, const std::string& subject,
            std::string_view event, const std::string& from, const std::string& to,
            const std::string& evidence, const std::string& who = {});

}  // namespace courier
