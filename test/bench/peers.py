"""The digits networks in PyTorch and JAX. As a program, a worker: `peers.py PEER` builds the training steps, prints
"ready", then answers each line "VARIANT STEPS" with the median and the least time of a step in ms.
"""
import pathlib
import statistics
import sys
import time

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
VARIANTS = ("none", "layer_norm", "batch_norm", "rms_norm")
SIZES = (64, 256, 256, 10)
BATCH = 128


def load(name):
    import numpy
    return numpy.load(DATA / f"digits_{name}.npy")


def torch_network(variant):
    from torch import nn
    layers = []
    for inputs, outputs in zip(SIZES, SIZES[1:-1]):
        layers.append(nn.Linear(inputs, outputs))
        if variant != "none":
            norms = {"layer_norm": nn.LayerNorm, "batch_norm": nn.BatchNorm1d, "rms_norm": nn.RMSNorm}
            layers.append(norms[variant](outputs))
        layers.append(nn.ReLU())
    return nn.Sequential(*layers, nn.Linear(*SIZES[-2:]))


def torch_step(variant, compiled):
    import torch
    x, y = torch.tensor(load("train_images")[:BATCH]), torch.tensor(load("train_labels")[:BATCH]).long()
    network = torch_network(variant)
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
    import numpy
    x, y = jnp.asarray(load("train_images")[:BATCH]), jnp.asarray(load("train_labels")[:BATCH])
    random = numpy.random.default_rng(0)
    parameters, running = [], []
    for inputs, outputs in zip(SIZES, SIZES[1:]):
        layer = {"weight": jnp.asarray(random.uniform(-1, 1, (inputs, outputs)) / inputs**.5, jnp.float32),
                 "bias": jnp.zeros(outputs)}
        if variant != "none" and outputs != SIZES[-1]:
            layer |= {"scale": jnp.ones(outputs)}
            if variant != "rms_norm":
                layer |= {"shift": jnp.zeros(outputs)}
        parameters.append(layer)
        running.append((jnp.zeros(outputs), jnp.ones(outputs)))

    def normalize(layer, z, axis):  # one pass over z, as flax does
        mean = z.mean(axis, keepdims=True)
        variance = jnp.maximum(0, (z * z).mean(axis, keepdims=True) - mean * mean)
        return (z - mean) * (jax.lax.rsqrt(variance + 1e-5) * layer["scale"]) + layer["shift"], mean[0], variance[0]

    def loss(parameters, running, x, y):
        updated = []
        for layer, (mean, variance) in zip(parameters, running):
            x = x @ layer["weight"] + layer["bias"]
            if variant == "rms_norm" and "scale" in layer:
                x = x * (jax.lax.rsqrt((x * x).mean(1, keepdims=True) + 1e-5) * layer["scale"])
            elif "scale" in layer:
                x, m, v = normalize(layer, x, 0 if variant == "batch_norm" else 1)
                if variant == "batch_norm":
                    mean, variance = .9 * mean + .1 * m, .9 * variance + .1 * v
            updated.append((mean, variance))
            if layer is not parameters[-1]:
                x = jax.nn.relu(x)
        return -jnp.take_along_axis(jax.nn.log_softmax(x), y[:, None], 1).mean(), updated

    def train(parameters, first, second, count, running, x, y):
        (value, running), gradients = jax.value_and_grad(loss, has_aux=True)(parameters, running, x, y)
        count = count + 1
        first = jax.tree.map(lambda m, g: .9 * m + .1 * g, first, gradients)
        second = jax.tree.map(lambda v, g: .999 * v + .001 * g * g, second, gradients)
        correction1, correction2 = 1 - .9**count, 1 - .999**count
        parameters = jax.tree.map(
            lambda p, m, v: p * (1 - 1e-5) - 1e-3 * (m / correction1) / (jnp.sqrt(v / correction2) + 1e-8),
            parameters, first, second)
        return parameters, first, second, count, running, value

    compiled = jax.jit(train, donate_argnums=(0, 1, 2, 3, 4))
    zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
    state = [parameters, zeros(), zeros(), jnp.float32(0), running]

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
