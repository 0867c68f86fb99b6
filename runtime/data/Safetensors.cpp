// safetensors (https://github.com/huggingface/safetensors): the header's length as a little-endian u64, a JSON object
// {name: {dtype, shape, data_offsets}}, the data.
#include "runtime/data/Formats.h"
#include "runtime/support/Error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <set>

namespace keel::runtime {

namespace {
using Json = nlohmann::json;

constexpr std::size_t maxHeader = 100'000'000; // the reference implementation's limit

constexpr std::pair<const char *, keel_dtype> dtypes[] = {
    {"BOOL", KEEL_DTYPE_BOOL}, {"I8", KEEL_DTYPE_I8},   {"I16", KEEL_DTYPE_I16}, {"I32", KEEL_DTYPE_I32},
    {"I64", KEEL_DTYPE_I64},   {"U8", KEEL_DTYPE_U8},   {"F16", KEEL_DTYPE_F16}, {"BF16", KEEL_DTYPE_BF16},
    {"F32", KEEL_DTYPE_F32},   {"F64", KEEL_DTYPE_F64},
};

/// Parses JSON, and refuses two members of one name in an object, which the format forbids and the library allows.
Json parseStrictly(std::string_view text) {
  std::vector<std::set<std::string>> names;
  std::string duplicate;
  auto watch = [&](int, Json::parse_event_t event, Json &value) {
    if (event == Json::parse_event_t::object_start)
      names.emplace_back();
    else if (event == Json::parse_event_t::object_end && !names.empty())
      names.pop_back();
    else if (event == Json::parse_event_t::key && !names.back().insert(value.get<std::string>()).second)
      duplicate = value.get<std::string>();
    return true;
  };
  Json result = Json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
  if (result.is_discarded())
    fail(KEEL_BAD_FORMAT, "the header is not valid JSON");
  if (!duplicate.empty())
    fail(KEEL_BAD_FORMAT, "'", duplicate, "' occurs twice");
  if (!result.is_object())
    fail(KEEL_BAD_FORMAT, "the header is not a JSON object");
  return result;
}

struct Entry {
  std::string name;
  std::uint32_t dtype;
  Shape shape;
  std::uint64_t begin, end;
};

/// An array of `count` (any number if 0) numbers that fit a non-negative int64.
std::vector<std::uint64_t> numbers(const Json &array, std::size_t count, const std::string &name, const char *what) {
  auto isNumber = [](const Json &value) {
    return value.is_number_unsigned() && value.get<std::uint64_t>() <= std::uint64_t(INT64_MAX);
  };
  if (!array.is_array() || (count && array.size() != count) || !std::all_of(array.begin(), array.end(), isNumber))
    fail(KEEL_BAD_FORMAT, "tensor '", name, "': malformed ", what);
  return array.get<std::vector<std::uint64_t>>();
}

Entry parseEntry(const std::string &name, const Json &value, std::size_t dataBytes) {
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") || !value.contains("shape") ||
      !value.contains("data_offsets") || !value["dtype"].is_string())
    fail(KEEL_BAD_FORMAT, "tensor '", name, "': expected dtype, shape and data_offsets, and nothing else");
  auto dtypeName = value["dtype"].get<std::string>();
  auto dtype = std::find_if(std::begin(dtypes), std::end(dtypes), [&](auto &pair) { return pair.first == dtypeName; });
  if (dtype == std::end(dtypes))
    fail(KEEL_BAD_FORMAT, "tensor '", name, "': dtype '", dtypeName, "' is not supported");
  std::vector<std::uint64_t> shape = numbers(value["shape"], 0, name, "shape");
  std::vector<std::uint64_t> offsets = numbers(value["data_offsets"], 2, name, "data_offsets");
  Entry entry{name, dtype->second, Shape(shape.begin(), shape.end()), offsets[0], offsets[1]};
  if (entry.begin > entry.end || entry.end > dataBytes)
    fail(KEEL_BAD_FORMAT, "tensor '", name, "': bytes ", entry.begin, " to ", entry.end,
         " are not in the file, which has ", dataBytes, " bytes of data (truncated?)");
  std::size_t size = countElements(entry.shape, entry.dtype, KEEL_BAD_FORMAT) * keel_dtype_size(entry.dtype);
  if (entry.end - entry.begin != size)
    fail(KEEL_BAD_FORMAT, "tensor '", name, "': ", typeText(entry.dtype, entry.shape), " takes ", size, " bytes, not ",
         entry.end - entry.begin);
  return entry;
}
} // namespace

NamedTensors parseSafetensors(Bytes bytes) {
  if (bytes.size() < 8)
    fail(KEEL_BAD_FORMAT, "not a safetensors file: shorter than 8 bytes");
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  if (length > maxHeader)
    fail(KEEL_BAD_FORMAT, "not a safetensors file: a header of ", length, " bytes");
  if (length > bytes.size() - 8)
    fail(KEEL_BAD_FORMAT, "truncated: a header of ", length, " bytes, ", bytes.size() - 8, " found");
  Json header = parseStrictly({reinterpret_cast<const char *>(bytes.data()) + 8, length});
  Bytes data = bytes.subspan(8 + length);

  std::vector<Entry> entries;
  for (const auto &[name, value] : header.items()) {
    if (name == "__metadata__") {
      if (!value.is_object() || !std::all_of(value.begin(), value.end(), [](const Json &v) { return v.is_string(); }))
        fail(KEEL_BAD_FORMAT, "__metadata__ is not an object of strings");
      continue;
    }
    entries.push_back(parseEntry(name, value, data.size()));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry &a, const Entry &b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  std::uint64_t at = 0;
  for (const Entry &entry : entries) {
    if (entry.begin != at)
      fail(KEEL_BAD_FORMAT, "tensor '", entry.name, "': starts at byte ", entry.begin, " of the data, not at ", at,
           entry.begin < at ? ": it overlaps another" : ": the file has a hole");
    at = entry.end;
  }
  if (at != data.size())
    fail(KEEL_BAD_FORMAT, data.size() - at, " bytes after the last tensor");

  NamedTensors result;
  for (Entry &entry : entries) {
    Tensor tensor(entry.dtype, std::move(entry.shape));
    if (tensor.bytes())
      std::memcpy(tensor.data(), data.data() + entry.begin, tensor.bytes());
    result.emplace_back(std::move(entry.name), std::move(tensor));
  }
  return result;
}

void writeSafetensors(const std::string &path, const std::vector<std::pair<std::string, keel_view>> &tensors) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  std::uint64_t at = 0;
  for (const auto &[name, view] : tensors) {
    auto dtype =
        std::find_if(std::begin(dtypes), std::end(dtypes), [&](auto &pair) { return pair.second == view.dtype; });
    std::uint64_t end = at + bytesOf(view);
    header[name] = {{"dtype", dtype->first},
                    {"shape", std::vector<std::int64_t>(view.shape, view.shape + view.rank)},
                    {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' '); // the data start aligned
  std::uint64_t length = text.size();
  AtomicFile file(path);
  file.write(&length, 8);
  file.write(text);
  for (const auto &[name, view] : tensors)
    file.write(view.data, bytesOf(view));
  file.commit();
}

} // namespace keel::runtime
