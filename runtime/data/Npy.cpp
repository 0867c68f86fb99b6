// NumPy's .npy (numpy.lib.format): magic, version, a Python dictionary literal as the header, then the data.
#include "runtime/data/Formats.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <string_view>

namespace keel::runtime {

static_assert(std::endian::native == std::endian::little, "the formats are read and written on little-endian machines");

namespace {
constexpr std::string_view magic = "\x93NUMPY";

struct Descriptor {
  std::string_view text;
  keel_dtype dtype;
};
// NumPy has no bfloat16; ml_dtypes writes it as '<V2', which names no type: refused.
constexpr std::array descriptors = {
    Descriptor{"|b1", KEEL_DTYPE_BOOL}, Descriptor{"|i1", KEEL_DTYPE_I8},  Descriptor{"<i2", KEEL_DTYPE_I16},
    Descriptor{"<i4", KEEL_DTYPE_I32},  Descriptor{"<i8", KEEL_DTYPE_I64}, Descriptor{"|u1", KEEL_DTYPE_U8},
    Descriptor{"<f2", KEEL_DTYPE_F16},  Descriptor{"<f4", KEEL_DTYPE_F32}, Descriptor{"<f8", KEEL_DTYPE_F64},
};

/// The header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderParser {
public:
  explicit HeaderParser(std::string_view text) : rest(text) {}

  void parse() {
    expect('{');
    while (!accept('}')) {
      std::string_view key = string();
      expect(':');
      if (key == "descr")
        once(hasDescriptor, key), descriptor = string();
      else if (key == "fortran_order")
        once(hasOrder, key), fortranOrder = boolean();
      else if (key == "shape")
        once(hasShape, key), shape = tuple();
      else
        fail(KEEL_BAD_FORMAT, "unknown key '", key, "' in the npy header");
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skipSpace();
    if (!rest.empty())
      fail(KEEL_BAD_FORMAT, "text after the npy header's dictionary");
    if (!hasDescriptor || !hasOrder || !hasShape)
      fail(KEEL_BAD_FORMAT, "the npy header lacks 'descr', 'fortran_order' or 'shape'");
  }

  std::string_view descriptor;
  bool fortranOrder = false;
  Shape shape;

private:
  void once(bool &seen, std::string_view key) {
    if (seen)
      fail(KEEL_BAD_FORMAT, "'", key, "' twice in the npy header");
    seen = true;
  }
  void skipSpace() {
    while (!rest.empty() && (rest[0] == ' ' || rest[0] == '\n' || rest[0] == '\t' || rest[0] == '\r'))
      rest.remove_prefix(1);
  }
  bool accept(char c) {
    skipSpace();
    if (rest.empty() || rest[0] != c)
      return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c))
      fail(KEEL_BAD_FORMAT, "malformed npy header: expected '", c, "'");
  }
  std::string_view string() {
    skipSpace();
    if (rest.empty() || (rest[0] != '\'' && rest[0] != '"'))
      fail(KEEL_BAD_FORMAT, "malformed npy header: expected a string (structured types are not supported)");
    std::size_t end = rest.find(rest[0], 1);
    if (end == std::string_view::npos)
      fail(KEEL_BAD_FORMAT, "malformed npy header: a string without an end");
    std::string_view result = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    return result;
  }
  bool boolean() {
    skipSpace();
    for (bool value : {false, true}) {
      std::string_view word = value ? "True" : "False";
      if (rest.starts_with(word)) {
        rest.remove_prefix(word.size());
        return value;
      }
    }
    fail(KEEL_BAD_FORMAT, "malformed npy header: expected True or False");
  }
  Shape tuple() {
    Shape result;
    expect('(');
    while (!accept(')')) {
      skipSpace();
      std::int64_t extent = 0;
      auto [end, code] = std::from_chars(rest.data(), rest.data() + rest.size(), extent);
      if (code != std::errc() || extent < 0)
        fail(KEEL_BAD_FORMAT, "malformed npy header: expected an extent");
      rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
      result.push_back(extent);
      if (result.size() > 32)
        fail(KEEL_BAD_FORMAT, "an npy array of more than 32 dimensions");
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return result;
  }

  std::string_view rest;
  bool hasDescriptor = false, hasOrder = false, hasShape = false;
};

/// Reorders column-major data.
Tensor transposed(const Tensor &source) {
  Tensor result(source.dtype, source.shape);
  std::size_t size = keel_dtype_size(source.dtype), rank = source.shape.size();
  std::vector<std::int64_t> index(rank);
  for (std::size_t i = 0; i < source.elements; ++i) {
    std::size_t offset = 0;
    for (std::size_t d = rank; d-- > 0;)
      offset = offset * static_cast<std::size_t>(source.shape[d]) + static_cast<std::size_t>(index[d]);
    std::memcpy(result.data() + i * size, source.data() + offset * size, size);
    for (std::size_t d = rank; d-- > 0 && ++index[d] == source.shape[d];)
      index[d] = 0;
  }
  return result;
}
} // namespace

