// room: how many bytes one volume on a medium may have, as the program finds it out.
//
//   room TARGET
#include <cstdio>

#include "base/error.h"
#include "media/medium.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    courier::PosixFileSystem fs;
    std::printf("%llu\n",
                static_cast<unsigned long long>(courier::open_medium(fs, argv[1])->room()));
    return 0;
  } catch (const courier::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.exit_status();
  }
}
