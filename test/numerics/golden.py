"""Compiled results against PyTorch's in ../golden."""
import json
import pathlib
import struct

import numpy

import templates
from harness import Model, Suite

suite = Suite(__doc__)
folder = pathlib.Path(__file__).resolve().parents[1] / "golden"
VALUE, COLUMN = 2e-6, 5e-6  # f32 against f64, relative to the data's scale


def compare(what, names, arrays, case):
    for name, array in zip(names, arrays):
        suite.check(f"{what}: {name}", array, case[name], COLUMN if name in ("dscale", "dshift") else VALUE)


def dynamic(array):
    return [None, *array.shape[1:]]


def layers(name):
    case, op = numpy.load(folder / f"{name}.npz"), "rms_norm" if name == "rms_norm" else "layer_norm"
    shift = "shift" in case
    model = Model(templates.layer_family(op, dynamic(case["x"]), case["axes"].tolist(), shift=shift,
                                         epsilon=float(case["epsilon"])))
    vectors = [case[v] for v in ("scale", "shift") if v in case]
    compare(name, ["y"], model("value", [case["x"], *vectors], 1), case)
    names = ["dx", "dscale"] + ["dshift"] * shift
    compare(name, names, model("gradient", [case["dy"], case["x"], case["scale"]], len(names)), case)


def channels(name):
    case, batch = numpy.load(folder / f"{name}.npz"), name.startswith("batch")
    options = "momentum = 1.0e-01" if batch else f"groups = {int(case['groups'])}"
    model = Model(templates.channel_norm("batch_norm" if batch else "group_norm", dynamic(case["x"]),
                                         f"{options} epsilon = {float(case['epsilon']):e}", batch=batch))
    running = [case["running_mean"], case["running_variance"]] if batch else []
    names = ["y", "new_running_mean", "new_running_variance"][:3 if batch else 1]
    compare(name, names, model("value", [case["x"], *running, case["scale"], case["shift"]], len(names)), case)
    compare(name, ["dx", "dscale", "dshift"], model("gradient", [case["dy"], case["x"], case["scale"]], 3), case)
    if batch:
        model = Model(templates.batch_norm_inference(dynamic(case["x"]), float(case["epsilon"])))
        compare(name, ["inference"], model("inference", [case["x"], *running, case["scale"], case["shift"]], 1), case)


def losses(name):
    case = numpy.load(folder / f"{name}.npz")
    labels = "targets" if "targets" in case else "labels"
    model = Model(templates.cross_entropy(10, labels == "targets"))
    compare(name, ["loss"], model("value", [case["logits"], case[labels]], 1), case)
    compare(name, ["dlogits"], model("gradient", [case["logits"], case[labels]], 1), case)


def read_safetensors(path):
    """Name -> writable view into the file's bytes, and the bytes."""
    data = bytearray(path.read_bytes())
    size, = struct.unpack("<Q", data[:8])
    types = {"F32": numpy.float32, "F64": numpy.float64, "I32": numpy.int32, "I64": numpy.int64}
    views = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            views[name] = numpy.frombuffer(data, types[entry["dtype"]], (end - begin) // types[entry["dtype"]]().nbytes,
                                           8 + size + begin).reshape(entry["shape"])
    return views, data


def training(name, *flags):
    """Three AdamW steps from PyTorch's weights: the losses and the weights afterwards."""
    case = numpy.load(folder / f"{name}.npz")
    text = (folder / "train_adamw.mlir").read_text()
    model = Model(text, "--train=adamw", "--batch=32", *flags)
    state = model.path / "state.safetensors"
    model("forward", [case["x"]], 1, "--save-state", str(state))
    views, data = read_safetensors(state)
    for key, view in views.items():
        if f"before {key}" in case:
            view[...] = case[f"before {key}"]
    views["learning_rate"][...] = case["learning_rate"]
    state.write_bytes(data)
    for step, expected in enumerate(case["losses"]):
        loss, = model("train_step", [case["x"], case["labels"]], 1, "--state", str(state), "--save-state", str(state))
        suite.check(f"{name} {flags}: loss of step {step}", loss, expected, VALUE)
    views, _ = read_safetensors(state)
    for key in case:
        if key.startswith("after "):
            # Adam divides by the root of its second moment: where a gradient is rounding, so is the update.
            suite.check(f"{name} {flags}: {key}", views[key.removeprefix("after ")], case[key], 2e-4)


for name in ("layer_norm", "layer_norm_two_axes", "rms_norm"):
    suite.attempt(name, lambda: layers(name))
for name in ("group_norm", "batch_norm", "batch_norm_images"):
    suite.attempt(name, lambda: channels(name))
for name in ("cross_entropy", "cross_entropy_targets"):
    suite.attempt(name, lambda: losses(name))
for flags in ([], ["--no-fuse"], ["--no-algebra"]):
    suite.attempt(f"train_adamw {flags}", lambda: training("train_adamw", *flags))
suite.finish()
