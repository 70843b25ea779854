"""Build the demo data: `python -m devstack.seed [--fresh]`."""

import argparse
import sys

from devstack.seed.dataset import load_dataset
from devstack.seed.store import database_path, delete_ledger, write_dataset


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m devstack.seed", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="replace what is there")
    fresh: bool = parser.parse_args().fresh
    path = database_path()
    if path.exists() and not fresh:
        sys.stdout.write(f"{path} is seeded already; --fresh builds it again.\n")
        return 0
    delete_ledger(path.parent)
    dataset = load_dataset()
    write_dataset(dataset, path)
    sys.stdout.write(f"{path}: {len(dataset.batches)} batches, {len(dataset.texts)} texts.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
