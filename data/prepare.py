#!/usr/bin/env python3
"""Re-create btcusdt_1h.csv.gz and btcusdt_15m.csv.gz from the PyPI package they come from.

    python3 -m pip install pyarrow           (reads the package's Parquet files)
    python3 prepare.py [OUTPUT_DIR]          (default: the directory of this script)

Needs Python 3.11+, pip and pyarrow. It downloads the source distribution of vaquum-limen 5.46.2
(MIT) through pip, checks the archive's sha256, reads two members, validates, converts and writes.
"""
import gzip
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

PACKAGE, VERSION = "vaquum-limen", "5.46.2"
SDIST_SHA256 = "2cee5aa42c512ba5dee0d3f2e4af880fc5db1751450794a9a343a221e1ce1640"
FIXTURES = "vaquum_limen-5.46.2/tests/fixtures/"
# (member, output, bar length in ms, rows, sha256 of the CSV, sha256 of the gzip file)
SERIES = [
    ("spot_1h_20240101_20241231.parquet", "btcusdt_1h.csv.gz", 3_600_000, 8_784,
     "e8a0cef3741bdefdc20221f893edc368030687d830be6d956713454ede173952",
     "31ab5ed6d3dc5eb0fa1d77ec1326dcd50edbb1b29ea8032a6348414a0f5d73e9"),
    ("spot_15m_20250101_20250531.parquet", "btcusdt_15m.csv.gz", 900_000, 14_496,
     "3016c37519adc60f363e4a6761f139b2d33233afed2b8dc5d0a5ff2adca365b5",
     "de29147d3fd0d416822ce01b150c7e0ee601a59bb97012bb1621ec10328252a5"),
]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def download() -> bytes:
    """The raw bytes of the sdist, fetched with pip by name and pinned version."""
    with tempfile.TemporaryDirectory() as tmp:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
             "--disable-pip-version-check", "--no-binary", PACKAGE,
             "--dest", tmp, f"{PACKAGE}=={VERSION}"],
            check=True,
        )
        (archive,) = Path(tmp).glob("*.tar.gz")
        data = archive.read_bytes()
    if sha256(data) != SDIST_SHA256:
        raise SystemExit(f"unexpected archive: sha256 {sha256(data)}")
    return data


def number(value: float, places: int) -> str:
    """The shortest decimal that reads back as this double; at most `places` decimals."""
    text = repr(value).removesuffix(".0")
    if "e" in text or len(text.partition(".")[2]) > places:
        raise SystemExit(f"float noise in the source: {text}")
    return text


def convert(parquet: bytes, step_ms: int, rows: int) -> bytes:
    table = pq.read_table(io.BytesIO(parquet))
    stamps = table.column("datetime").cast("int64").to_pylist()  # ms since the epoch, UTC
    columns = [table.column(c).to_pylist() for c in ("open", "high", "low", "close", "volume")]
    bars = sorted(zip(stamps, *columns))

    assert len(bars) == rows, len(bars)
    for before, after in zip(bars, bars[1:]):
        assert after[0] - before[0] == step_ms, f"gap or duplicate at {after[0]}"
    out = ["ts_ms,open,high,low,close,volume"]
    for ts, o, h, l, c, v in bars:
        # a NaN fails these comparisons too
        assert ts % step_ms == 0 and h >= max(o, c) and min(o, c) >= l > 0 and v >= 0, ts
        prices = (number(p, 2) for p in (o, h, l, c))
        out.append(",".join((str(ts), *prices, number(v, 6))))
    return ("\n".join(out) + "\n").encode("ascii")


def pack(data: bytes) -> bytes:
    """gzip -9 without a name or a time."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as gz:
        gz.write(data)
    return buffer.getvalue()


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(download()), mode="r:gz") as tar:
        for member, output, step_ms, rows, csv_sha256, gz_sha256 in SERIES:
            data = convert(tar.extractfile(FIXTURES + member).read(), step_ms, rows)
            packed = pack(data)
            print(f"{sha256(data)}  {output.removesuffix('.gz')} ({len(data)} bytes)")
            print(f"{sha256(packed)}  {output} ({len(packed)} bytes)")
            (target / output).write_bytes(packed)
            if sha256(data) != csv_sha256:
                raise SystemExit("the CSV differs from the recorded one")
            if sha256(packed) != gz_sha256:
                # another zlib may compress differently; the content above is the same
                print("note: same CSV, other compressed bytes (other zlib)", file=sys.stderr)


if __name__ == "__main__":
    main()
