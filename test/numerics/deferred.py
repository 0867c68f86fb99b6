"""Deferred norms are the norms: a network trains alike with them, layer norms and RMS norms in its residual stream.

Usage: deferred.py MODEL.mlir
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

data = pathlib.Path(__file__).parent.parent / "data"
plain = pathlib.Path(sys.argv[1]).read_text()
RMS = re.sub(r"norm\.layer_norm (%\w+ scale\(.*?\)) shift\(.*?\) axes", r"norm.rms_norm \1 axes", plain)
RMS = re.sub(r".*norm.shift.*\n", "", RMS)


def losses(text, folder):
    (folder / "model.mlir").write_text(text)
    subprocess.run(["keel-compile", folder / "model.mlir", "--train=sgd", "-o", folder / "model.so"], check=True)
    subprocess.run(["keel-run", folder / "model.so", "train", "--data", data / "digits_train_images.npy", "--labels",
                    data / "digits_train_labels.npy", "--epochs", "2", "--batch", "128", "--seed", "3", "--set",
                    "learning_rate=0.1", "--log", folder / "log.jsonl"], check=True, stdout=subprocess.DEVNULL)
    return [json.loads(line)["train_loss"] for line in (folder / "log.jsonl").read_text().splitlines()]


for name, text in (("layer norm", plain), ("RMS norm", RMS)):
    deferred, count = re.subn(r"(norm\.\w+_norm .*axes = \[1\]) :", r'\1 {keel.strategy = "deferred"} :', text)
    assert count == 3, count
    with tempfile.TemporaryDirectory() as folder:
        a, b = losses(text, pathlib.Path(folder)), losses(deferred, pathlib.Path(folder))
    worst = max(abs(x - y) / abs(x) for x, y in zip(a, b))
    print(f"{name}: losses {a}, deferred {b}: {'same' if worst < 1e-5 and a[1] < 0.8 * a[0] else f'differ by {worst:.1e}'}")
