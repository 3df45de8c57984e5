from ganlab.callbacks.log import MetricsFile, read_metrics


def test_rows_of_a_run(finished):
    rows = read_metrics(finished / "metrics.csv")
    assert [row["iteration"] for row in rows] == ["10", "20", "30", "40"]
    assert all(0 <= float(row[name]) <= 1 for row in rows for name in ("d_real", "d_fake", "accuracy_real"))


def test_late_columns_are_empty_before(tmp_path):
    file = MetricsFile(tmp_path / "metrics.csv")
    file.append({"iteration": 1, "loss": 0.5})
    file.append({"iteration": 2, "loss": 0.25, "fid": 9.0})
    file.append({"iteration": 3, "loss": 0.125})
    text = (tmp_path / "metrics.csv").read_text().split()
    assert text == ["iteration,loss,fid", "1,0.5,", "2,0.25,9.0", "3,0.125,"]


def test_resuming_drops_rows_that_come_again(tmp_path):
    file = MetricsFile(tmp_path / "metrics.csv")
    for iteration in (10, 20, 30):
        file.append({"iteration": iteration})
    again = MetricsFile(tmp_path / "metrics.csv")
    again.forget_after(20)
    again.append({"iteration": 25})
    assert [row["iteration"] for row in read_metrics(tmp_path / "metrics.csv")] == ["10", "20", "25"]
