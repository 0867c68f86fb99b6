/* The C API as a C program sees it. Returns the number of failed checks. */
#include "keel/keel.h"

#include <stdio.h>
#include <string.h>

extern const keel_artifact *linear_model_query(void);

#define CHECK(condition)                                                                                               \
  ((condition) ? 0 : (fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition), ++failures))

int main(void) {
  int failures = 0;
  keel_error error;
  keel_model *model = NULL;
  CHECK(keel_model_load("no/such/model.so", &model, &error) == KEEL_IO && !model);
  CHECK(strcmp(error.message, "cannot open 'no/such/model.so': No such file or directory") == 0);
  CHECK(keel_model_load(NULL, &model, NULL) == KEEL_INVALID_ARGUMENT);
  CHECK(keel_model_from_artifact(linear_model_query(), &model, &error) == KEEL_OK);
  CHECK(keel_model_set_value(model, "learning_rate", 0.25, &error) == KEEL_OK);
  keel_view view;
  CHECK(keel_model_state(model, "learning_rate", &view, &error) == KEEL_OK && *(float *)view.data == 0.25f);

  int64_t shape[] = {3, 64}, output_shape[2];
  keel_tensor *x = NULL, *y = NULL;
  CHECK(keel_tensor_create(KEEL_DTYPE_F32, 2, shape, &x, &error) == KEEL_OK);
  CHECK(keel_model_output_shape(model, "forward", 0, 3, output_shape, &error) == KEEL_OK);
  CHECK(output_shape[0] == 3 && output_shape[1] == 10);
  CHECK(keel_tensor_create(KEEL_DTYPE_F32, 2, output_shape, &y, &error) == KEEL_OK);
  keel_view in = keel_tensor_view(x), out = keel_tensor_view(y);
  CHECK(keel_model_call(model, "forward", &in, 1, &out, 1, &error) == KEEL_OK);
  CHECK(((float *)out.data)[29] == 0);
  CHECK(keel_model_call(model, "backward", &in, 1, &out, 1, &error) == KEEL_INVALID_ARGUMENT);
  CHECK(keel_dtype_size(KEEL_DTYPE_BF16) == 2 && keel_dtype_size(99) == 0 && !strcmp(keel_dtype_name(99), "?"));
  keel_tensor_free(x);
  keel_tensor_free(y);
  keel_tensor_free(NULL);
  keel_model_free(model);
  return failures;
}
