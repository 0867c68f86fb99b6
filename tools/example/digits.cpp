// An application: trains a compiled network on the handwritten digits, saves it, and reads one digit.
//   keel-example digits_layer_norm.so test/data
#include "keel/keel.hpp"

#include <algorithm>
#include <cstdio>

int main(int argc, char **argv) try {
  if (argc != 3)
    return std::fprintf(stderr, "usage: %s MODEL.so DATA_FOLDER\n", argv[0]), 2;
  std::string data = argv[2];

  keel::Model model(argv[1]);
  model.seed(1);
  keel::train(model, {.data = keel::read(data + "/digits_train_images.npy"),
                      .labels = keel::read(data + "/digits_train_labels.npy"),
                      .testData = keel::read(data + "/digits_test_images.npy"),
                      .testLabels = keel::read(data + "/digits_test_labels.npy"),
                      .epochs = 10,
                      .batch = 128,
                      .onEpoch = [](const keel_epoch &epoch) {
                        std::printf("epoch %u: loss %.4f, %.1f%% right\n", epoch.epoch, epoch.train_loss,
                                    epoch.test_accuracy * 100);
                      }});
  model.save("digits.safetensors");

  keel::Tensor images = keel::read(data + "/digits_test_images.npy");
  keel::Tensor scores = model("forward", {keel::Tensor::of(images.values<float>().first(64), {1, 64})});
  auto values = scores.values<float>();
  std::printf("the first test image shows a %td\n", std::max_element(values.begin(), values.end()) - values.begin());
} catch (const keel::Error &error) {
  return std::fprintf(stderr, "error: %s\n", error.what()), 1;
}
