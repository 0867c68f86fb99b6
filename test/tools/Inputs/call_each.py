"""Calls entries of a model on the CPU and in the emulator: MODEL.so INPUT.npy ENTRY..."""
import subprocess
import sys

import numpy

model, source, *entries = sys.argv[1:]
for entry in entries:
    for device in ("cpu", "emulator"):
        result = source.replace(".x.", ".y.")
        subprocess.run(["keel-run", model, "call", entry, "--device", device, "--input", source, "--output", result], check=True)
        print([round(value, 4) for value in numpy.load(result).tolist()])
