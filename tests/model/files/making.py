"""Models drawn at random, as a model file may hold them."""

from hypothesis import strategies as st

import natrium
from natrium.model.leak import CURRENTS
from tests.model.stimuli.inputs import single

# Awkward numbers for a file: many digits, the largest, the smallest, whole ones.
numbers = st.sampled_from((0.1 + 0.2, 1 / 3, 1e22, 1e-7, 123456789.0, 2.5, 1e16, 5e-324)) | st.floats(
    0.001, 1e3
)
names = st.sampled_from(("m", "h", "n", "p", "q1", "Ca", "class", "true", "nan", "inf", "x_2", "a" * 40))
texts = st.text(max_size=12) | st.sampled_from(
    (
        '"',
        "\\",
        "'''",
        '"""',
        "# no comment",
        "a\nb",
        "\t",
        "\0",
        "\x7f",
        "é",
        "中",
        "😀",
        "\\u0041",
        "\u2028",
        "]]",
    )
)
rates = st.sampled_from(
    (
        "0.1*(V + 40)/(1 - exp(-(V + 40)/10))",
        "4*exp(-(V+65)/18)",
        "1",
        " 0.5 ",
        "1/(1 + exp(-(V + 35)/10))",
        "abs(V)/pi",
        "V**2",
    )
)
steady = st.sampled_from(("1/(1 + exp(-(V + 30)/6))", "0.5*(1 + tanh(V/20))", "1"))
constants = st.sampled_from(("2", "1 + 5*exp(-((V + 40)/20)**2)", "0.1"))
starts = st.just("steady-state") | st.floats(0.0, 1.0)


@st.composite
def gates(draw: st.DrawFn, name: str) -> natrium.Gate:
    pair = {"alpha": draw(rates), "beta": draw(rates)}
    if draw(st.booleans()):
        pair = {"inf": draw(steady), "tau": draw(constants)}
    return natrium.Gate(name, draw(st.integers(1, 16)), initial=draw(starts), **pair)


@st.composite
def channels(draw: st.DrawFn, name: str) -> natrium.Channel:
    own = [draw(gates(gate)) for gate in draw(st.lists(names, max_size=3, unique=True))]
    return natrium.Channel(name, draw(numbers), draw(st.floats(-200, 200)), own, source=draw(texts))


leaks = st.builds(natrium.Leak, numbers, st.sampled_from(tuple(CURRENTS)), st.none() | numbers)


@st.composite
def neurons(draw: st.DrawFn) -> natrium.Neuron:
    v_thresh = draw(st.floats(-60.0, 20.0))
    below = st.floats(-120.0, -60.5)
    optional = {key: draw(below) for key in draw(st.sets(st.sampled_from(("v_reset", "v_init"))))}
    return natrium.Neuron(
        draw(numbers),
        draw(st.just(0.0) | numbers),
        draw(below),
        v_thresh,
        [draw(channels(name)) for name in draw(st.lists(names, max_size=2, unique=True))],
        refractory=draw(st.sampled_from(("hold", "clamp"))),
        leak=draw(st.none() | leaks),
        **optional,
    )


@st.composite
def simulations(draw: st.DrawFn) -> natrium.Simulation:
    t_start = draw(st.floats(-100.0, 1e6))
    return natrium.Simulation(
        t_start=t_start,
        t_end=draw(st.none() | st.floats(0.1, 1e3).map(lambda length: t_start + length)),
        solver=draw(st.sampled_from(("event", "closed-form"))),
        method=draw(st.sampled_from(("auto", "RK45", "DOP853", "Radau", "Radau13"))),
        rtol=draw(st.floats(1e-14, 0.1)),
        atol=draw(st.none() | st.floats(1e-14, 1.0)),
        dt=draw(st.none() | st.floats(1e-3, 1.0)),
    )


models = st.builds(
    lambda neuron, stimulus, simulation: natrium.Model(
        neuron=neuron, stimulus=stimulus, simulation=simulation
    ),
    neurons(),
    st.lists(single, max_size=3),
    simulations(),
)
