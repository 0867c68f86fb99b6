// The emulator as a device.
#ifndef KEEL_DEVICE_EMULATORDEVICE_H
#define KEEL_DEVICE_EMULATORDEVICE_H

#include "runtime/device/Device.h"

namespace keel::runtime {

/// A program all of whose kernels have an emulated form. Options come from the environment: KEEL_EMULATOR_SEED,
/// KEEL_EMULATOR_BLOCKS (resident at a time), KEEL_EMULATOR_CHECKS (full or fast).
std::unique_ptr<Device> openEmulator(const keel_artifact_program &program);

} // namespace keel::runtime

#endif
