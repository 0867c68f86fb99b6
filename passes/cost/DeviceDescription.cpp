// Device descriptions are read when they are first asked for.
#include "passes/cost/DeviceDescription.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/JSON.h"

#include <cmath>
#include <vector>

using namespace llvm;
using namespace keel;

static const char *const texts[] = {
#include "passes/cost/devices.inc"
};

Expected<DeviceDescription> DeviceDescription::parse(StringRef text) {
  Expected<json::Value> value = json::parse(text);
  if (!value)
    return value.takeError();
  const json::Object *object = value->getAsObject();
  std::string missing;
  auto number = [&](StringRef key, bool mayBeZero = false) {
    std::optional<double> found = object ? object->getNumber(key) : std::nullopt;
    if ((!found || *found < 0 || (*found == 0 && !mayBeZero)) && missing.empty())
      missing = key;
    return found.value_or(0);
  };
  auto string = [&](StringRef key) {
    std::optional<StringRef> found = object ? object->getString(key) : std::nullopt;
    if (!found && missing.empty())
      missing = key;
    return found.value_or("").str();
  };
  DeviceDescription device;
  device.name = string("name");
  device.target = string("target");
  device.multiprocessors = number("multiprocessors");
  device.lanes = number("lanes");
  device.clock = number("clock_ghz") * 1e9;
  double share = number("matmul_share") * 1e12;
  device.f32 = number("f32_tflops") * share;
  device.tf32 = number("tf32_tflops", true) * share;
  device.half = number("half_tflops", true) * share;
  device.bandwidth = number("bandwidth_gbs") * 1e9 * number("bandwidth_share");
  device.cacheBandwidth = number("l2_gbs") * 1e9;
  device.sharedBytes = number("shared_bytes");
  device.registers = number("registers");
  device.largestCluster = number("largest_cluster");
  device.launch = number("launch_us", true) * 1e-6;
  device.barrier = number("barrier_us", true) * 1e-6;
  device.cluster = number("cluster_us", true) * 1e-6;
  device.pipeline = number("pipeline_us", true) * 1e-6;
  device.mmaShare = number("mma_sync_share");
  if (const json::Array *groups = object ? object->getArray("groups") : nullptr)
    for (const json::Value &group : *groups)
      device.groups.push_back(group.getAsNumber().value_or(0));
  double inGroups = 0;
  for (double group : device.groups)
    inGroups += group;
  if (!device.groups.empty() && inGroups != device.multiprocessors && missing.empty())
    return createStringError("'groups' have " + Twine(int64_t(inGroups)) + " multiprocessors, the device " +
                             Twine(int64_t(device.multiprocessors)));
  if (!missing.empty())
    return createStringError("'" + missing + "' is missing or is no number greater than zero");
  return device;
}

double DeviceDescription::multiprocessorsOf(int64_t cluster) const {
  if (cluster <= 1)
    return multiprocessors;
  auto whole = [&](double group) { return std::floor(group / double(cluster)) * double(cluster); };
  double filled = groups.empty() ? whole(multiprocessors) : 0;
  for (double group : groups)
    filled += whole(group);
  return filled;
}

ArrayRef<DeviceDescription> keel::getDeviceDescriptions() {
  static const std::vector<DeviceDescription> devices = [] {
    std::vector<DeviceDescription> parsed;
    for (StringRef text : texts) {
      Expected<DeviceDescription> device = DeviceDescription::parse(text);
      if (!device) // a file of the source tree: the build's mistake, not a user's
        report_fatal_error(device.takeError());
      parsed.push_back(std::move(*device));
    }
    return parsed;
  }();
  return devices;
}

/// 90 of "sm_90a"; 0 of what is no GPU.
static unsigned capabilityOf(const DeviceDescription &device) {
  StringRef target = device.target;
  unsigned sm = 0;
  if (target.consume_front("sm_"))
    target.take_while(isDigit).getAsInteger(10, sm);
  return sm;
}

std::vector<const DeviceDescription *> keel::getDevicesFor(unsigned sm, bool exact) {
  std::vector<const DeviceDescription *> found;
  for (const DeviceDescription &device : getDeviceDescriptions())
    if (unsigned own = capabilityOf(device); own == sm || (!exact && own > sm))
      found.push_back(&device);
  return found;
}

const DeviceDescription &keel::getDeviceOfCapability(unsigned sm) {
  const DeviceDescription *found = nullptr;
  for (const DeviceDescription &device : getDeviceDescriptions())
    if (unsigned own = capabilityOf(device); own && (!found || (own <= sm && own > capabilityOf(*found))))
      found = &device;
  assert(found && "there is a GPU's file");
  return *found;
}

const DeviceDescription *keel::findDeviceDescription(StringRef name) {
  const auto *found =
      find_if(getDeviceDescriptions(), [&](const DeviceDescription &device) { return device.name == name; });
  return found == getDeviceDescriptions().end() ? nullptr : found;
}
