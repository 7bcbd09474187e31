#include "courier/terminal.h"

#include <poll.h>
#include <unistd.h>

#include <iostream>

#include "courier/stop_signals.h"

namespace courier {
namespace {

// False: the person has gone away.
bool typed_line(std::string& line) {
  wait_for_input();
  return static_cast<bool>(std::getline(std::cin, line));
}

}  // namespace

bool can_ask() { return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1; }

bool is_heard() {
  pollfd output{STDOUT_FILENO, 0, 0};
  return ::poll(&output, 1, 0) <= 0 || (output.revents & POLLERR) == 0;
}

bool ask_yes(const std::string& text, const std::string& question) {
  std::cerr << text << question << " [y/N] " << std::flush;
  std::string answer;
  typed_line(answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

std::string ask_line(const std::string& text) {
  std::cerr << text << std::flush;
  std::string answer;
  typed_line(answer);
  return answer;
}

bool wait_for_enter(const std::string& text) {
  std::cerr << text << std::flush;
  std::string answer;
  return typed_line(answer) && answer != "q" && answer != "Q";
}

}  // namespace courier
