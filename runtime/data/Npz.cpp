// NumPy's .npz: a zip archive (PKWARE's APPNOTE.TXT, sections in brackets) of .npy files, stored or deflated. Only the
// central directory is believed for names and sizes: numpy leaves those of the local headers open.
#include "runtime/data/Formats.h"
#include "runtime/support/Error.h"

#ifdef KEEL_HAS_ZLIB
#include <zlib.h>
#endif

#include <cstring>

namespace keel::runtime {

namespace {
std::uint32_t little(Bytes bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = size; i-- > 0;)
    value = value << 8 | bytes[at + i];
  return value;
}

struct Member {
  std::string name;
  std::uint32_t method, crc, packed, size, offset;
};

constexpr std::size_t endSize = 22, entrySize = 46, localSize = 30; // of the fixed parts [4.3.16, 4.3.12, 4.3.7]
constexpr std::uint32_t endMagic = 0x06054b50, entryMagic = 0x02014b50, localMagic = 0x04034b50;

std::vector<Member> readDirectory(Bytes bytes) {
  // The end record comes last, but for a comment of at most 65535 bytes.
  std::size_t end = bytes.size() < endSize ? 0 : bytes.size() - endSize + 1;
  std::size_t lowest = end > 65536 ? end - 65536 : 0;
  while (end > lowest && little(bytes, end - 1, 4) != endMagic)
    --end;
  if (end == lowest)
    fail(KEEL_BAD_FORMAT, "not an npz file, or truncated: no zip directory");
  --end;
  std::size_t count = little(bytes, end + 10, 2), at = little(bytes, end + 16, 4);
  std::vector<Member> members;
  for (std::size_t i = 0; i < count; ++i) {
    if (at > bytes.size() || bytes.size() - at < entrySize || little(bytes, at, 4) != entryMagic)
      fail(KEEL_BAD_FORMAT, "malformed zip directory");
    std::size_t nameSize = little(bytes, at + 28, 2);
    std::size_t whole = entrySize + nameSize + little(bytes, at + 30, 2) + little(bytes, at + 32, 2);
    if (bytes.size() - at < whole)
      fail(KEEL_BAD_FORMAT, "malformed zip directory");
    members.push_back({std::string(reinterpret_cast<const char *>(bytes.data()) + at + entrySize, nameSize),
                       little(bytes, at + 10, 2), little(bytes, at + 16, 4), little(bytes, at + 20, 4),
                       little(bytes, at + 24, 4), little(bytes, at + 42, 4)});
    if (little(bytes, at + 8, 2) & 1)
      fail(KEEL_BAD_FORMAT, "array '", members.back().name, "' is encrypted");
    if (members.back().packed == UINT32_MAX || members.back().size == UINT32_MAX || members.back().offset == UINT32_MAX)
      fail(KEEL_BAD_FORMAT, "array '", members.back().name, "' has 4 GiB or more: save it as .npy");
    at += whole;
  }
  return members;
}

std::vector<std::uint8_t> inflateMember(const Member &member, Bytes packed) {
#ifdef KEEL_HAS_ZLIB
  // Deflate makes at most 1032 bytes of one: a larger claim is a lie, and is not given memory.
  if (member.size > std::uint64_t(packed.size()) * 1032 + 64)
    fail(KEEL_BAD_FORMAT, "array '", member.name, "': malformed size");
  std::vector<std::uint8_t> result(member.size);
  z_stream stream = {};
  stream.next_in = const_cast<Bytef *>(packed.data()); // zlib does not write to it
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = result.data();
  stream.avail_out = member.size;
  if (::inflateInit2(&stream, -MAX_WBITS) != Z_OK) // raw deflate
    throw std::bad_alloc();
  int status = ::inflate(&stream, Z_FINISH);
  ::inflateEnd(&stream);
  if (status != Z_STREAM_END || stream.avail_out)
    fail(KEEL_BAD_FORMAT, "array '", member.name, "': damaged compressed data");
  return result;
#else
  (void)packed;
  fail(KEEL_BAD_FORMAT, "array '", member.name,
       "' is compressed, and this runtime was built without zlib: "
       "save it with numpy.savez");
#endif
}

Tensor readMember(Bytes bytes, const Member &member) {
  std::size_t at = member.offset;
  if (at > bytes.size() || bytes.size() - at < localSize || little(bytes, at, 4) != localMagic)
    fail(KEEL_BAD_FORMAT, "array '", member.name, "': malformed zip entry");
  at += localSize + little(bytes, at + 26, 2) + little(bytes, at + 28, 2);
  if (at > bytes.size() || bytes.size() - at < member.packed)
    fail(KEEL_BAD_FORMAT, "array '", member.name, "': truncated");
  Bytes packed = bytes.subspan(at, member.packed);
  std::vector<std::uint8_t> unpacked;
  if (member.method == 8)
    packed = unpacked = inflateMember(member, packed);
  else if (member.method != 0 || member.packed != member.size)
    fail(KEEL_BAD_FORMAT, "array '", member.name, "': zip method ", member.method, " is not supported");
#ifdef KEEL_HAS_ZLIB
  if (::crc32_z(0, packed.data(), packed.size()) != member.crc)
    fail(KEEL_BAD_FORMAT, "array '", member.name, "': wrong checksum");
#endif
  return parseNpy(packed);
}
} // namespace

Tensor parseNpz(Bytes bytes, const std::string &name) {
  std::vector<Member> members = readDirectory(bytes);
  std::string list;
  for (const Member &member : members) {
    if (member.name == name + ".npy" || (name.empty() && members.size() == 1))
      return readMember(bytes, member);
    std::string array = member.name.substr(0, member.name.rfind(".npy"));
    list += (list.empty() ? "" : ", ") + array;
  }
  if (name.empty())
    fail(KEEL_BAD_FORMAT, "which of its arrays? Write FILE.npz:NAME, NAME one of ", list);
  fail(KEEL_BAD_FORMAT, "no array '", name, "', only: ", list);
}

} // namespace keel::runtime
