// The confined workers that receiving starts, for the test programs that receive: the program's
// own, each behind a relay that looks for a mark in what it is sent. A worker that meets the mark
// does what hostile input could make it do: it asks the system for a file. So tests can make a
// reader fail at a chosen byte, and there is no hook for it in the program. One lies instead, while
// LyingReaders says so.
#include "tests/support/importer_workers.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>

#include "base/codec.h"
#include "base/confined_input.h"
#include "importer/block_check.h"
#include "parcel/confined_frames.h"
#include "tests/support/test_workers.h"

namespace courier::test {
namespace {

// Of the child alone, and made before it is confined: afterwards it could not make them.
std::array<Fd, 2> g_relay;
bool g_lies = false;

void prepare_relay(void (*prepare)()) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()) == 0) {
    g_relay = {Fd{pair[0]}, Fd{pair[1]}};
  }
  std::ifstream file("/proc/" + std::to_string(::getppid()) + "/comm");
  std::string parent;
  std::getline(file, parent);
  g_lies = parent == kLiarsParent;
  if (prepare != nullptr) prepare();
}

// Copies until the end; says whether the mark went by, without passing it on.
bool copy_until_mark(int from, int to) {
  std::array<char, 4096> bytes;
  std::string tail;  // a mark may lie across two reads
  for (;;) {
    const ssize_t size = ::read(from, bytes.data(), bytes.size());
    if (size <= 0) return false;
    tail.append(bytes.data(), static_cast<std::size_t>(size));
    if (tail.find(kFailMark) != std::string::npos) return true;
    tail.erase(0, tail.size() - std::min(tail.size(), kFailMark.size()));
    for (ssize_t at = 0; at < size;) {
      const ssize_t done = ::write(to, bytes.data() + at, static_cast<std::size_t>(size - at));
      if (done <= 0) return false;
      at += done;
    }
  }
}

[[noreturn]] void run_behind_relay(ConfinedWorker worker, const Fd& channel) {
  std::thread([worker] { worker.run(g_relay[1], {}); }).detach();
  std::thread([&channel] { copy_until_mark(g_relay[0].get(), channel.get()); }).detach();
  if (copy_until_mark(channel.get(), g_relay[0].get())) ::socket(AF_INET, SOCK_STREAM, 0);
  ::_exit(0);  // nobody asks any more: the threads end with the process
}

// Of records without a base: those have an answer of one byte.
int lie(const Fd& channel) {
  for (;;) {
    std::array<std::uint8_t, 9> header{};
    read_input(channel, header);
    Decoder sizes(header, "sizes");
    sizes.u8();
    const std::uint32_t size = sizes.u32(), base_size = sizes.u32();
    Bytes rest(std::size_t{size} + base_size);
    read_input(channel, rest);
    write_answer(channel, std::array{static_cast<std::uint8_t>(BlockVerdict::good)});
  }
}

const TestWorker kFrames{
    {frame_worker().name, [] { prepare_relay(frame_worker().prepare); },
     [](const Fd& channel, std::vector<Fd>) -> int { run_behind_relay(frame_worker(), channel); }}};
const TestWorker kBlocks{{block_worker().name, [] { prepare_relay(block_worker().prepare); },
                          [](const Fd& channel, std::vector<Fd>) -> int {
                            if (g_lies) return lie(channel);
                            run_behind_relay(block_worker(), channel);
                          }}};

}  // namespace
}  // namespace courier::test
