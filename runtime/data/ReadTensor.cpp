// Picks the format of a tensor file.
#include "runtime/data/Formats.h"
#include "runtime/support/Error.h"

namespace keel::runtime {

Tensor readTensor(const std::string &path) {
  std::vector<std::uint8_t> bytes = readFile(path);
  try {
    if (bytes.size() >= 6 && bytes[0] == 0x93 && bytes[1] == 'N')
      return parseNpy(bytes);
    if (path.ends_with(".csv"))
      return parseCsv(bytes);
    if (bytes.size() >= 4 && bytes[0] == 0 && bytes[1] == 0)
      return parseIdx(bytes);
    fail(KEEL_BAD_FORMAT, bytes.empty() ? "the file is empty" : "neither an npy, an IDX nor a .csv file");
  } catch (const Error &error) {
    fail(error.status, "'", path, "': ", error.what());
  }
}

} // namespace keel::runtime
