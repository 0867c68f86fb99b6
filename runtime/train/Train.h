// The training loop, and what it reports.
#ifndef KEEL_TRAIN_TRAIN_H
#define KEEL_TRAIN_TRAIN_H

#include "runtime/model/Model.h"

#include <span>
#include <string>

namespace keel::runtime {

void train(Model &model, const keel_train_options &options);

/// One line of the log: a JSON object. NaN becomes null.
std::string epochJson(const keel_epoch &epoch);

/// The curves of a training run as an SVG image.
std::string plotCurves(std::span<const keel_epoch> history);

} // namespace keel::runtime

#endif
