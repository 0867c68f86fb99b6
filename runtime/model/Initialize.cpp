// The starting values of state.
#include "runtime/model/Initialize.h"
#include "runtime/model/Random.h"
#include "runtime/support/Error.h"

#include <cmath>
#include <cstring>

namespace keel::runtime {

namespace {
template <class Function> void fill(const Tensor &tensor, Function value) {
  for (std::size_t i = 0; i < tensor.elements; ++i)
    storeElement(tensor.data(), tensor.dtype, i, value(i));
}

/// Eight sums side by side: fixed order, and vectorised without reassociation by the compiler.
double dot(const double *a, const double *b, std::size_t n) {
  double sums[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8)
    for (std::size_t j = 0; j < 8; ++j)
      sums[j] += a[i + j] * b[i + j];
  for (; i < n; ++i)
    sums[i % 8] += a[i] * b[i];
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

/// A uniformly distributed (Haar) orthogonal matrix, of shape [first extent, the rest]: the Q of a Gaussian matrix
/// whose R has a positive diagonal (Saxe et al., "Exact solutions to the nonlinear dynamics of learning", 2014).
/// Gram-Schmidt twice is as orthogonal as rounding allows (Giraud et al. 2005), and makes that diagonal positive by
/// itself.
void orthogonal(const Tensor &tensor, double gain, const RandomStream &random) {
  std::size_t rows = static_cast<std::size_t>(tensor.shape[0]), columns = rows ? tensor.elements / rows : 0;
  std::size_t count = std::min(rows, columns), length = std::max(rows, columns);
  std::vector<double> vectors(count * length); // orthonormal vectors, one after the other
  for (std::size_t i = 0; i < vectors.size(); ++i)
    vectors[i] = random.normal(i);
  for (std::size_t v = 0; v < count; ++v) {
    double *vector = &vectors[v * length];
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t u = 0; u < v; ++u) {
        const double *other = &vectors[u * length];
        double factor = dot(vector, other, length);
        for (std::size_t i = 0; i < length; ++i)
          vector[i] -= factor * other[i];
      }
      double scale = 1 / std::sqrt(dot(vector, vector, length));
      for (std::size_t i = 0; i < length; ++i)
        vector[i] *= scale;
    }
  }
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c)
      storeElement(tensor.data(), tensor.dtype, r * columns + c,
                   gain * (rows <= columns ? vectors[r * length + c] : vectors[c * length + r]));
}
} // namespace

void initialize(const keel_artifact_state &state, std::uint64_t seed, const Tensor &tensor) {
  RandomStream random(seed, state.name);
  const double *args = state.args;
  auto constant = [&](double value) { fill(tensor, [=](std::size_t) { return value; }); };
  auto uniform = [&](double low, double high) {
    fill(tensor, [&, low, high](std::size_t i) { return low + (high - low) * random.uniform(i); });
  };
  auto normal = [&](double mean, double deviation) {
    fill(tensor, [&, mean, deviation](std::size_t i) { return mean + deviation * random.normal(i); });
  };
  switch (state.init) {
  case KEEL_INIT_DATA:
    std::memcpy(tensor.data(), state.data, tensor.bytes());
    return;
  case KEEL_INIT_ZEROS:
    return constant(0);
  case KEEL_INIT_ONES:
    return constant(1);
  case KEEL_INIT_CONSTANT:
    return constant(args[0]);
  case KEEL_INIT_UNIFORM:
    return uniform(args[0], args[1]);
  case KEEL_INIT_NORMAL:
    return normal(args[0], args[1]);
  case KEEL_INIT_KAIMING_UNIFORM: { // He et al. 2015: variance gain² / fan_in
    double bound = args[1] * std::sqrt(3 / args[0]);
    return uniform(-bound, bound);
  }
  case KEEL_INIT_KAIMING_NORMAL:
    return normal(0, args[1] / std::sqrt(args[0]));
  case KEEL_INIT_XAVIER_UNIFORM: { // Glorot and Bengio 2010: variance 2 gain² / (fan_in + fan_out)
    double bound = args[2] * std::sqrt(6 / (args[0] + args[1]));
    return uniform(-bound, bound);
  }
  case KEEL_INIT_XAVIER_NORMAL:
    return normal(0, args[2] * std::sqrt(2 / (args[0] + args[1])));
  case KEEL_INIT_ORTHOGONAL:
    if (tensor.shape.size() < 2)
      fail(KEEL_BAD_FORMAT, "state '", state.name, "': an orthogonal initializer needs two dimensions");
    return orthogonal(tensor, args[0], random);
  case KEEL_INIT_EXTERN:
    fail(KEEL_INVALID_ARGUMENT, "state '", state.name, "' has no initial value: load or set it first");
  }
  fail(KEEL_BAD_FORMAT, "state '", state.name, "': unknown initializer ", state.init);
}

} // namespace keel::runtime
