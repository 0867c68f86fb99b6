// A section's work in the cost model's numbers.
#pragma once

#include "passes/cost/KernelCost.h"
#include "passes/gpu/MainLoop.h"

namespace keel {

/// `batch` stands for a number of rows that is not known. Without `withNorm`, what normalizes rows is left out: the
/// sums along them, what reads such a sum, scale and shift.
KernelWork describeWork(const Section &section, const SectionSchedule &schedule, int64_t batch, bool withNorm = true);

/// The seconds that a section takes by a schedule.
double estimate(const Section &section, const SectionSchedule &schedule, const DeviceDescription &device,
                int64_t batch);

/// What the tile program loads of the kernel's arguments, in registers: for each element of a thread (matrices), for
/// each of its columns (vectors, of which one serves two rows).
struct Loaded {
  double matrices = 0, vectors = 0;
};
Loaded loadedOf(const Section &section);

/// Whether elements take random bits (dropout's, by Philox), which take registers of their own.
bool drawsBits(const Section &section);

} // namespace keel
