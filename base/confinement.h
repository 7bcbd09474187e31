// Confinement: parsers of hostile bytes run in a child of this same program that can compute, read
// and write the descriptors it was given, and nothing else.
//
//   parent                                        child
//   ConfinedChild::start("parcel", limits)  -->   exec of /proc/self/exe confined-worker parcel ...
//                                                 main: run_confined_worker_if_asked()
//                                                   prepare(): libraries made ready, no input yet
//                                                   no_new_privs, limits, Landlock, seccomp
//   start() returns                         <--   says what came into force
//   bytes                                   -->   run(channel)
//
// It is an exec and not a bare fork, so that no key of the parent is in the child's memory. What
// each layer is for, the limits with their reasons, and what was rejected:
// docs/decisions/confinement.md.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"

namespace courier {

// What a child may use before it is stopped.
struct ConfinedLimits {
  std::uint64_t memory_bytes = 512ull << 20;  // heap and stacks; not in builds with a sanitizer
  std::uint32_t cpu_seconds = 60;             // of all its threads; see ConfinedChild::grant_cpu
  // A child computes in milliseconds what it is given: one that says nothing for so long hangs. All
  // that its parent waits for it, together, is this and cpu_seconds.
  std::uint32_t silence_seconds = 300;
};

// What is in force in a child, as it says itself before it sees its input.
struct Confinement {
  bool seccomp = false;
  std::uint32_t landlock_abi = 0;  // 0: the kernel has none
  ConfinedLimits limits;

  // "seccomp, landlock ABI 7, no files, no network, 512 MiB". What is missing is named:
  // "no seccomp, ...".
  std::string words() const;
};

// What a child is for. A worker touches no file and starts no program; it may start threads.
struct ConfinedWorker {
  std::string_view name;
  void (*prepare)();                                      // null: nothing; before confinement
  int (*run)(const Fd& channel, std::vector<Fd> others);  // exit status; 0: all is well
};

// The first thing main() does. When this process is a confined child: confines it, runs the worker
// it was started for, and never returns. Otherwise returns at once.
void run_confined_worker_if_asked(int argc, char** argv, std::span<const ConfinedWorker> workers);

// A child that runs one worker. Its destructor ends it and waits for it: no child outlives its
// owner, and none outlives this process. The thread that starts it must outlive it. It has every
// layer that the first one of this process reported (probe_confinement), or is not used.
class ConfinedChild {
 public:
  // Starts a child and returns once it is confined. others: further descriptors for it, which it
  // gets in this order; read-only ones, as it can use them however they were opened.
  // Errors: device, when no process can be started; internal, when the program has no such worker,
  // or the child cannot limit itself or reports less than the kernel gives.
  static ConfinedChild start(std::string_view worker, const ConfinedLimits& limits,
                             const std::vector<const Fd*>& others = {});
  ConfinedChild(ConfinedChild&& other) noexcept;
  ConfinedChild& operator=(ConfinedChild&& other) noexcept;
  ~ConfinedChild();

  // Writes all of it to the worker's `channel`; false when the child is gone, or was ended because
  // it took nothing for silence_seconds. One thread at a time.
  bool send(ByteView data);
  // Reads exactly out.size() bytes that the worker wrote; false when it is gone before that, or was
  // ended because it gave nothing for silence_seconds, or kept its parent waiting for longer than
  // silence_seconds and what it was granted, all answers together; send() likewise. What comes is
  // hostile once the child has seen input. One thread at a time; it may be another than that which
  // sends.
  bool receive(MutableByteView out);
  const Confinement& confinement() const { return confinement_; }
  pid_t pid() const { return pid_; }

  // Says that no more is sent: the worker reads an end.
  void end_input();

  // Lets it use this many seconds of processor time more, and its parent wait as much longer: for
  // each part of the input that was given. waiting_seconds: its parent may wait so much longer
  // besides, for one that reads its input itself, from a place that may be slow. All that its
  // parent waits for it is a week at most, as is its processor time. By the thread that receives.
  void grant_cpu(std::uint32_t seconds, std::uint32_t waiting_seconds = 0);
  // Ends it at once; send() and receive(), in any thread, say false. Thread-safe.
  void kill() noexcept { end_it(Ended::by_reader); }
  // Waits for its end and returns how it was, "" when it ended as it should: "was stopped: it asked
  // the system for what a reader never needs".
  std::string how_it_ended();
  // Ends it if it has not ended, for what it read made it fail. See confined_failure.
  Error failure(const std::string& subject);

 private:
  // Who ended it, and for what.
  enum class Ended : std::uint8_t { not_by_us, silent, late, by_reader };

  ConfinedChild() = default;
  void end_it(Ended why) noexcept;
  void reap() noexcept;
  using Waited = std::chrono::steady_clock::duration;
  std::chrono::seconds patience() const;  // for all that it is waited for
  bool is_late(Waited waited);            // and then it is ended
  bool note_fault(int errno_value);       // false
  // What the call returns; adds the time that it waited for the child.
  template <typename Call>
  ssize_t timed(Waited& waited, Call call) const;

  pid_t pid_ = -1;
  int status_ = 0;  // as of waitpid, once has_ended_
  bool has_ended_ = false;
  std::atomic<Ended> ended_ = Ended::not_by_us;
  Fd handle_;  // a pidfd
  Fd channel_;
  Confinement confinement_;
  std::atomic<std::uint64_t> cpu_seconds_ = 0, waiting_seconds_ = 0;
  Waited sending_{}, receiving_{};  // waited in send() and in receive(), of one thread each
};

// A child that failed while it read this input. how: "crashed (signal 11)". Code: damaged.
Error confined_failure(const std::string& subject, const std::string& how);

// What the running kernel gives a child, found by starting one, once in this process. Thread-safe.
// Errors: as ConfinedChild::start.
const Confinement& probe_confinement();

}  // namespace courier
