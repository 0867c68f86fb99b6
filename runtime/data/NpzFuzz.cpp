// libFuzzer target of parseNpz: any bytes give a value or an Error.
#include "runtime/data/Formats.h"
#include "runtime/support/Error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  for (const char *name : {"", "x"})
    try {
      keel::runtime::parseNpz({data, size}, name);
    } catch (const keel::runtime::Error &) {
    }
  return 0;
}
