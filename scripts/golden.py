#!/usr/bin/env python3
"""Writes data/golden/*.csv: what TA-Lib computes on the first candles of the bundled candle files.

    python3 scripts/golden.py data/btcusdt_15m.csv.gz

TA-Lib and numpy are installed from PyPI, pinned, into a virtual environment in a temporary folder. The output is
deterministic; hyperrsi-core/tests/indicator_golden.rs compares the library with it.
"""
import argparse
import csv
import gzip
import os
import pathlib
import subprocess
import sys
import tempfile
import venv

PINNED = ["ta-lib==0.6.8", "numpy==2.3.5"]
ROWS = 1400


def compute(source: pathlib.Path, out: pathlib.Path, rows: int) -> None:
    import numpy
    import talib

    opened = gzip.open(source, "rt") if source.suffix == ".gz" else source.open()
    with opened as file:
        candles = [row for _, row in zip(range(rows), csv.DictReader(file))]
    high, low, close = (numpy.array([float(c[k]) for c in candles]) for k in ("high", "low", "close"))
    upper, _, lower = talib.BBANDS(close, 20, 2, 2)
    line, signal, histogram = talib.MACD(close, 12, 26, 9)
    columns = {
        "rsi_14": talib.RSI(close, 14),
        "sma_20": talib.SMA(close, 20),
        "ema_20": talib.EMA(close, 20),
        "wma_20": talib.WMA(close, 20),
        "atr_14": talib.ATR(high, low, close, 14),
        "stdev_20": talib.STDDEV(close, 20),
        "bb_up_20_2": upper,
        "bb_low_20_2": lower,
        "plus_di_14": talib.PLUS_DI(high, low, close, 14),
        "minus_di_14": talib.MINUS_DI(high, low, close, 14),
        "adx_14_14": talib.ADX(high, low, close, 14),
        "macd": line,
        "macd_signal": signal,
        "macd_hist": histogram,
        "t3_5": talib.T3(close, 5, 0.7),
        "kama_10_2_30": talib.KAMA(close, 10),
    }
    out.mkdir(parents=True, exist_ok=True)
    target = out / (source.name.removesuffix(".gz").removesuffix(".csv") + ".csv")
    with target.open("w") as file:
        file.write(",".join(["ts_ms", "high", "low", "close", *columns]) + "\n")
        for i, candle in enumerate(candles):
            values = ("" if v[i] != v[i] else f"{v[i]:.12g}" for v in columns.values())
            head = [candle["ts_ms"], *(repr(float(x[i])) for x in (high, low, close))]
            file.write(",".join([*head, *values]) + "\n")
    print(f"{target}: {len(candles)} rows, {target.stat().st_size} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("candles", nargs="+", type=pathlib.Path, help="CSV or CSV.gz with ts_ms,open,high,low,close,volume")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent / "data" / "golden")
    parser.add_argument("--rows", type=int, default=ROWS)
    args = parser.parse_args()
    if os.environ.get("HYPERRSI_GOLDEN_VENV") != "1":
        with tempfile.TemporaryDirectory() as folder:
            venv.create(folder, with_pip=True)
            python = pathlib.Path(folder) / "bin" / "python"
            subprocess.run([python, "-m", "pip", "install", "--quiet", *PINNED], check=True)
            subprocess.run([python, __file__, *sys.argv[1:]], check=True, env={**os.environ, "HYPERRSI_GOLDEN_VENV": "1"})
        return
    for source in args.candles:
        compute(source, args.out, args.rows)


if __name__ == "__main__":
    main()
