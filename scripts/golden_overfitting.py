#!/usr/bin/env python3
"""Writes data/golden/overfitting.json: returns of some trials, and what scipy and numpy say about them.

    python3 scripts/golden_overfitting.py

The formulas are those of the papers named in hyperrsi-core/src/backtest/statistics/overfitting/mod.rs, written here from
the papers, with every split of the cross-validation computed from the returns themselves. scipy and numpy are installed
from PyPI, pinned, into a virtual environment in a temporary folder. The output is deterministic;
hyperrsi-core/tests/overfitting_golden.rs compares the library with it.
"""
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import venv

PINNED = ["numpy==2.3.5", "scipy==1.16.3"]
TARGET = pathlib.Path(__file__).parent.parent / "data" / "golden" / "overfitting.json"
EULER = 0.5772156649015329


def sharpe(returns):
    deviation = returns.std(ddof=1)
    return float(returns.mean() / deviation) if deviation > 0 else 0.0


def splits(matrix, blocks):
    """Combinatorially symmetric cross-validation of a matrix of periods by trials."""
    import numpy
    from scipy import stats

    periods, trials = matrix.shape
    edges = [block * periods // blocks for block in range(blocks + 1)]
    logits, pasts, futures = [], [], []
    for chosen in itertools.combinations(range(blocks), blocks // 2):
        rows = {True: [], False: []}
        for block in range(blocks):
            rows[block in chosen].extend(range(edges[block], edges[block + 1]))
        past = [sharpe(matrix[rows[True], trial]) for trial in range(trials)]
        future = [sharpe(matrix[rows[False], trial]) for trial in range(trials)]
        best = int(numpy.argmax(past))
        relative = stats.rankdata(future)[best] / (trials + 1)
        logits.append(numpy.log(relative / (1 - relative)))
        pasts.append(past[best])
        futures.append(future[best])
    logits = numpy.array(logits)
    return {
        "blocks": blocks,
        "splits": len(logits),
        "probability": float((logits <= 0).mean()),
        "loss_probability": float((numpy.array(futures) < 0).mean()),
        "median_past": float(numpy.median(pasts)),
        "median_future": float(numpy.median(futures)),
        "logits": [float(value) for value in numpy.quantile(logits, [0.25, 0.5, 0.75])],
    }


def compute():
    import numpy
    from scipy import stats

    generator = numpy.random.default_rng(20250101)
    periods, trials = 125, 7
    common = generator.standard_t(4, size=periods) * 0.01
    matrix = numpy.empty((periods, trials))
    for trial in range(trials):
        own = generator.standard_t(5, size=periods) * 0.012
        matrix[:, trial] = 0.0006 * trial + 0.6 * common + own
    matrix = numpy.round(matrix, 6)
    ratios = [sharpe(matrix[:, trial]) for trial in range(trials)]
    variance = float(numpy.var(ratios, ddof=1))
    normal = stats.norm
    expected = float(
        numpy.sqrt(variance)
        * ((1 - EULER) * normal.ppf(1 - 1 / trials) + EULER * normal.ppf(1 - 1 / (trials * numpy.e)))
    )
    rows = []
    for trial in range(trials):
        returns = matrix[:, trial]
        ratio, skewness = ratios[trial], float(stats.skew(returns))
        kurtosis = float(stats.kurtosis(returns, fisher=False))
        spread = numpy.sqrt(1 - skewness * ratio + (kurtosis - 1) / 4 * ratio**2)
        above = lambda benchmark: float(normal.cdf((ratio - benchmark) * numpy.sqrt(periods - 1) / spread))
        rows.append({
            "returns": returns.tolist(),
            "sharpe": ratio,
            "skewness": skewness,
            "kurtosis": kurtosis,
            "above_zero": above(0.0),
            "deflated": above(expected),
        })
    correlation = numpy.corrcoef(matrix.T)
    mean = float(correlation[numpy.triu_indices(trials, 1)].mean())
    golden = {
        "made_by": PINNED,
        "trials": rows,
        "variance": variance,
        "expected_maximum": expected,
        "mean_correlation": mean,
        "independent": mean + (1 - mean) * trials,
        "splits": [splits(matrix, blocks) for blocks in (2, 8, 12)],
    }
    TARGET.write_text(json.dumps(golden, indent=1) + "\n")
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


def main():
    if os.environ.get("HYPERRSI_GOLDEN_READY"):
        compute()
        return
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = pathlib.Path(folder) / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PINNED], check=True)
        subprocess.run([python, __file__], check=True, env={**os.environ, "HYPERRSI_GOLDEN_READY": "1"})


if __name__ == "__main__":
    sys.exit(main())
