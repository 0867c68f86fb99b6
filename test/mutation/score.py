"""How many mutants of the kernels of a training step are noticed: one for each barrier, wait, fence, commit, counter,
swizzle and predicate, run in the emulator, one at a time.

    score.py [CASE]... [--sample N] [--seed N] [--minimum 95] [--report FILE]

A CASE is MODEL:PRECISION[:TARGET[:WIDTH[:PINGPONG]]], such as digits_layer_norm:bf16 (of sm_80) or digits_layer_norm:bf16:sm_90a:1024 (with
rows of 1024 in the place of 256; a fifth number is `keel.pingpong`, the blocks whose groups of threads take turns, through eight
tiles of rows); all of them without. --sample takes N mutants of each case, drawn from the seed, kind by kind in
proportion. The last line is the score; below the minimum the exit status is 1."""
import argparse
import collections
import fnmatch
import pathlib
import random
import subprocess
import sys
import tempfile
import time

here = pathlib.Path(__file__).parent
MODELS = "digits_layer_norm", "digits_rms_norm", "digits_batch_norm", "digits_none", "residual_layer_norm"
CASES = [f"{model}:{precision}" for model in MODELS for precision in ("f32", "bf16", "bf16:sm_90a")]
# wgmma's ring of six stages comes round.
CASES.append("digits_layer_norm:bf16:sm_90a:1024")
# Ping-pong in a cluster, several tiles for each group of threads.
CASES.append("digits_layer_norm:bf16:sm_90a:256:2")
# No multiple of any tile: less than one; two, so that of the partial sums that are loaded at a time most are none; and enough
# for several and for a ring of stages to come round. What survives one is tried with the next.
BATCHES = (9, 40, 130)
# For blocks whose groups of threads take turns: seven stages of rows, so that a second turn starts at a ring's last; and eight tiles
# of rows, four turns for each group: each place of an exchange is used again.
TURNS = (9, 440, 1000)


def run(*command):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{command[0]} failed with {result.returncode}: {result.stderr.strip()}")
    return result.stdout


def sample(mutants, count, source):
    """`count` of them, each kind in proportion, but at least one."""
    kinds = collections.defaultdict(list)
    for mutant in mutants:
        kinds[mutant[1]].append(mutant)
    chosen = []
    for kind, members in sorted(kinds.items()):
        chosen += source.sample(members, min(len(members), max(1, round(count * len(members) / len(mutants)))))
    return chosen


def reasons():
    """(kind, kernel, text, reason) of survivors that change nothing, the first three as patterns."""
    lines = (here / "equivalent.txt").read_text().splitlines()
    return [tuple(part.strip() for part in line.split("|", 3)) for line in lines if line.strip() and not line.startswith("#")]


def survey(case, options, folder):
    """(mutant, verdict, detail) of each mutant of a case; a mutant is (number, kind, kernel, place, text)."""
    model, precision, target, width, pingpong = (case.split(":") + ["sm_80", "256", ""][case.count(":") - 1:])[:5]
    source, program, everything, some = (folder / name for name in ("model.mlir", "model.so", "all.tsv", "some.tsv"))
    batches = TURNS if pingpong else BATCHES
    text = (here.parent / "models" / f"{model}.mlir").read_text().replace("256", width)
    if pingpong: # aliases stay outside of the module
        aliases, body = text.split("ml_program.global", 1)
        text = f"{aliases}module attributes {{keel.pingpong = {pingpong} : i64}} {{ ml_program.global{body}\n}}\n"
    source.write_text(text)
    run("keel-compile", source, "--train=adamw", f"--precision={precision}", f"--batch={max(batches)}", f"--target={target}", "--loop=wgmma", "--emulate",
        f"--mutants={everything}", "-o", program)
    mutants = [line.split("\t") for line in everything.read_text().splitlines()]
    mutants = [mutant for mutant in mutants if mutant[2].startswith("train_step_")]
    chosen = sample(mutants, options.sample, random.Random(f"{options.seed} {case}")) if options.sample else mutants
    verdicts = {}
    for batch in batches:
        left = [mutant for mutant in chosen if verdicts.get(mutant[0], ("survived",))[0] == "survived"]
        some.write_text("".join("\t".join(mutant) + "\n" for mutant in left))
        for line in run("keel-mutants", program, some, "--rows", batch, "--seeds", options.orders).splitlines():
            if not line.startswith("#"):
                number, verdict, detail = (line.split("\t") + [""])[:3]
                verdicts[number] = (verdict, detail)
    if missing := [mutant for mutant in chosen if mutant[0] not in verdicts]:
        sys.exit(f"error: {case}: no verdict on {len(missing)} mutants, of kernel {missing[0][2]}")
    return [(mutant, *verdicts[mutant[0]]) for mutant in chosen], len(mutants)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--orders", type=int, default=4, help="orders of warps and blocks to try on a mutant that nothing notices")
    parser.add_argument("--minimum", type=float, default=95)
    parser.add_argument("--report", type=pathlib.Path, help="file for the score line")
    parser.add_argument("--verbose", action="store_true", help="each mutant, too")
    options = parser.parse_args()
    known = reasons()
    table, survivors, population = collections.defaultdict(collections.Counter), [], 0
    for case in options.cases or CASES:
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            found, total = survey(case, options, pathlib.Path(folder))
        population += total
        for mutant, verdict, detail in found:
            table[mutant[1]][verdict] += 1
            if verdict == "survived":
                survivors.append((case, mutant, detail))
            if options.verbose:
                print(case, *mutant, verdict, detail, sep="\t")
        print(f"{case}: {len(found)} of {total} mutants, {sum(verdict == 'survived' for _, verdict, _ in found)} survived, "
              f"{time.monotonic() - start:.0f} s", flush=True)
    for kind, counts in sorted(table.items()):
        print(f"{kind:16} {sum(counts.values()):5} mutants: {counts['detector']} by a check, {counts['result']} by a wrong result, "
              f"{counts['survived']} survived")
    unexplained = 0
    for case, (number, kind, kernel, place, text), detail in survivors:
        reason = next((why for one, two, three, why in known if fnmatch.fnmatch(kind, one) and fnmatch.fnmatch(kernel, two)
                       and fnmatch.fnmatch(text, three)), None)
        unexplained += reason is None
        print(f"survivor: {case} {number} {kind} {kernel} {place} {text}: {detail + ': ' if detail else ''}{reason or 'NOT EXPLAINED'}")
    mutants = sum(sum(counts.values()) for counts in table.values())
    caught = mutants - len(survivors)
    score = 100 * caught / mutants
    scope = f"a sample (seed {options.seed}) of {population}" if options.sample else "all"
    line = (f"mutation score: {score:.1f}% ({caught} of {mutants} mutants noticed, {scope}; {sum(c['detector'] for c in table.values())} by a "
            f"check of the emulator, {sum(c['result'] for c in table.values())} by a wrong result; {len(survivors)} survived)")
    print(line)
    if options.report:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(line + "\n")
    if score < options.minimum:
        sys.exit(f"error: the score is below {options.minimum}%")
    if unexplained:
        print(f"{unexplained} survivors are not explained in equivalent.txt")


main()
