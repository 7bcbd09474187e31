// Xorriso child: the program xorriso running, fed through one descriptor and heard through another.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "media/xorriso_dialogue.h"

namespace courier {

// Its destructor ends it and waits for it. One thread.
class XorrisoChild {
 public:
  // Starts `program` (searched in PATH) with its usual first options and these arguments. as_three:
  // a descriptor that is 3 in the child, or null. Errors: device, when it cannot be started.
  XorrisoChild(const std::string& program, const std::vector<std::string>& arguments,
               const Fd* as_three = nullptr);
  ~XorrisoChild();
  XorrisoChild(const XorrisoChild&) = delete;
  XorrisoChild& operator=(const XorrisoChild&) = delete;

  // Writes all of it to its standard input while listening to what it says. False: it reads no
  // more.
  bool feed(ByteView data);
  // Ends its input, hears it out and waits for it. Returns whether it ended with status 0.
  bool finish();
  const XorrisoDialogue& dialogue() const { return dialogue_; }
  // What it said went wrong, as an Error of code device, or no_space when it says so.
  Error failure(const std::string& subject) const;

 private:
  void listen(int timeout_ms, bool may_feed);

  pid_t pid_ = -1;
  int status_ = 0;
  Fd input_, output_;
  XorrisoDialogue dialogue_;
};

}  // namespace courier