Tensor parseNpy(Bytes bytes) {
  auto isMagic = bytes.size() >= 10 && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
  if (!isMagic)
    fail(KEEL_BAD_FORMAT, "not an npy file");
  unsigned version = bytes[6];
  if (version < 1 || version > 3)
    fail(KEEL_BAD_FORMAT, "npy version ", version, " is unknown");
  std::size_t start = version == 1 ? 10 : 12;
  if (bytes.size() < start)
    fail(KEEL_BAD_FORMAT, "truncated npy header");
  std::size_t length = 0;
  for (std::size_t i = start; i-- > 8;)
    length = length << 8 | bytes[i];
  if (length > bytes.size() - start)
    fail(KEEL_BAD_FORMAT, "truncated npy header: ", length, " bytes expected, ", bytes.size() - start, " found");

  HeaderParser header({reinterpret_cast<const char *>(bytes.data()) + start, length});
  header.parse();
  std::string descriptor(header.descriptor);
  bool swap = descriptor.starts_with('>');
  if (swap || descriptor.starts_with('='))
    descriptor[0] = '<';
  // One-byte types have no byte order; writers say '|', readers take any.
  if (descriptor.size() == 3 && (descriptor[2] == '1'))
    descriptor[0] = '|';
  auto found = std::find_if(descriptors.begin(), descriptors.end(),
                            [&](const Descriptor &entry) { return entry.text == descriptor; });
  if (found == descriptors.end())
    fail(KEEL_BAD_FORMAT, "npy element type '", header.descriptor, "' is not supported");

  Bytes data = bytes.subspan(start + length);
  std::size_t size = keel_dtype_size(found->dtype);
  std::size_t expected = countElements(header.shape, found->dtype, KEEL_BAD_FORMAT) * size;
  if (data.size() != expected)
    fail(KEEL_BAD_FORMAT, data.size() < expected ? "truncated: " : "too long: ", typeText(found->dtype, header.shape),
         " takes ", expected, " bytes, ", data.size(), " found");

  Tensor result(found->dtype, header.shape);
  if (expected)
    std::memcpy(result.data(), data.data(), expected);
  if (swap)
    for (std::size_t i = 0; i < result.elements; ++i)
      std::reverse(result.data() + i * size, result.data() + (i + 1) * size);
  if (result.dtype == KEEL_DTYPE_BOOL)
    for (std::size_t i = 0; i < result.elements; ++i)
      result.data()[i] = result.data()[i] != 0;
  return header.fortranOrder && header.shape.size() > 1 ? transposed(result) : result;
}

std::string writeNpyHeader(const keel_view &view) {
  std::uint32_t dtype = view.dtype;
  auto found = std::find_if(descriptors.begin(), descriptors.end(),
                            [&](const Descriptor &entry) { return entry.dtype == dtype; });
  if (found == descriptors.end())
    fail(KEEL_INVALID_ARGUMENT, "npy has no element type ", keel_dtype_name(dtype));
  std::string header = text("{'descr': '", found->text, "', 'fortran_order': False, 'shape': (");
  for (std::size_t i = 0; i < view.rank; ++i)
    header += text(view.shape[i], i + 1 < view.rank || view.rank == 1 ? "," : "", i + 1 < view.rank ? " " : "");
  header += "), }";
  // The data start at a multiple of 64 bytes; the header ends in a newline.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string result(magic);
  result += {'\x01', '\x00', static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  return result + header;
}

void writeNpy(const std::string &path, const keel_view &view) {
  if (view.dtype == KEEL_DTYPE_BF16)
    return writeNpy(path, convert(view, KEEL_DTYPE_F32, Shape(view.shape, view.shape + view.rank), "tensor").view());
  std::string header = writeNpyHeader(view);
  AtomicFile file(path);
  file.write(header);
  file.write(view.data, bytesOf(view));
  file.commit();
}

} // namespace keel::runtime
