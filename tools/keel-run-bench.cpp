// keel-run bench: what a call takes, and which kernels take it.
#include "tools/keel-run.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>

namespace keel::tool {

namespace {
/// Inputs of plausible values: reproducible numbers in (-1, 1), and classes that exist.
keel::Tensor makeInput(const keel_artifact_tensor &type, std::int64_t batch, std::int64_t classes) {
  std::vector<std::int64_t> shape(type.shape, type.shape + type.rank);
  std::replace(shape.begin(), shape.end(), std::int64_t(-1), batch);
  keel::Tensor tensor(type.dtype, shape);
  std::uint32_t bits = 1;
  auto next = [&] { return bits = bits * 1664525u + 1013904223u, static_cast<float>(bits >> 8) * 0x1p-23f - 1; };
  if (type.dtype == KEEL_DTYPE_F32)
    std::generate(tensor.values<float>().begin(), tensor.values<float>().end(), next);
  else if (type.dtype == KEEL_DTYPE_F64)
    std::generate(tensor.values<double>().begin(), tensor.values<double>().end(), next);
  else if (type.dtype == KEEL_DTYPE_I32)
    for (std::size_t i = 0; i < tensor.size(); ++i)
      tensor.values<std::int32_t>()[i] = static_cast<std::int32_t>(i % static_cast<std::size_t>(classes));
  else if (type.dtype == KEEL_DTYPE_I64)
    for (std::size_t i = 0; i < tensor.size(); ++i)
      tensor.values<std::int64_t>()[i] = static_cast<std::int64_t>(i % static_cast<std::size_t>(classes));
  return tensor;
}

double medianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::size_t n = values.size();
  return n == 0 ? 0 : n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

double round3(double value) { return std::round(value * 1000) / 1000; }

} // namespace

void bench(const Options &options) {
  using Clock = std::chrono::steady_clock;
  auto start = Clock::now();
  keel::Model model = openModel(options);
  double loading = std::chrono::duration<double, std::micro>(Clock::now() - start).count();
  if (model.device().empty())
    model.call(options.entry); // says what is missing
  const keel_artifact_entry *entry = keel_model_find_entry(model.get(), options.entry.c_str());
  if (!entry)
    model.call(options.entry); // says what there is
  const keel_artifact_entry *forward = keel_model_find_entry(model.get(), "forward");
  std::int64_t classes = 1;
  if (forward && forward->num_outputs && forward->outputs[0].rank > 1)
    classes = std::max<std::int64_t>(1, forward->outputs[0].shape[forward->outputs[0].rank - 1]);
  std::int64_t batch = options.batch ? options.batch : std::max<std::int64_t>(entry->batch_capacity, 1);
  std::vector<keel::Tensor> inputs, outputs;
  std::vector<keel_view> inputViews, outputViews;
  for (std::uint32_t i = 0; i < entry->num_inputs; ++i)
    inputs.push_back(makeInput(entry->inputs[i], batch, classes));
  for (std::uint32_t i = 0; i < entry->num_outputs; ++i)
    outputs.push_back(makeInput(entry->outputs[i], batch, 1));
  for (const keel::Tensor &input : inputs)
    inputViews.push_back(input.view());
  for (const keel::Tensor &output : outputs)
    outputViews.push_back(output.view());

  auto once = [&] {
    auto begin = Clock::now();
    model.call(options.entry, inputViews, outputViews);
    return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
  };
  // Warm: caches, threads, clock frequency. Then --repeat calls, or about a second of them.
  start = Clock::now();
  for (int i = 0; i < 3 || (i < 1000 && Clock::now() - start < std::chrono::milliseconds(200)); ++i)
    once();
  std::vector<double> times, deviceTimes;
  model.timeCalls(true);
  start = Clock::now();
  while (options.repeat ? times.size() < options.repeat
                        : times.size() < 5 || (times.size() < 10000 && Clock::now() - start < std::chrono::seconds(1)))
    times.push_back(once()), deviceTimes.push_back(model.callSeconds() * 1e6);
  model.timeCalls(false);

  // The kernels in calls of their own: looking at the clock takes time too.
  model.record(true);
  std::size_t recorded = std::min<std::size_t>(times.size(), 50), seen = 0;
  // For each kernel, what a call spends in it: a kernel may run in several parts.
  std::vector<std::vector<double>> kernelTimes(entry->num_kernels, std::vector<double>(recorded));
  for (std::size_t i = 0; i < recorded; ++i) {
    once();
    for (const keel_kernel_event &event : model.events().subspan(seen))
      if (event.entry == entry && event.kernel < entry->num_kernels)
        kernelTimes[event.kernel][i] += static_cast<double>(event.end - event.begin) * 1e-3;
    seen = model.events().size();
  }
  if (!options.trace.empty())
    model.writeTrace(options.trace);

  nlohmann::ordered_json result = {{"entry", options.entry},
                                   {"batch", batch},
                                   {"device", model.device()},
                                   {"target", model.program().target},
                                   {"threads", model.threads()},
                                   {"repeat", times.size()},
                                   {"unit", "us"},
                                   {"load", round3(loading)},
                                   {"median", round3(medianOf(times))},
                                   {"min", round3(*std::min_element(times.begin(), times.end()))}};
  if (!std::isnan(deviceTimes[0])) { // without what the host adds: copies, launching, waiting
    result["device_median"] = round3(medianOf(deviceTimes));
    result["device_min"] = round3(*std::min_element(deviceTimes.begin(), deviceTimes.end()));
  }
  result["kernels"] = nlohmann::ordered_json::array();
  for (std::uint32_t i = 0; i < entry->num_kernels; ++i)
    result["kernels"].push_back({{"name", entry->kernels[i].name},
                                 {"location", entry->kernels[i].location ? entry->kernels[i].location : ""},
                                 {"median", round3(medianOf(kernelTimes[i]))},
                                 {"min", round3(*std::min_element(kernelTimes[i].begin(), kernelTimes[i].end()))}});
  std::cout << result.dump(2) << "\n";
}

} // namespace keel::tool
