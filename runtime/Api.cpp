// The C API: each function locks the model, and turns exceptions into a status and a line of text.
#include "keel/keel.h"
#include "runtime/data/Dlpack.h"
#include "runtime/data/Formats.h"
#include "runtime/model/Model.h"
#include "runtime/support/Error.h"
#include "runtime/train/Train.h"

#include <cstring>
#include <new>

using namespace keel::runtime;

namespace {
keel_status report(keel_error *error, keel_status status, const char *message) {
  if (error) {
    error->status = status;
    std::strncpy(error->message, message, sizeof error->message - 1);
    error->message[sizeof error->message - 1] = 0;
  }
  return status;
}

template <class Function> keel_status guarded(keel_error *error, Function function) {
  try {
    function();
    return KEEL_OK;
  } catch (const Error &failure) {
    return report(error, failure.status, failure.what());
  } catch (const std::bad_alloc &) {
    return report(error, KEEL_OUT_OF_MEMORY, "out of memory");
  } catch (const std::system_error &failure) { // a thread that cannot be started
    return report(error, KEEL_OUT_OF_MEMORY, failure.what());
  } catch (const std::exception &failure) {
    return report(error, KEEL_INTERNAL, failure.what());
  }
}

template <class Function> keel_status locked(keel_model *model, keel_error *error, Function function) {
  return guarded(error, [&] {
    if (!model)
      fail(KEEL_INVALID_ARGUMENT, "no model given");
    std::scoped_lock lock(model->model.mutex);
    function(model->model);
  });
}

template <class T> const T &given(const T *pointer, const char *what) {
  if (!pointer)
    fail(KEEL_INVALID_ARGUMENT, "no ", what, " given");
  return *pointer;
}

void checkView(const keel_view &view, const char *what) {
  if (view.rank && !view.shape)
    fail(KEEL_INVALID_ARGUMENT, what, ": a view without a shape");
  if (bytesOf(view) && !view.data)
    fail(KEEL_INVALID_ARGUMENT, what, ": a view without data");
}
} // namespace

