// Whole files, in and out.
#ifndef KEEL_SUPPORT_FILE_H
#define KEEL_SUPPORT_FILE_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace keel::runtime {

using Bytes = std::span<const std::uint8_t>;

/// The contents of a regular file.
std::vector<std::uint8_t> readFile(const std::string &path);

/// A file that appears whole or not at all: written beside its place as a file without a name (or, where the file
/// system has no such thing, a temporary one, removed unless committed), and put in its place by commit(). A path that
/// names a device or a pipe is written directly.
class AtomicFile {
public:
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;

  void write(const void *data, std::size_t size);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// Flushes to the disk, and puts the file in its place.
  void commit();

private:
  [[noreturn]] void failWrite(int code) const;
  template <class Function> bool withFreshName(Function create);

  std::string path, target, temporary;
  int descriptor = -1;
};

/// Writes a file in one go, atomically.
void writeFile(const std::string &path, std::string_view text);

} // namespace keel::runtime

#endif
