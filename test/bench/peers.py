"""Steps of training the digits networks in PyTorch and JAX. As a program, a worker: `peers.py PEER` builds the training steps, prints
"ready", then answers each line "VARIANT STEPS" with the median and the least time of a step in ms.
"""
import pathlib
import statistics
import sys
import time

from networks import VARIANTS, jax_training, torch_network

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
SIZES = (64, 256, 256, 10)
BATCH = 128


def load(name):
    import numpy
    return numpy.load(DATA / f"digits_{name}.npy")


def torch_step(variant, compiled):
    import torch
    x, y = torch.tensor(load("train_images")[:BATCH]), torch.tensor(load("train_labels")[:BATCH]).long()
    network = torch_network(variant, SIZES)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
    forward = torch.compile(network) if compiled else network

    def step():
        optimizer.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(forward(x), y).backward()
        optimizer.step()
    return step


def jax_step(variant):
    import jax
    import jax.numpy as jnp
    x, y = jnp.asarray(load("train_images")[:BATCH]), jnp.asarray(load("train_labels")[:BATCH])
    compiled, state = jax_training(variant, SIZES)

    def step():
        result = compiled(*state, x, y)
        state[:] = result[:5]
        jax.block_until_ready(result)
    return step


def main():
    peer, threads = sys.argv[1], int(sys.argv[2])
    if peer.startswith("torch"):
        import torch
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        steps = {variant: torch_step(variant, peer == "torch.compile") for variant in VARIANTS}
    else:
        steps = {variant: jax_step(variant) for variant in VARIANTS}
    for step in steps.values():
        for _ in range(20):
            step()
    print("ready", flush=True)
    for line in sys.stdin:
        variant, count = line.split()
        times = []
        for _ in range(int(count)):
            start = time.perf_counter()
            steps[variant]()
            times.append(time.perf_counter() - start)
        print(statistics.median(times) * 1e3, min(times) * 1e3, flush=True)


if __name__ == "__main__":
    main()
