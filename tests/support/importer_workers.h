// What a test puts into a parcel so that the confined child that reads it fails there.
#pragma once

#include <sys/prctl.h>

#include <string_view>

namespace courier::test {

inline constexpr std::string_view kFailMark = "<<the reader of this fails>>";

inline constexpr const char* kLiarsParent = "lying readers";

// While it lives, in the main thread: a child started to judge blocks calls each one good unseen.
// A child has no environment of its parent's; what it knows of it is its name.
class LyingReaders {
 public:
  LyingReaders() {
    ::prctl(PR_GET_NAME, name_);
    ::prctl(PR_SET_NAME, kLiarsParent);
  }
  ~LyingReaders() { ::prctl(PR_SET_NAME, name_); }
  LyingReaders(const LyingReaders&) = delete;
  LyingReaders& operator=(const LyingReaders&) = delete;

 private:
  char name_[16] = {};
};

}  // namespace courier::test
