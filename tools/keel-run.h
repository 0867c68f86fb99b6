// What keel-run's commands share.
#ifndef KEEL_TOOLS_KEELRUN_H
#define KEEL_TOOLS_KEELRUN_H

#include "keel/keel.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace keel::tool {

/// The command line.
struct Options {
  std::string model, entry, device, state, saveState, data, labels, testData, testLabels, log, plot, trace;
  std::vector<std::string> inputs, outputs, settings;
  std::uint32_t threads = 0, epochs = 1, batch = 0, repeat = 0;
  std::uint64_t seed = 0;
};

/// Loads the model, and brings its state to where the command line wants it: seed, checkpoint, settings.
Model openModel(const Options &options);

void info(const Options &options);
void bench(const Options &options);

} // namespace keel::tool

#endif
