"""Kernels as machine code (SASS), read without a GPU: instructions, loops, resources.

A cubin's instructions come from nvdisasm (NVDISASM, PATH, the CUDA toolkit, or what tools/setup fetched). Loops are found
on the control-flow graph, so that a block which ptxas moved out of line still counts as part of its loop."""
import collections
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

CUDA_MACHINE = 190  # e_machine of a cubin


def find_nvdisasm():
    here = os.path.dirname(os.path.abspath(__file__))
    build = os.environ.get("KEEL_BUILD", os.path.join(here, "..", "..", "..", "build"))
    for path in (os.environ.get("NVDISASM"), shutil.which("nvdisasm"),
                 os.path.join(os.environ.get("CUDA_HOME", "/usr/local/cuda"), "bin", "nvdisasm"),
                 os.path.join(build, "cuda", "nvidia", "cu13", "bin", "nvdisasm")):
        if path and os.access(path, os.X_OK):
            return path
    sys.exit("error: nvdisasm not found; run tools/setup with access to PyPI, or set NVDISASM")


def sections(image):
    """(name, header fields) of an ELF's sections."""
    table, = struct.unpack_from("<Q", image, 0x28)
    size, count, names = struct.unpack_from("<HHH", image, 0x3A)
    headers = [struct.unpack_from("<IIQQQQIIQQ", image, table + index * size) for index in range(count)]
    base = headers[names][4]
    return [(image[base + header[0]:image.index(b"\0", base + header[0])].decode(), header) for header in headers]


def cubin_bytes(image, start):
    """The cubin that starts there, or None."""
    if image[start:start + 4] != b"\x7fELF" or struct.unpack_from("<H", image, start + 18)[0] != CUDA_MACHINE:
        return None
    program, section = struct.unpack_from("<QQ", image, start + 0x20)
    program_size, program_count, section_size, section_count = struct.unpack_from("<HHHH", image, start + 0x36)
    end = max(program + program_size * program_count, section + section_size * section_count)
    for index in range(section_count):
        _, kind, _, _, offset, size = struct.unpack_from("<IIQQQQ", image, start + section + index * section_size)
        if kind != 8:  # SHT_NOBITS
            end = max(end, offset + size)
    return image[start:start + end]


def cubins(path):
    """The cubins of a file: itself, or those embedded in a model."""
    image = open(path, "rb").read()
    found = []
    start = image.find(b"\x7fELF")
    while start >= 0:
        cubin = cubin_bytes(image, start)
        if cubin:
            found.append(cubin)
        start = image.find(b"\x7fELF", start + (len(cubin) if cubin else 4))
    if not found:
        sys.exit(f"error: no cubin in {path}")
    return found


def architecture(cubin):
    flags, = struct.unpack_from("<I", cubin, 0x30)
    # Version 8 of the ABI moved it up by a byte.
    return (flags >> 8) & 0xFF if cubin[8] >= 8 or cubin[7] == 0x41 else flags & 0xFF


def register_counts(cubin):
    """Registers of a thread, by kernel: attribute 0x2f (register count) of .nv.info, {symbol, value}."""
    named = dict(sections(cubin))
    symbols, info = named[".symtab"], named[".nv.info"]
    names = [header for _, header in sections(cubin)][symbols[6]][4]
    counts, at = {}, info[4]
    while at < info[4] + info[5]:
        form, attribute, size = struct.unpack_from("<BBH", cubin, at)
        at += 4
        if form != 4:  # the value is in the header
            continue
        if attribute == 0x2F:
            symbol, value = struct.unpack_from("<II", cubin, at)
            name = names + struct.unpack_from("<I", cubin, symbols[4] + 24 * symbol)[0]
            counts[cubin[name:cubin.index(b"\0", name)].decode()] = value & 0xFFFF
        at += size
    return counts


Instruction = collections.namedtuple("Instruction", "address guard opcode text")


