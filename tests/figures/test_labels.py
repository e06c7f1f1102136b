"""Names beside points: in the axes, over no other and no mark; none where there is no room."""

import numpy as np
import pytest

from natrium.figures.labels import label_points
from natrium.figures.style import canvas, lay_out, root_of, styled


def labelled(points, lines=()):
    """Boxes of the names written, in pixels, by the name; and the axis."""
    with styled():
        figure = canvas(None, 4.0, 3.0)
        ax = figure.subplots()
        ax.set(xlim=(0.0, 10.0), ylim=(0.0, 1.0))
        lay_out(root_of(figure))
        label_points(ax, points, lines)
        figure.draw_without_rendering()
    return {text.get_text(): text.get_window_extent() for text in ax.texts}, ax


CROWDED = [(2.0 + 0.02 * k, 0.5 + 0.01 * k, f"PD {7.9 + 0.001 * k:.3f}") for k in range(6)]


@pytest.mark.parametrize("points", [CROWDED, [(0.0, 0.0, "corner"), (10.0, 1.0, "other corner")]])
def test_names_lie_apart_within_the_axes(points):
    boxes, ax = labelled(points)
    assert set(boxes) == {name for _, _, name in points}
    found, frame = list(boxes.values()), ax.get_window_extent()
    assert not any(a.overlaps(b) for k, a in enumerate(found) for b in found[:k])
    assert all(frame.contains(*corner) for box in found for corner in (box.min, box.max))
    marks = ax.transData.transform([point[:2] for point in points])
    assert not any(box.contains(*mark) for box in found for mark in marks)


def test_where_there_is_no_room_some_points_have_no_name():
    points = [(5.0 + 0.01 * k, 0.5, f"a name of point {k} {'too long to be read' * 2}") for k in range(16)]
    boxes = list(labelled(points)[0].values())
    assert 1 < len(boxes) < 16
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])


def test_names_give_way_to_lines():
    line = np.array([[0.0, 0.5], [10.0, 0.5]])
    boxes, ax = labelled([(5.0, 0.5, "fold")], [line])
    height = ax.transData.transform((5.0, 0.5))[1]
    assert not boxes["fold"].y0 < height < boxes["fold"].y1


def test_points_outside_of_the_axes_have_no_name():
    assert labelled([(11.0, 0.5, "beyond"), (5.0, 0.5, "within")])[0].keys() == {"within"}
