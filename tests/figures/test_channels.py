"""Channels drawn: each gate's curves are those of the model, and all panels have one."""

import numpy as np
import pytest

import natrium
from natrium.figures.channels import channel_curves, plot_channels
from natrium.figures.style import spread

PLAIN = [name for name, channel in natrium.CHANNELS.items() if not channel.reads_calcium]


@pytest.mark.parametrize("name", PLAIN)
def test_curves_are_the_gates_own(name):
    channel = natrium.CHANNELS[name]
    curves = channel_curves(channel)
    assert list(curves) == [gate.name for gate in channel.gates]
    for gate in channel.gates:
        V, open_, tau = curves[gate.name]
        at = int(np.argmin(abs(V + 55.25)))
        v = float(V[at])
        if gate.inf is not None:
            assert open_[at] == pytest.approx(float(gate.inf.written()(v)), rel=1e-9)
            assert (tau is None) == (gate.tau is None)
        if gate.tau is not None:
            assert tau[at] == pytest.approx(float(gate.tau.written()(v)), rel=1e-9)
        if gate.alpha is not None and gate.beta is not None:
            rates = float(gate.alpha.written()(v)), float(gate.beta.written()(v))
            assert (open_[at], tau[at]) == pytest.approx((rates[0] / sum(rates), 1.0 / sum(rates)), rel=1e-9)


def test_a_gate_of_calcium_has_curves_at_round_concentrations():
    """alpha = min(Ca/50000, 0.01), beta = 0.001: open by Ca/(Ca + 50), up to 10/11 from 500 on."""
    curves = channel_curves(natrium.CHANNELS["pinsky_rinzel_ahp"])
    assert list(curves) == ["q, Ca = 5", "q, Ca = 50", "q, Ca = 500"]
    for name, (_, open_, tau) in curves.items():
        level = float(name.split("=")[1])
        assert open_ == pytest.approx(np.full(open_.shape, level / (level + 50.0)), rel=1e-12)
        assert tau == pytest.approx(np.full(open_.shape, 1000.0 / (1.0 + level / 50.0)), rel=1e-12)
    figure = plot_channels({name: natrium.CHANNELS[name] for name in ("pinsky_rinzel_c", "m_current")})
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert texts == ["c", "chi, Ca = 20", "chi, Ca = 100", "chi, Ca = 200"]


def test_every_channel_has_two_panels():
    chosen = {
        name: natrium.CHANNELS[name] for name in ("hh_sodium", "m_current", "izhikevich_persistent_sodium")
    }
    figure = plot_channels(chosen)
    shown = [ax for ax in figure.axes if ax.get_visible()]
    assert len(shown) == 6
    assert [ax.get_title() for ax in shown if ax.get_title()] == [name.replace("_", " ") for name in chosen]
    assert "instantaneous" in [text.get_text() for ax in shown for text in ax.texts]
    spread(figure)