class Kernel:
    def __init__(self, name, instructions, labels, registers):
        self.name, self.registers = name, registers
        end = len(instructions)
        # What follows the last branch to itself is padding.
        while end and instructions[end - 1].opcode == "NOP":
            end -= 1
        if end and instructions[end - 1].opcode == "BRA" and target(instructions[end - 1], labels) == end - 1:
            end -= 1
        self.instructions = instructions[:end]
        self.labels = {label: index for label, index in labels.items() if index < end}
        self.loops = find_loops(self)

    def count(self, prefix, where=None):
        """Instructions whose opcode starts so, of the kernel or of a loop."""
        return sum(instruction.opcode.startswith(prefix) for instruction in (where or self).instructions)

    @property
    def spills(self):
        return self.count("STL") + self.count("LDL")

    def main_loop(self):
        """The loop with the most tensor core instructions, else with the most multiply-adds, that are in no loop inside it."""
        for kinds in (("HMMA", "HGMMA", "QGMMA"), ("FFMA", "DFMA", "HFMA2")):
            loops = [(sum(instruction.opcode.startswith(kinds) for instruction in loop.own), loop) for loop in self.loops]
            loops = [(number, loop) for number, loop in loops if number]
            if loops:
                return max(loops, key=lambda pair: pair[0])[1]
        return None

    def executed(self, trips=1):
        """Instructions a thread executes: what is in no loop once, a loop's own as often as it runs. `trips` is a number for
        all loops, or a function of a loop."""
        times = trips if callable(trips) else (lambda loop: trips)
        total = len(self.instructions) - sum(len(loop.instructions) for loop in self.loops if not loop.outer)

        def run(loop):
            own = len(loop.instructions) - sum(len(other.instructions) for other in loop.inner)
            return times(loop) * (own + sum(run(other) for other in loop.inner))

        return total + sum(run(loop) for loop in self.loops if not loop.outer)


class Loop:
    """`blocks`: indices; `instructions` those of the loop and of the loops in it; `outer` the loop around it, `inner` those
    directly inside."""
    def __init__(self, address, blocks, instructions):
        self.address, self.blocks, self.instructions = address, blocks, instructions
        self.outer, self.inner = None, []

    @property
    def own(self):
        """Without those of the loops in it: waits that go round only while what they wait for is not there."""
        inner = {instruction.address for loop in self.inner for instruction in loop.instructions}
        return [instruction for instruction in self.instructions if instruction.address not in inner]


def target(instruction, labels):
    match = re.search(r"`\((\.?[\w$.]+)\)", instruction.text)
    return labels.get(match.group(1)) if match else None


def disassemble(cubin):
    """The kernels of a cubin, by name."""
    registers = register_counts(cubin)
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        run = subprocess.run([find_nvdisasm(), "-c", file.name], capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"error: nvdisasm: {run.stderr.strip()[:300]}")
    kernels, name, instructions, labels = {}, None, [], {}

    def finish():
        if name:
            kernels[name] = Kernel(name, instructions, labels, registers.get(name, 0))

    for line in run.stdout.splitlines():
        if match := re.match(r"\s*\.section\s+\.text\.([^,\s]+)", line):
            finish()
            name, instructions, labels = match.group(1), [], {}
        elif match := re.match(r"\s*/\*([0-9a-f]{4,})\*/\s+(?:@(!?U?P\w+)\s+)?(.*?)\s*;", line):
            text = match.group(3)
            instructions.append(Instruction(int(match.group(1), 16), match.group(2), text.split()[0], text))
        elif match := re.match(r"\s*(\.L[\w$.]*):\s*$", line):
            labels[match.group(1)] = len(instructions)
    finish()
    return kernels


