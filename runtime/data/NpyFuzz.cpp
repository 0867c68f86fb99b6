// libFuzzer target of parseNpy: any bytes give a value or an Error.
#include "runtime/data/Formats.h"
#include "runtime/support/Error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  try {
    keel::runtime::parseNpy({data, size});
  } catch (const keel::runtime::Error &) {
  }
  return 0;
}
