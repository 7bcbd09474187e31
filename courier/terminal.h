// Terminal: questions to the person at it. Questions go to stderr, answers come from stdin. Errors
// of each: Interrupted, when a stop signal comes instead of an answer (courier/stop_signals.h).
#pragma once

#include <string>

namespace courier {

// Whether there is a person to ask: stdin and stderr are a terminal.
bool can_ask();
// Whether stdout still has a reader; false when it is a pipe whose reader has gone.
bool is_heard();
// Shows `text` (whole lines) and asks a yes-or-no question; only "y" or "yes" is a yes.
// Precondition: can_ask().
bool ask_yes(const std::string& text, const std::string& question);
// Shows `text` and waits for Enter; false when the person types q, or goes away.
// Precondition: can_ask().
bool wait_for_enter(const std::string& text);

// Shows `text` and gives the line that is typed. Precondition: can_ask().
std::string ask_line(const std::string& text);

}  // namespace courier
