// Advice: commands that a message tells people to run, as they must type them here.
#pragma once

#include <string>
#include <string_view>

namespace courier {

// Commands in advice are for this home from now on; empty: the one that is found without being
// named.
void advise_for_home(const std::string& home);

// `text` with --home DIR in each command of this program that works on a home ("courier parcel
// list"), where one is to be named. What another site is to run is written without "courier" before
// it.
std::string advised(std::string_view text);

}  // namespace courier
