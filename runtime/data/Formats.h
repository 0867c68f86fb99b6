// The file formats of tensors. Every parser takes bytes, believes nothing in them, and throws Error(KEEL_BAD_FORMAT)
// whose text does not name the file; readTensor and the state loader add its name.
#ifndef KEEL_DATA_FORMATS_H
#define KEEL_DATA_FORMATS_H

#include "runtime/data/Tensor.h"
#include "runtime/support/File.h"

#include <string>
#include <utility>
#include <vector>

namespace keel::runtime {

/// NumPy's .npy, versions 1 to 3, either byte order, C or Fortran order.
Tensor parseNpy(Bytes bytes);
std::string writeNpyHeader(const keel_view &view);
void writeNpy(const std::string &path, const keel_view &view);

/// One array of NumPy's .npz; without a name, the only one.
Tensor parseNpz(Bytes bytes, const std::string &name);

/// IDX, the format of MNIST: big-endian, u8, i8, i16, i32, f32 or f64.
Tensor parseIdx(Bytes bytes);

/// Comma-separated numbers.
Tensor parseCsv(Bytes bytes);

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;
/// Hugging Face's safetensors. Strict: no duplicate names, no holes, no overlaps, nothing after the last tensor.
NamedTensors parseSafetensors(Bytes bytes);
void writeSafetensors(const std::string &path, const std::vector<std::pair<std::string, keel_view>> &tensors);

/// A .npy, .npz (as FILE.npz:NAME), IDX or .csv file, told apart by contents, then by name.
Tensor readTensor(const std::string &path);

} // namespace keel::runtime

#endif
