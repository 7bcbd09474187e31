// Receive run: identify and receive with all there is to say of them, for the command and for the
// watch.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "courier/commands.h"
#include "importer/identify.h"
#include "importer/receive.h"

namespace courier {

// The context's home as identify takes it; nullopt: there is none.
std::optional<IdentifyHome> identify_home(const Context& context);

// What is on a medium. Errors: as identify().
Report identified(FileSystem& fs, const std::string& source,
                  const std::optional<IdentifyHome>& home);

// Takes a medium in, and applies the returns that were on it. Precondition: the home's lock is held
// and its keys are unlocked. Errors: as receive().
Report received(Home& home, const std::string& source, const ReceiveOptions& options);

// The last line of what received() says, where there is anything to take out.
inline constexpr std::string_view kMayBeTakenOut = "the medium may be taken out now\n";
// Takes that back, because of what failed since. What the report tells of as its problem stays so.
void keep_in(Report& report, const Error& why);

// Asks the person at the terminal about each parcel. Precondition: can_ask().
std::function<bool(const Offer&)> asking(const Context& context);

}  // namespace courier
