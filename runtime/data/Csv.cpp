// Comma-separated numbers: one row a line, every row of the same length. A first line that holds anything but numbers
// is taken for column names. Blank lines are skipped.
#include "runtime/data/Formats.h"
#include "runtime/support/Error.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

namespace keel::runtime {

namespace {
std::string_view trim(std::string_view field) {
  while (!field.empty() && (field.front() == ' ' || field.front() == '\t'))
    field.remove_prefix(1);
  while (!field.empty() && (field.back() == ' ' || field.back() == '\t' || field.back() == '\r'))
    field.remove_suffix(1);
  return field;
}

template <class T> bool parseNumber(std::string_view field, T &value) {
  if (field.starts_with('+')) // from_chars takes no plus
    field.remove_prefix(1);
  auto [end, code] = std::from_chars(field.data(), field.data() + field.size(), value);
  return code == std::errc() && end == field.data() + field.size() && !field.empty();
}
} // namespace

Tensor parseCsv(Bytes bytes) {
  std::string_view rest(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  if (rest.starts_with("\xef\xbb\xbf")) // a byte order mark
    rest.remove_prefix(3);
  std::vector<double> values;
  std::vector<std::int64_t> integers;
  bool allIntegers = true;
  std::size_t columns = 0, rows = 0;
  for (std::size_t line = 1; !rest.empty(); ++line) {
    std::size_t length = std::min(rest.find('\n'), rest.size());
    std::string_view record = trim(rest.substr(0, length));
    rest.remove_prefix(std::min(length + 1, rest.size()));
    if (record.empty())
      continue;
    std::size_t fields = 0, before = values.size();
    bool isHeader = false;
    for (bool more = true; more; ++fields) {
      std::size_t comma = record.find(',');
      more = comma != std::string_view::npos;
      std::string_view field = trim(record.substr(0, comma));
      record.remove_prefix(more ? comma + 1 : record.size());
      double value = 0;
      std::int64_t integer = 0;
      if (!parseNumber(field, value)) {
        if (rows == 0 && columns == 0) { // the first line: names
          isHeader = true;
          continue;
        }
        fail(KEEL_BAD_FORMAT, "line ", line, ", column ", fields + 1, ": '", field.substr(0, 40), "' is not a number");
      }
      values.push_back(value);
      if (allIntegers && (allIntegers = parseNumber(field, integer)))
        integers.push_back(integer);
    }
    if (columns != 0 && fields != columns)
      fail(KEEL_BAD_FORMAT, "line ", line, ": ", fields, " fields, where the lines before have ", columns);
    columns = fields;
    if (isHeader) {
      values.resize(before);
      integers.clear();
      allIntegers = true;
    } else {
      ++rows;
    }
  }
  if (rows == 0)
    fail(KEEL_BAD_FORMAT, "no rows of numbers");
  Shape shape = {static_cast<std::int64_t>(rows)};
  if (columns > 1)
    shape.push_back(static_cast<std::int64_t>(columns));
  Tensor result(allIntegers ? KEEL_DTYPE_I64 : KEEL_DTYPE_F64, std::move(shape));
  const void *source = allIntegers ? static_cast<const void *>(integers.data()) : values.data();
  std::memcpy(result.data(), source, result.bytes());
  return result;
}

} // namespace keel::runtime
