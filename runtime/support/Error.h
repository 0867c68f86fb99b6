// How the runtime reports errors inside: an exception that carries a status and one line of text. None leaves the C
// API.
#ifndef KEEL_SUPPORT_ERROR_H
#define KEEL_SUPPORT_ERROR_H

#include "keel/keel.h"

#include <sstream>
#include <stdexcept>
#include <string>

namespace keel::runtime {

struct Error : std::runtime_error {
  Error(keel_status status, const std::string &message) : std::runtime_error(message), status(status) {}
  keel_status status;
};

/// Its parts, printed one after the other.
template <class... Parts> std::string text(const Parts &...parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

template <class... Parts> [[noreturn]] void fail(keel_status status, const Parts &...parts) {
  throw Error(status, text(parts...));
}

} // namespace keel::runtime

#endif
