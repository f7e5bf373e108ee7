"""All proofs of the engine, warm, beside the import of sympy, in one run.

    python tests/benchmarks/proof_speed.py [--rounds 9]

The figures are medians: the time of `prove` over every case of the engine (its trace and terms ready), over that of
`python -c "import sympy"` in a process of its own, interleaved; and the slowest single proofs.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.proof.prove import prove
from backproof.verify.proof.result import Status
from backproof.verify.subjects.engines.own import own_engine


def imported() -> float:
    """Seconds of `import sympy`, the interpreter's own start taken off."""

    def seconds(code: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - start

    return seconds("import sympy") - seconds("pass")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    obligations = []
    for operation, spec in own_engine().operations():
        case = Case(operation, spec, Options())
        assert case.proof is not None  # every rule of the engine runs on symbols
        obligations.append((f"{spec.op} {spec.case}".strip(), case.proof.obligation))
    imports, alls, singles = [], [], {name: [] for name, _ in obligations}
    for _ in range(rounds):
        imports.append(imported())
        total = 0.0
        for name, obligation in obligations:
            start = time.perf_counter()
            proof = prove(obligation)
            taken = time.perf_counter() - start
            assert proof.status is Status.PROVED, name
            singles[name].append(taken)
            total += taken
        alls.append(total)
    ratio = statistics.median(a / i for a, i in zip(alls, imports, strict=True))
    medians = sorted(((statistics.median(t), name) for name, t in singles.items()), reverse=True)
    p99 = statistics.quantiles([t for t, _ in medians], n=100)[98]
    print(f"{len(obligations)} proofs {statistics.median(alls) * 1e3:8.1f} ms   import sympy "
          f"{statistics.median(imports) * 1e3:8.1f} ms   ratio {ratio:.2f}")
    print(f"one proof: median {statistics.median(t for t, _ in medians) * 1e3:.2f} ms, p99 {p99 * 1e3:.2f} ms")
    print("slowest: " + ", ".join(f"{name} {t * 1e3:.1f} ms" for t, name in medians[:5]))


if __name__ == "__main__":
    main()
