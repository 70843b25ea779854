"""`./dev bench`: our services beside their peers in one run, in turns, with the bounds."""

import argparse
import os
import sys
from pathlib import Path

from benchmarks import report, scaling, streams
from benchmarks.contestants import prepare_node
from benchmarks.measuring import Figures, LoadOptions, measure
from benchmarks.processes import ROOT, TESTED_CORES, other_cores
from benchmarks.scenarios import SCENARIOS, with_baseline

RESULTS = ROOT / "benchmarks" / "results"


def main() -> None:
    arguments = _arguments()
    if not other_cores() - TESTED_CORES or not TESTED_CORES & os.sched_getaffinity(0):
        sys.exit("bench: two cores are needed, one of them for the process under test alone")
    os.sched_setaffinity(0, other_cores())
    options = LoadOptions(arguments.rounds, arguments.seconds)
    if arguments.what == "scaling":
        scaling.show(options, RESULTS / "scaling.json", as_markdown=arguments.markdown)
    elif arguments.what == "streams":
        streams.show(RESULTS / "streams.json", as_markdown=arguments.markdown)
    else:
        _compare_peers(arguments, options)


def _compare_peers(arguments: argparse.Namespace, options: LoadOptions) -> None:
    baseline = arguments.baseline and arguments.baseline.resolve()
    if baseline and not (baseline / ".venv" / "bin" / "python").exists():
        sys.exit(f"bench: {baseline} has no .venv: run ./dev check there first")
    with_node = prepare_node()
    if not with_node:
        print("bench: node is not installed, its peer is left out", file=sys.stderr)
    measured: dict[str, list[Figures]] = {}
    for scenario in SCENARIOS:
        if arguments.only and scenario.name not in arguments.only:
            continue
        print(f"bench: {scenario.name} …", file=sys.stderr)
        chosen = with_baseline(scenario, baseline) if baseline else scenario
        measured[scenario.name] = measure(chosen, options, with_node=with_node)
        report.save(measured, arguments.json)
    print(report.markdown(measured)) if arguments.markdown else report.show(measured)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("peers", "scaling", "streams"), default="peers")
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of load in a turn")
    parser.add_argument("--only", action="append", choices=names, help="may be repeated")
    parser.add_argument("--baseline", type=Path, metavar="DIR", help="also measure this checkout")
    parser.add_argument("--markdown", action="store_true", help="print tables for the docs")
    parser.add_argument("--json", type=Path, default=RESULTS / "peers.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
