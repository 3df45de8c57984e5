from PIL import Image

from ganlab.callbacks.curves import draw_curves


def test_a_panel_per_group_and_one_per_other_column(tmp_path):
    csv = tmp_path / "metrics.csv"
    csv.write_text("iteration,loss_generator,d_real\n1,0.5,0.5\n2,0.4,0.6\n")
    draw_curves(tmp_path)
    two = Image.open(tmp_path / "curves.png").height
    csv.write_text("iteration,loss_generator,d_real,fid\n1,0.5,0.5,\n2,0.4,0.6,30\n")
    draw_curves(tmp_path)
    assert Image.open(tmp_path / "curves.png").height == two * 3 / 2


def test_nothing_to_draw(tmp_path):
    draw_curves(tmp_path)
    assert not (tmp_path / "curves.png").exists()