extern "C" {

keel_status keel_tensor_create(uint32_t dtype, uint32_t rank, const int64_t *shape, keel_tensor **tensor,
                               keel_error *error) {
  return guarded(error, [&] {
    Tensor result(dtype, Shape(shape, shape + rank));
    if (result.bytes())
      std::memset(result.data(), 0, result.bytes());
    *tensor = new keel_tensor{std::move(result)};
  });
}

void keel_tensor_free(keel_tensor *tensor) { delete tensor; }

keel_view keel_tensor_view(const keel_tensor *tensor) { return tensor->tensor.view(); }

keel_status keel_tensor_read(const char *path, keel_tensor **tensor, keel_error *error) {
  return guarded(error, [&] { *tensor = new keel_tensor{readTensor(&given(path, "path"))}; });
}

keel_status keel_tensor_write(const char *path, const keel_view *view, keel_error *error) {
  return guarded(error, [&] {
    checkView(given(view, "view"), "tensor");
    writeNpy(&given(path, "path"), *view);
  });
}

keel_status keel_tensor_convert(const keel_view *view, uint32_t dtype, keel_tensor **tensor, keel_error *error) {
  return guarded(error, [&] {
    checkView(given(view, "view"), "tensor");
    if (!keel_dtype_size(dtype))
      fail(KEEL_INVALID_ARGUMENT, "there is no element type ", dtype);
    *tensor = new keel_tensor{convert(*view, dtype, Shape(view->shape, view->shape + view->rank), "tensor")};
  });
}

keel_status keel_tensor_from_dlpack(DLManagedTensor *managed, keel_tensor **tensor, keel_error *error) {
  return guarded(error, [&] { *tensor = new keel_tensor{importDlpack(managed)}; });
}

keel_status keel_tensor_to_dlpack(const keel_tensor *tensor, DLManagedTensor **managed, keel_error *error) {
  return guarded(error, [&] { *managed = exportDlpack(given(tensor, "tensor").tensor); });
}

keel_status keel_model_load(const char *path, keel_model **model, keel_error *error) {
  return guarded(error, [&] { *model = new keel_model{Model(openLibrary(&given(path, "path")))}; });
}

keel_status keel_model_from_artifact(const keel_artifact *artifact, keel_model **model, keel_error *error) {
  return guarded(error, [&] {
    checkArtifact(artifact, "the linked model");
    *model = new keel_model{Model(Library{nullptr, artifact, "the linked model"})};
  });
}

void keel_model_free(keel_model *model) { delete model; }

const keel_artifact *keel_model_artifact(const keel_model *model) { return &model->model.artifact(); }

const keel_artifact_program *keel_model_program(const keel_model *model) { return &model->model.program(); }

const keel_artifact_entry *keel_model_find_entry(const keel_model *model, const char *name) {
  return model->model.findEntry(name);
}

const keel_artifact_state *keel_model_find_state(const keel_model *model, const char *name) {
  return model->model.findState(name);
}

keel_status keel_model_set_device(keel_model *model, const char *device, keel_error *error) {
  return locked(model, error, [&](Model &m) { m.setDevice(&given(device, "device")); });
}

const char *keel_model_device(const keel_model *model) { return model->model.deviceName().c_str(); }

keel_status keel_model_set_threads(keel_model *model, uint32_t threads, keel_error *error) {
  return locked(model, error, [&](Model &m) { m.setThreads(threads); });
}

uint32_t keel_model_threads(const keel_model *model) { return model->model.threads(); }

keel_status keel_model_seed(keel_model *model, uint64_t seed, keel_error *error) {
  return locked(model, error, [&](Model &m) { m.seed(seed); });
}

keel_status keel_model_state(keel_model *model, const char *name, keel_view *view, keel_error *error) {
  return locked(model, error, [&](Model &m) { *view = m.state(&given(name, "name")).view(); });
}

keel_status keel_model_set_state(keel_model *model, const char *name, const keel_view *view, keel_error *error) {
  return locked(model, error, [&](Model &m) {
    checkView(given(view, "view"), "state");
    m.setState(&given(name, "name"), *view);
  });
}

keel_status keel_model_set_value(keel_model *model, const char *name, double value, keel_error *error) {
  return locked(model, error, [&](Model &m) { m.setValue(&given(name, "name"), value); });
}

keel_status keel_model_load_state(keel_model *model, const char *path, keel_error *error) {
  return locked(model, error, [&](Model &m) { m.loadState(&given(path, "path")); });
}

keel_status keel_model_save_state(keel_model *model, const char *path, keel_error *error) {
  return locked(model, error, [&](Model &m) { m.saveState(&given(path, "path")); });
}

keel_status keel_model_output_shape(const keel_model *model, const char *entry, uint32_t output, int64_t batch,
                                    int64_t *shape, keel_error *error) {
  return guarded(error, [&] {
    const Model &m = given(model, "model").model;
    Shape result = m.outputShape(m.entry(&given(entry, "entry")), output, batch);
    std::copy(result.begin(), result.end(), shape);
  });
}

keel_status keel_model_call(keel_model *model, const char *entry, const keel_view *inputs, uint32_t num_inputs,
                            const keel_view *outputs, uint32_t num_outputs, keel_error *error) {
  return locked(model, error, [&](Model &m) {
    for (uint32_t i = 0; i < num_inputs; ++i)
      checkView(inputs[i], "input");
    for (uint32_t i = 0; i < num_outputs; ++i)
      checkView(outputs[i], "output");
    m.call(m.entry(&given(entry, "entry")), {inputs, num_inputs}, {outputs, num_outputs});
  });
}

keel_status keel_model_record(keel_model *model, bool on, keel_error *error) {
  return locked(model, error, [&](Model &m) { m.record(on); });
}

keel_status keel_model_events(const keel_model *model, const keel_kernel_event **events, size_t *num_events,
                              keel_error *error) {
  return guarded(error, [&] {
    auto recorded = given(model, "model").model.events();
    *events = recorded.data();
    *num_events = recorded.size();
  });
}

keel_status keel_model_time_calls(keel_model *model, bool on, keel_error *error) {
  return locked(model, error, [&](Model &m) { m.timeCalls(on); });
}

keel_status keel_model_call_seconds(keel_model *model, double *seconds, keel_error *error) {
  return locked(model, error, [&](Model &m) { *seconds = m.callSeconds(); });
}

keel_status keel_model_write_trace(const keel_model *model, const char *path, keel_error *error) {
  return guarded(error, [&] { given(model, "model").model.writeTrace(&given(path, "path")); });
}

keel_status keel_train(keel_model *model, const keel_train_options *options, keel_error *error) {
  return locked(model, error, [&](Model &m) {
    const keel_train_options &o = given(options, "options");
    for (const keel_view *view : {&o.data, &o.labels, &o.test_data, &o.test_labels})
      if (view->data) // train() says what is missing
        checkView(*view, "a data set's tensor");
    train(m, o);
  });
}

} // extern "C"