def successors(kernel):
    """Basic blocks as ranges of instructions, and which follow each."""
    code, end = kernel.instructions, len(kernel.instructions)
    leaders = {0} | set(kernel.labels.values())
    ends_block = ("BRA", "BRX", "JMP", "EXIT", "RET", "BREAK", "KILL")
    leaders |= {index + 1 for index, instruction in enumerate(code)
                if instruction.opcode.split(".")[0] in ends_block and index + 1 < end}
    starts = sorted(leaders)
    number = {start: block for block, start in enumerate(starts)}
    blocks = list(zip(starts, starts[1:] + [end]))
    follow = []
    for block, (start, stop) in enumerate(blocks):
        last = code[stop - 1]
        kind = last.opcode.split(".")[0]
        after = {block + 1} if block + 1 < len(blocks) else set()
        if kind in ("BRA", "JMP"):
            to = target(last, kernel.labels)
            # Guarded, or with a predicate operand ("BRA.U !UP0, ..."), or divergent: it may fall through.
            certain = last.guard is None and re.match(r"\w+(\.[A-Z]+)*\s+`", last.text) and ".DIV" not in last.opcode
            after = (set() if certain else after) | ({number[to]} if to is not None else set())
        elif kind in ("EXIT", "RET", "KILL"):
            after = after if last.guard is not None else set()
        elif kind == "BRX":
            after = {number[kernel.labels[label]] for label in re.findall(r"`\((\.?[\w$.]+)\)", last.text)
                     if label in kernel.labels}
        follow.append(after)
    return blocks, follow


def find_loops(kernel):
    """Natural loops: an edge to a block that dominates its source, and what reaches it without passing that block."""
    if not kernel.instructions:
        return []
    blocks, follow = successors(kernel)
    reached, work = {0}, [0]
    while work:
        for block in follow[work.pop()] - reached:
            reached.add(block)
            work.append(block)
    before = {block: {other for other in reached if block in follow[other]} for block in reached}
    dominators = {block: set(reached) for block in reached}
    dominators[0] = {0}
    changed = True
    while changed:
        changed = False
        for block in sorted(reached - {0}):
            new = set.intersection(*(dominators[other] for other in before[block])) | {block}
            changed |= new != dominators[block]
            dominators[block] = new
    bodies = {}
    for block in reached:
        for head in follow[block] & dominators[block]:
            body, work = bodies.setdefault(head, {head}), [block]
            while work:
                member = work.pop()
                if member not in body:
                    body.add(member)
                    work += before[member]
    loops = []
    for head, body in sorted(bodies.items(), key=lambda pair: len(pair[1])):
        code = [instruction for block in sorted(body) for instruction in kernel.instructions[slice(*blocks[block])]]
        loops.append(Loop(kernel.instructions[blocks[head][0]].address, body, code))
    for index, loop in enumerate(loops):
        loop.outer = next((other for other in loops[index + 1:] if loop.blocks < other.blocks), None)
        if loop.outer:
            loop.outer.inner.append(loop)
    return loops


CLASSES = [("tensor", ("HMMA", "HGMMA", "IMMA", "QGMMA", "DMMA")), ("copy", ("LDGSTS", "UTMA", "UBLKCP")),
           ("load", ("LDG", "LD.")), ("store", ("STG", "ST.")), ("shared", ("LDS", "STS", "LDSM", "STSM")),
           ("spill", ("STL", "LDL")), ("shuffle", ("SHFL", "REDUX")), ("barrier", ("BAR", "SYNCS", "DEPBAR", "LDGDEPBAR")),
           ("special", ("MUFU",)), ("float", ("FADD", "FMUL", "FFMA", "FMNMX", "FSEL", "FSETP", "HFMA2", "HADD2", "HMUL2")),
           ("convert", ("F2F", "I2F", "F2I", "PRMT", "FRND")),
           ("branch", ("BRA", "EXIT", "BSSY", "BSYNC", "CALL", "RET", "WARPSYNC"))]


def mix(instructions):
    """How many instructions of each class; the rest are integers, addresses and moves."""
    counts = collections.Counter()
    for instruction in instructions:
        counts[next((name for name, prefixes in CLASSES if instruction.opcode.startswith(prefixes)), "integer")] += 1
    return counts


def opcodes(instructions, prefix):
    """How many instructions of each opcode that starts so."""
    return collections.Counter(instruction.opcode for instruction in instructions if instruction.opcode.startswith(prefix))
