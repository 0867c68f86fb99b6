"""What peers.py asks, in a process of its own, which may hang, crash or use up memory: `peer_worker.py torch` (or jax) prints
its version, then answers each line of JSON, [function, arguments...], with a line: {"us": …} by the GPU's clock, or {"error": …}.

A step or a layer of torch is captured in a CUDA graph, so that no launch is waited for; JAX's steps are started without
waiting, and their time is the clock's on the wall."""
import json
import os
import pathlib
import statistics
import sys
import time

sys.dont_write_bytecode = True
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "bench")) # where the two are not in one folder
import networks

DEVICE = "cuda"
ACTIVE = 20 # runs that are measured, after as many that are not
HEAD_START = 200_000 # clocks for which the GPU waits, while the host launches what is measured


def measure(run):
    """The median of a captured run, which has run before on that stream: what is captured compiles and tunes nothing."""
    import torch
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        run()
    times = []
    for _ in range(2 * ACTIVE):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda._sleep(HEAD_START)
        begin.record()
        graph.replay()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) * 1e3)
    return statistics.median(times[ACTIVE:])


def torch_type(name):
    """The type that matmuls read; tf32 is f32 with a switch."""
    import torch
    torch.set_float32_matmul_precision("high" if name == "tf32" else "highest")
    return {"bf16": torch.bfloat16, "f16": torch.float16}.get(name, torch.float32)


def torch_compile(run, mode):
    """None: eager. Modes are torch.compile's, of which those without graphs of their own fit into ours."""
    import torch
    return torch.compile(run, mode=mode) if mode else run


def torch_matmul(rows, depth, columns, reads):
    import torch
    kind = torch_type(reads)
    x, w = torch.randn(rows, depth, device=DEVICE, dtype=kind), torch.randn(depth, columns, device=DEVICE, dtype=kind)
    return measure(lambda: torch.matmul(x, w))


def torch_layer(rows, depth, columns, reads, norm, mode=None):
    """act(norm(x·W + b)), forward."""
    import torch
    kind = torch_type(reads)
    layers = [torch.nn.Linear(depth, columns)] + ([torch.nn.LayerNorm(columns)] if norm else []) + [torch.nn.ReLU()]
    network = torch_compile(torch.nn.Sequential(*layers).to(DEVICE, kind), mode)
    with torch.no_grad():
        x = torch.randn(rows, depth, device=DEVICE, dtype=kind)
        return measure(lambda: network(x))


def torch_rows(count, columns, mode=None):
    """Layer norm alone, f32."""
    import torch
    network = torch_compile(torch.nn.LayerNorm(columns).to(DEVICE), mode)
    with torch.no_grad():
        x = torch.randn(count, columns, device=DEVICE)
        return measure(lambda: network(x))


def triton_rows(count, columns):
    import torch
    from triton_rows import layer_norm
    x, y = (torch.randn(count, columns, device=DEVICE) for _ in range(2))
    weight, bias = torch.ones(columns, device=DEVICE), torch.zeros(columns, device=DEVICE)
    run = lambda: layer_norm[(count,)](x, y, weight, bias, columns, 1e-5, BLOCK=columns, num_warps=8)
    run()
    wrong = (y - torch.nn.functional.layer_norm(x, [columns])).abs().max().item()
    if not wrong < 1e-4:
        raise RuntimeError("off by %g" % wrong)
    return measure(run)


def torch_step(variant, reads, batch, sizes, mode=None):
    """A step of training: forward, backward, AdamW."""
    import torch
    kind = torch_type(reads)
    network = networks.torch_network(variant, sizes).to(DEVICE)
    on_gpu = DEVICE == "cuda"
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True, capturable=on_gpu)
    x, y = torch.randn(batch, sizes[0], device=DEVICE), torch.randint(sizes[-1], (batch,), device=DEVICE)

    def loss_of(x, y): # a graph must not hold on to weights that were cast for another step
        with torch.autocast(DEVICE, torch.bfloat16 if kind == torch.float32 else kind, enabled=kind != torch.float32, cache_enabled=False):
            return torch.nn.functional.cross_entropy(network(x), y)
    forward = torch_compile(loss_of, mode)

    def step():
        optimizer.zero_grad(set_to_none=True) # so that what is captured writes gradients, and adds to none
        forward(x, y).backward()
        optimizer.step()
    return measure(step)


def jax_step(variant, reads, batch, sizes):
    import jax
    import jax.numpy as jnp
    with jax.default_matmul_precision({"f32": "float32", "tf32": "tensorfloat32"}.get(reads, "default")):
        step, state = networks.jax_training(variant, sizes, {"bf16": "bfloat16", "f16": "float16"}.get(reads, "float32"))
        x = jax.random.normal(jax.random.key(0), (batch, sizes[0]))
        y = jax.random.randint(jax.random.key(1), (batch,), 0, sizes[-1])

        def steps(count):
            start = time.perf_counter()
            for _ in range(count):
                *state[:], loss = step(*state, x, y)
            jax.block_until_ready(loss)
            return (time.perf_counter() - start) / count * 1e6
        steps(3)
        count = max(5, min(200, int(3e5 / steps(5)))) # about a third of a second
        return statistics.median(steps(count) for _ in range(5))


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1) # what a library prints is no answer

    def answer(value):
        print(json.dumps(value), file=answers, flush=True)
    try:
        if sys.argv[1] == "jax":
            os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
            import jax
            found = any(device.platform == "gpu" for device in jax.devices())
            version = "JAX " + jax.__version__
        else:
            import torch
            found, version = torch.cuda.is_available(), "torch " + torch.__version__
    except Exception: # not installed, or not for this GPU's driver
        found = False
    answer({"version": version} if found else {"error": "%s with a GPU is not installed" % sys.argv[1]})
    for line in sys.stdin if found else ():
        name, *arguments = json.loads(line)
        try:
            if name.startswith("torch"):
                torch._dynamo.reset()
            answer({"us": globals()[name](*arguments)})
        except Exception as error:
            answer({"error": (str(error).strip() or type(error).__name__).splitlines()[0][:200]})
        if name.startswith("t"):
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
