// What is known of a device, in numbers, from a file.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace keel {

/// The keys of devices/README.md, in SI units.
struct DeviceDescription {
  std::string name, target;
  double multiprocessors = 0, lanes = 0;
  double clock = 0;                         ///< Hz
  double f32 = 0, tf32 = 0, half = 0;       ///< FLOP/s that a good main loop reaches
  double bandwidth = 0, cacheBandwidth = 0; ///< bytes/s: that a copy reaches; of the cache that all share
  double sharedBytes = 0, registers = 0, largestCluster = 1;
  double launch = 0, barrier = 0, cluster = 0; ///< seconds
  double pipeline = 0;                         ///< seconds: what starting a kernel of wgmma takes beyond another's launch
  double mmaShare = 1;                         ///< of `tf32` and `half`, what mma.sync reaches
  std::vector<double> groups;                  ///< multiprocessors of each; a cluster lies in one

  /// Multiprocessors that clusters of that many blocks can fill at a time.
  double multiprocessorsOf(int64_t cluster) const;

  /// From the text of a file; the error names a key that is missing or no positive number.
  static llvm::Expected<DeviceDescription> parse(llvm::StringRef json);
};

/// Those that were built in, by name.
llvm::ArrayRef<DeviceDescription> getDeviceDescriptions();

/// Those that run a GPU's target: of its capability or a later one, or, where it is `exact` (sm_90a), of no other.
std::vector<const DeviceDescription *> getDevicesFor(unsigned sm, bool exact);

/// The first of the newest GPUs that are no newer than a compute capability (80, 90, ...).
const DeviceDescription &getDeviceOfCapability(unsigned sm);

/// Null for a name that none has.
const DeviceDescription *findDeviceDescription(llvm::StringRef name);

} // namespace keel
