"""Each row of the truth table, as a teacher sees it on the devstack."""

import pytest

from devstack.seed import TRUTH_TABLE, Situation, load_dataset
from tests.e2e.demo_stack import DemoStack
from tests.e2e.truth_oracle import state_of

DATA = load_dataset()
BY_ID = {batch.batch_id: batch for batch in DATA.batches}
SITUATIONS = [one for one in TRUTH_TABLE if one is not Situation.NOT_IN_RESULTS]


@pytest.mark.parametrize("situation", SITUATIONS)
def test_detail_tells_what_the_sources_say_together(demo: DemoStack, situation: Situation) -> None:
    row = TRUTH_TABLE[situation]
    expected = state_of(DATA, BY_ID[row.batch_id])

    shown = demo.get_directly(row.owner, f"/batches/{row.batch_id}").json()

    assert {name: shown[name] for name in expected} == expected


def test_batch_that_only_the_orchestrator_has_is_not_there_yet(demo: DemoStack) -> None:
    row = TRUTH_TABLE[Situation.NOT_IN_RESULTS]

    answer = demo.get_directly(row.owner, f"/batches/{row.batch_id}")

    assert answer.status_code == 404
    assert answer.json()["error"]["details"] == {"reason": "not_yet_available"}
