// Picks the format of a tensor file.
#include "runtime/data/Formats.h"
#include "runtime/support/Error.h"

#include <unistd.h>

namespace keel::runtime {

Tensor readTensor(const std::string &path) {
  // FILE.npz:NAME, unless a file is called so.
  std::size_t colon = path.rfind(".npz:");
  bool isNamed = colon != std::string::npos && ::access(path.c_str(), F_OK) != 0;
  std::string name = isNamed ? path.substr(colon + 5) : "";
  std::vector<std::uint8_t> bytes = readFile(isNamed ? path.substr(0, colon + 4) : path);
  try {
    if (isNamed || (bytes.size() >= 4 && bytes[0] == 'P' && bytes[1] == 'K'))
      return parseNpz(bytes, name);
    if (bytes.size() >= 6 && bytes[0] == 0x93 && bytes[1] == 'N')
      return parseNpy(bytes);
    if (path.ends_with(".csv"))
      return parseCsv(bytes);
    if (bytes.size() >= 4 && bytes[0] == 0 && bytes[1] == 0)
      return parseIdx(bytes);
    fail(KEEL_BAD_FORMAT, bytes.empty() ? "the file is empty" : "neither an npy, an npz, an IDX nor a .csv file");
  } catch (const Error &error) {
    fail(error.status, "'", path, "': ", error.what());
  }
}

} // namespace keel::runtime
