"""Table, JSON and exit code of the findings."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from tools.platform_canary.asking import Finding

UNCHANGED, CHANGED, NOT_ASKED = 0, 1, 2
CHANGES = frozenset({"not needed", "broken"})


def exit_code(findings: Sequence[Finding]) -> int:
    """A change goes before a service that could not be asked: it holds without that one."""
    verdicts = {one.verdict for one in findings}
    if verdicts & CHANGES:
        return CHANGED
    return NOT_ASKED if "not asked" in verdicts or not findings else UNCHANGED


def as_json(findings: Sequence[Finding]) -> str:
    report = {"exit_code": exit_code(findings), "findings": [asdict(one) for one in findings]}
    return json.dumps(report, indent=2, ensure_ascii=False)


def as_table(findings: Sequence[Finding]) -> str:
    return "\n".join(_lines(findings))


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    """All workarounds, then the expectations that do not hold, then the sums."""
    shown = [one for one in findings if one.kind == "workaround" or one.verdict != "holds"]
    rows = [("", "service", "verdict", "name", "answer")]
    rows += [(one.kind, one.service, one.verdict, one.name, one.seen) for one in shown]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row, finding in zip(rows, [None, *shown], strict=True):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([*cells, row[4]]).rstrip()
        if finding and finding.verdict == "not needed":
            yield f"{'':{widths[0]}}  could go: {', '.join(finding.files)}"
    sums = Counter((one.kind, one.verdict) for one in findings)
    yield ""
    yield ", ".join(f"{count} {kind}s {verdict}" for (kind, verdict), count in sums.items())
