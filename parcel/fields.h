// Fields that several structures of the format share. parcel/FORMAT.md, "Common fields".
#pragma once

#include "base/clock.h"
#include "base/codec.h"
#include "base/vocabulary.h"
#include "parcel/label.h"

namespace courier {

void put_site(Encoder& out, const SiteCode& code);  // 3 bytes
SiteCode get_site(Decoder& in);

void put_package(Encoder& out, const PackageId& id);  // text of 0 or 8 bytes
PackageId get_package(Decoder& in);

void put_incarnation(Encoder& out, const Incarnation& incarnation);  // 4 and 16 bytes
Incarnation get_incarnation(Decoder& in);

void put_time(Encoder& out, Time time);  // zigzag of nanoseconds since 1970
Time get_time(Decoder& in);

// Text for people as the format wants it: valid UTF-8 without NUL, else escaped, of at most so many
// bytes, cut at a character.
std::string free_text(std::string_view text, std::size_t max_size);

inline constexpr std::size_t kMaxExtensionSize = 65536;
// Errors: usage, when tags do not ascend or a limit is passed.
void put_extensions(Encoder& out, const Extensions& extensions);
Extensions get_extensions(Decoder& in);

// Refuses, as a mistake of the caller's, what a reader would refuse. Errors: usage.
void require_at_most(std::size_t value, std::size_t limit, std::string_view what);

}  // namespace courier
