import pytest

from ganlab.errors import UserError
from ganlab.schedule import Schedule


def test_events():
    schedule = Schedule(steps=25, log=10, eval=None, checkpoint=7)
    assert [i for i in range(1, 26) if schedule.due("log", i)] == [10, 20, 25]
    assert [i for i in range(1, 26) if schedule.due("checkpoint", i)] == [7, 14, 21, 25]
    assert schedule.every("eval") == 2  # a tenth of the run


def test_next_event():
    schedule = Schedule(steps=25, log=10, eval=20, checkpoint=20, milestones=[3])
    assert [schedule.next(i) for i in (0, 3, 10, 19, 20)] == [3, 10, 20, 20, 25]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"steps": 0}, "steps=0"),
        ({"steps": -1}, "steps=-1"),
        ({"log": 0}, r"log.every=0"),
        ({"eval": -2}, r"eval.every=-2"),
        ({"checkpoint": 0}, r"checkpoint.every=0"),
        ({"milestones": [26]}, "26 is not between 1 and steps=25"),
    ],
)
def test_bad_settings(bad, message):
    with pytest.raises(UserError, match=message):
        Schedule(**({"steps": 25, "log": 1, "eval": 1, "checkpoint": 1} | bad))
