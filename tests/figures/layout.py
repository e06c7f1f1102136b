"""What every figure's layout keeps to."""


def whole(figure):
    """Nothing lies outside of the figure, and no legend on the axes."""
    figure.draw_without_rendering()
    box, frame = figure.get_tightbbox(), figure.bbox.bounds
    assert min(box.x0, box.y0) >= -0.01
    assert box.x1 * figure.dpi <= frame[2] + 1
    assert box.y1 * figure.dpi <= frame[3] + 1
    legends = [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]
    for legend in legends:
        assert not any(legend.get_window_extent().overlaps(ax.get_window_extent()) for ax in figure.axes)
