"""What run and bench share: a packed folder's models, their entries, random inputs as .npy files. Python's own library
alone: the machine with the GPU may have nothing else."""
import array
import json
import os
import random
import re
import signal
import struct
import subprocess
import sys

CODES = {"f32": ("<f4", "f"), "f64": ("<f8", "d"), "i32": ("<i4", "i"), "i64": ("<i8", "q")}
SECONDS = 120 # that a program may take: a kernel that waits for ever is a failure, too


class Failure(Exception):
    pass


def write_npy(path, dtype, shape, values):
    header = "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }" % (
        CODES[dtype][0], "".join("%d, " % extent for extent in shape))
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        file.write(array.array(CODES[dtype][1], values).tobytes())


def read_npy(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack_from("<H", data, 8)
    descr = re.search(r"'descr': '([^']*)'", data[10:10 + length].decode()).group(1)
    code = next((code for kind, code in CODES.values() if kind == descr), None)
    if code is None:
        raise Failure("%s: elements '%s' cannot be compared" % (path, descr))
    values = array.array(code)
    values.frombytes(data[10 + length:])
    return values


class Entry:
    """`name(f32[?x64], i32[?]) -> (f32[])` and its largest batch, as keel-run info shows them."""

    def __init__(self, text):
        match = re.match(r"(\S+?)\((.*)\) -> \((.*)\)$", text)
        self.name = match.group(1)
        self.inputs, self.outputs = (re.findall(r"(\w+)\[([^\]]*)\]", match.group(group)) for group in (2, 3))
        self.capacity = 1


class Model:
    def __init__(self, runner, path):
        self.runner, self.path = runner, path
        self.name = os.path.basename(path)[:-len(".so")]
        self.entries, self.targets = {}, []
        for line in self.keel_run(["info"]).splitlines():
            if line.startswith("target "):
                self.targets.append(line.split()[1])
            elif line.startswith("entry "):
                entry = Entry(line[len("entry"):].strip())
                self.entries.setdefault(entry.name, entry)
            elif line.startswith("  batch    up to "):
                entry.capacity = int(line.split()[-1])
                self.entries[entry.name].capacity = entry.capacity

    def command(self, arguments):
        return [self.runner, self.path] + arguments

    def keel_run(self, arguments, wrapper=(), seconds=SECONDS):
        # A session of its own: a wrapper's program ends with it.
        process = subprocess.Popen(list(wrapper) + self.command(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   start_new_session=True)
        late = None
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            late = "not done after %d seconds: keel-run %s" % (seconds, " ".join(arguments[:2]))
            os.killpg(process.pid, signal.SIGKILL)
            output, errors = process.communicate()
        if late or process.returncode:
            lines = (errors + output).strip().splitlines()
            wanted = [line for line in lines if line.startswith("error:") and not wrapper] or lines[-15:]
            raise Failure("\n    ".join(([late] if late else []) + wanted) or "exit status %d" % process.returncode)
        return output

    def classes(self):
        forward = self.entries.get("forward")
        return int(forward.outputs[0][1].split("x")[-1]) if forward and "x" in forward.outputs[0][1] else 2

    def make_input(self, path, dtype, shape, batch, source):
        extents = [batch if extent == "?" else int(extent) for extent in shape.split("x")] if shape else []
        count = 1
        for extent in extents:
            count *= extent
        if dtype not in CODES:
            raise Failure("inputs of type %s are not made here" % dtype)
        make = (lambda: source.gauss(0, 1)) if dtype[0] == "f" else (lambda: source.randrange(self.classes()))
        write_npy(path, dtype, extents, [make() for _ in range(count)])
        return path

    def make_inputs(self, entry, batch, folder, seed):
        source = random.Random("%s %s %d %d" % (self.name, entry.name, batch, seed))
        return [self.make_input(os.path.join(folder, "%s_%d.npy" % (entry.name, i)), dtype, shape, batch, source)
                for i, (dtype, shape) in enumerate(entry.inputs)]


def open_folder(parser):
    """Parses the command line and opens the models of the folder."""
    parser.add_argument("folder", help="what pack has filled")
    parser.add_argument("--keel-run", help="default: FOLDER/keel-run")
    parser.add_argument("--device", default="cuda", help="as keel-run takes it (cuda)")
    parser.add_argument("--filter", default="", help="only models whose name has this regular expression")
    options = parser.parse_args()
    runner = options.keel_run or os.path.join(options.folder, "keel-run")
    if not os.access(runner, os.X_OK):
        sys.exit("error: there is no program '%s': pack puts it there, or name it with --keel-run" % runner)
    try:
        names = sorted(name for name in os.listdir(options.folder) if name.endswith(".so") and re.search(options.filter, name[:-len(".so")]))
    except OSError as error:
        sys.exit("error: cannot read '%s': %s" % (options.folder, error.strerror))
    try:
        models = [Model(runner, os.path.join(options.folder, name)) for name in names]
    except Failure as error:
        sys.exit("error: %s" % str(error).replace("error: ", ""))
    if not models:
        sys.exit("error: no models (*.so) in '%s': make them with test/gpu/pack" % options.folder)
    return options, models


def bench(model, entry, device, repeat):
    arguments = ["bench", entry, "--device", device] + (["--repeat", str(repeat)] if repeat else [])
    return json.loads(model.keel_run(arguments))
