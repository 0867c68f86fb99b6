// Reading whole files, and writing them whole or not at all.
#include "runtime/support/File.h"
#include "runtime/support/Error.h"

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace keel::runtime {

namespace {
struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0)
      ::close(value);
  }
};

/// Where a path leads: symbolic links are followed, so that a rename replaces the file and not the link.
std::string resolve(const std::string &path) {
  char buffer[PATH_MAX];
  return ::realpath(path.c_str(), buffer) ? std::string(buffer) : path;
}
} // namespace

std::vector<std::uint8_t> readFile(const std::string &path) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.value < 0)
    fail(KEEL_IO, "cannot open '", path, "': ", std::strerror(errno));
  struct stat status;
  if (::fstat(file.value, &status) != 0)
    fail(KEEL_IO, "cannot read '", path, "': ", std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    fail(KEEL_IO, "cannot read '", path, "': not a regular file");
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(status.st_size));
  std::size_t done = 0;
  while (done < bytes.size()) {
    ssize_t count = ::read(file.value, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      fail(KEEL_IO, "cannot read '", path, "': ", std::strerror(errno));
    if (count == 0) // it shrank meanwhile
      break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

/// Finds a name beside the target that `create` can make; remembers it as the temporary one.
template <class Function> bool AtomicFile::withFreshName(Function create) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::string name = text(target, ".", ::getpid(), "-", attempt, ".tmp");
    if (create(name.c_str())) {
      temporary = name;
      return true;
    }
    if (errno != EEXIST)
      break;
  }
  return false;
}

AtomicFile::AtomicFile(std::string path) : path(std::move(path)) {
  struct stat status;
  bool exists = ::stat(this->path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode))
    fail(KEEL_IO, "cannot write '", this->path, "': it is a directory");
  if (exists && !S_ISREG(status.st_mode)) {
    descriptor = ::open(this->path.c_str(), O_WRONLY | O_CLOEXEC);
  } else {
    target = resolve(this->path);
#ifdef O_TMPFILE
    std::size_t slash = target.rfind('/');
    std::string folder = slash == std::string::npos ? "." : target.substr(0, slash + 1);
    descriptor = ::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
#endif
    if (descriptor < 0)
      withFreshName([&](const char *name) {
        return (descriptor = ::open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) >= 0;
      });
  }
  if (descriptor < 0)
    fail(KEEL_IO, "cannot write '", this->path, "': ", std::strerror(errno));
}

AtomicFile::~AtomicFile() {
  if (descriptor >= 0)
    ::close(descriptor);
  if (!temporary.empty())
    ::unlink(temporary.c_str());
}

void AtomicFile::failWrite(int code) const { fail(KEEL_IO, "cannot write '", path, "': ", std::strerror(code)); }

void AtomicFile::write(const void *data, std::size_t size) {
  const char *bytes = static_cast<const char *>(data);
  while (size) {
    ssize_t count = ::write(descriptor, bytes, size);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      failWrite(errno);
    bytes += count;
    size -= static_cast<std::size_t>(count);
  }
}

void AtomicFile::commit() {
  // Devices and pipes cannot be synchronised, and need not be.
  if (::fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS)
    failWrite(errno);
  if (!target.empty() && temporary.empty()) { // give the file without a name one
    std::string self = text("/proc/self/fd/", descriptor);
    bool linked = withFreshName(
        [&](const char *name) { return ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0; });
    if (!linked)
      failWrite(errno);
  }
  int result = ::close(descriptor);
  descriptor = -1;
  if (result != 0)
    failWrite(errno);
  if (temporary.empty())
    return;
  if (::rename(temporary.c_str(), target.c_str()) != 0)
    failWrite(errno);
  temporary.clear();
}

void writeFile(const std::string &path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

} // namespace keel::runtime
