"""Compiles a model, runs it on random inputs and compares every result with upstream's naive lowering.

    execute.py FILE.mlir [--function main] [--tolerance 1e-5] [--seed 1] [--sizes 1,7,33] [--prepare PASS] [--device emulator] [FLAG of keel-compile]...

Dynamic dimensions take each of the sizes in turn. Integers are drawn from 0..4, so that they can be indices; a pass that
upstream's lowering cannot do without (tensor.gather has no bufferization) is named with --prepare. No numpy needed.
"""
import argparse
import array
import ast
import math
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "numerics"))
import naive

# npy has no bf16: keel-run takes it from f32, and writes it as that.
CODES = {"f64": ("<f8", "d"), "f32": ("<f4", "f"), "f16": ("<f2", "H"), "bf16": ("<f4", "f"), "i64": ("<i8", "q"),
         "i32": ("<i4", "i"), "i8": ("|i1", "b"), "i1": ("|b1", "b")}
naive.TYPES.update({"i8": (naive.ctypes.c_int8, int, int), "i1": (naive.ctypes.c_uint8, int, lambda b: b & 1)})
EPSILON = {"f64": 1e-12, "f16": 4e-3, "bf16": 3e-2}


def write(path, tensor):
    descr, code = CODES[tensor.element]
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tensor.shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    store = float if tensor.element == "bf16" else naive.TYPES[tensor.element][1]
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        file.write(array.array(code, map(store, tensor.values)).tobytes())


def read(path, element):
    with open(path, "rb") as file:
        data = file.read()
    size, = struct.unpack("<H", data[8:10])
    header = ast.literal_eval(data[10:10 + size].decode())
    values = array.array(CODES[element][1])
    values.frombytes(data[10 + size:])
    load = float if element == "bf16" else naive.TYPES[element][2]
    return naive.Tensor(header["shape"], element, map(load, values))


def signature(text, function):
    """The (shape, element type) of arguments and results of a function in generic form."""
    found = re.search(r"func\.func (?:public )?@" + function + r"\((.*?)\)(?: -> \(?(.*?)\)?)?(?: attributes .*)? \{\n", text, re.S)
    pattern = re.compile(r"tensor<((?:[0-9?]+x)*)(\w+)>")
    return [[([-1 if n == "?" else int(n) for n in shape.split("x")[:-1]], element)
             for shape, element in pattern.findall(part or "")] for part in found.groups()]


def draw(generator, shape, element):
    count = math.prod(shape)
    if element == "i1":
        return naive.Tensor(shape, element, [generator.randrange(2) for _ in range(count)])
    if element.startswith("i"):
        return naive.Tensor(shape, element, [generator.randrange(5) for _ in range(count)])
    return naive.Tensor(shape, element, [generator.gauss(0, 1) for _ in range(count)])


def error(ours, reference):
    """The largest difference relative to the scale of the reference."""
    if ours.shape != reference.shape:
        return f"shape {ours.shape}, expected {reference.shape}"
    scale = max([abs(v) for v in reference.values if math.isfinite(v)], default=0) or 1
    worst = 0.0
    for ours, reference in zip(ours.values, reference.values):
        if ours == reference or (ours != ours and reference != reference):
            continue
        worst = max(worst, abs(ours - reference) / scale if math.isfinite(ours - reference) else math.inf)
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--function", default="main")
    parser.add_argument("--tolerance", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sizes", default="1,7,33")
    parser.add_argument("--prepare", action="append", default=[])
    parser.add_argument("--device", choices=["cpu", "emulator"], default="cpu", help="emulator: as code for a GPU")
    options, flags = parser.parse_known_args()
    if options.device == "emulator":
        flags += ["--target=sm_80", "--emulate"]
    printed = subprocess.run(["keel-opt", options.file, *options.prepare], check=True, capture_output=True, text=True).stdout
    arguments, results = signature(printed, options.function)
    reference = naive.Module(re.sub(r"(func\.func (?:public )?@" + options.function + r"\(.*?)( attributes \{| \{\n)",
                                    lambda m: m[1] + (" attributes {llvm.emit_c_interface, " if "attributes" in m[2] else
                                                      " attributes {llvm.emit_c_interface} {\n"), printed, count=1, flags=re.S),
                             passes=["--decompose-norm=keep-moments=false"])
    generator = random.Random(options.seed)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        model = os.path.join(folder, "model.so")
        subprocess.run(["keel-compile", options.file, "-o", model, *flags], check=True)
        isDynamic = any(-1 in shape for shape, _ in arguments)
        for size in map(int, options.sizes.split(",") if isDynamic else ["0"]):
            inputs = [draw(generator, [size if n < 0 else n for n in shape], element) for shape, element in arguments]
            expected = reference.call(options.function, inputs, [(len(shape), element) for shape, element in results])
            command = ["keel-run", model, "call", options.function, "--device", options.device]
            for i, tensor in enumerate(inputs):
                write(os.path.join(folder, f"in{i}.npy"), tensor)
                command += ["--input", os.path.join(folder, f"in{i}.npy")]
            for i in range(len(results)):
                command += ["--output", os.path.join(folder, f"out{i}.npy")]
            subprocess.run(command, check=True)
            for i, (want, (_, element)) in enumerate(zip(expected, results)):
                worst = error(read(os.path.join(folder, f"out{i}.npy"), element), want)
                tolerance = options.tolerance or EPSILON.get(element, 1e-6)
                good = isinstance(worst, float) and worst <= (0 if element.startswith("i") else tolerance)
                failed |= not good
                if not good or os.environ.get("VERBOSE"):
                    print(f"size {size}, result {i}: {worst} {'' if good else 'WRONG'}")
    print("failed" if failed else "equal")
    sys.exit(failed)


main()
