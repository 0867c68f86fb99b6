"""Compares the f32 tensors of two checkpoints: compare-states.py A B TOLERANCE, relative to the largest number of each."""
import json
import sys

import numpy


def read(path):
    data = open(path, "rb").read()
    start = 8 + int.from_bytes(data[:8], "little")
    for name, tensor in json.loads(data[8:start]).items():
        if name != "__metadata__" and tensor["dtype"] == "F32":
            begin, end = tensor["data_offsets"]
            yield name, numpy.frombuffer(data[start + begin:start + end], numpy.float32)


a, b = (dict(read(path)) for path in sys.argv[1:3])
for name, values in sorted(a.items()):
    difference = numpy.abs(values - b[name]).max() / (numpy.abs(values).max() or 1)
    print(name, f"off by {difference:.1e}", "equal" if difference <= float(sys.argv[3]) else "DIFFERENT")
