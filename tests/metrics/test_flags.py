import pytest

from ganlab.metrics.flags import accuracies, find_flags

FLOOR = {"fid": 0.1, "recall": 0.8}


def rows(accuracy=0.8, accuracy_fake=None, gradient=0.5, evaluations=4, **measured):
    """Four windows of 100 iterations with a log point every 10 and an evaluation at the end of each."""
    found = []
    for iteration in range(10, 100 * evaluations + 1, 10):
        row = {"iteration": float(iteration), "accuracy_real": accuracy}
        row["accuracy_fake"] = accuracy if accuracy_fake is None else accuracy_fake
        row["gradient_generator"] = gradient
        if iteration % 100 == 0:
            row |= {name: v[iteration // 100 - 1] if isinstance(v, list) else v for name, v in measured.items()}
        found.append(row)
    return found


HEALTHY = {"fid": [4, 3, 2, 1], "recall": 0.5, "modes": 10, "copies": 0.02}


@pytest.mark.parametrize(
    ("flag", "constructed"),
    [
        (None, {}),
        ("collapsed", {"recall": 0.1}),
        ("collapsed", {"modes": 6}),
        ("memorised", {"copies": 0.3}),
        ("saturated", {"accuracy": 1.0, "gradient": 1e-5}),
        (None, {"accuracy": 1.0}),  # D wins, but G still learns
        (None, {"gradient": 1e-5}),
        ("equilibrium", {"accuracy": 0.52}),
        (None, {"accuracy": 1.0, "accuracy_fake": 0.0}),  # D calls everything real
        ("best_far_from_final", {"fid": [4, 1, 1.2, 2]}),
        (None, {"fid": [4, 1, 1.2, 1.3]}),
    ],
)
def test_constructed_cases(flag, constructed):
    flags = find_flags(rows(**(HEALTHY | constructed)), FLOOR, classes=10, every=100)
    assert list(flags) == ([flag] if flag else [])
    assert all(reason.endswith(".") for reason in flags.values())


def test_without_evaluations():
    assert find_flags(rows(), {}, 0, 100) == {}
    assert find_flags([{"iteration": 10.0, "loss_classifier": 1.0}], {}, 0, 100) == {}


def test_accuracies_are_means_over_windows():
    points = [{"iteration": i, "accuracy_real": a, "accuracy_fake": 0.5} for i, a in ((50, 1), (100, 0), (150, 1))]
    assert accuracies(points, 100) == [(0.5, 0.5), (1, 0.5)]
    assert [accuracy.mean for accuracy in accuracies(points, 100)] == [0.5, 0.75]
