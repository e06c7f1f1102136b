"""The page in a real browser: what it shows and asks for, and that its sliders, keys and panels work."""

import struct

import pytest

import natrium
from natrium.explore import Explorer, explore
from natrium.model.files.new import template
from tests.explore.browser import Browser, find_browser

pytestmark = pytest.mark.skipif(
    find_browser() is None, reason="there is no Chromium here to open the page in"
)
NEAR = 1e-8  # ms
READY = (
    "typeof state !== 'undefined' && state.run !== undefined && (!CODE.fires || state.rates !== undefined)"
)
DONE = "state.rates?.done"


@pytest.fixture(scope="module")
def browser():
    one = Browser(find_browser())
    yield one
    one.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    made = {}

    def page(name):
        if name not in made:
            scripts = natrium.notebook.SCRIPTS
            model = scripts[name]() if name in scripts else natrium.loads(template(name))
            made[name] = folder / f"{name}.html"
            Explorer(model, name).save(made[name])
        return made[name]

    return page


def is_quiet(browser):
    outside = [url for url in browser.asked_for if not url.startswith(("file:", "blob:", "data:", "about:"))]
    return browser.said == [] and outside == []


def move(browser, slider, value):
    """Move a slider as a hand does; give the values that the page then has."""
    browser.run(
        f"(() => {{ const s = document.getElementById('{slider}'); s.value = {value};"
        " s.dispatchEvent(new Event('input')); state.run = undefined; })()"
    )
    browser.until("state.run !== undefined")
    return browser.run("state.run.spikes.map((one) => one.t)"), browser.run("tomlOf(state)")


def spikes_of(toml):
    model = natrium.loads(toml)
    return natrium.simulate(
        model.neuron, model.stimulus, t_end=model.simulation.t_end, rtol=1e-12
    ).spike_times


def test_the_page_is_one_file_that_asks_for_nothing(pages):
    text = pages("lif_na").read_text(encoding="utf-8")
    assert len(text) < 100_000
    assert "http" not in text
    assert "{{" not in text.replace("${{", "")


def test_it_opens_and_follows_a_slider(browser, pages):
    browser.open(pages("lif_na"))
    browser.until(READY)
    truth = spikes_of(browser.run("tomlOf(state)"))
    assert browser.run("state.run.spikes.map((one) => one.t)") == pytest.approx(truth, rel=0.0, abs=NEAR)
    spikes, toml = move(browser, "p-g_Na", 151.0)
    assert natrium.loads(toml).neuron.channels[0].g == 151.0
    assert spikes == pytest.approx(spikes_of(toml), rel=0.0, abs=NEAR)
    browser.run("document.getElementById('reset').click(); state.run = undefined")
    browser.until("state.run !== undefined")
    assert browser.run("state.values.g_Na") == 120.0
    assert [row["kind"] for row in browser.run("state.rests")] == ["stable focus"]
    assert is_quiet(browser)


def test_keys_change_the_rule_the_theme_and_the_start(browser, pages):
    browser.open(pages("lif_na"))
    browser.until(READY)
    press = "dispatchEvent(new KeyboardEvent('keydown', {key: '%s', bubbles: true}))"
    browser.run(press % "h")
    assert browser.run("state.rule") == "clamp"
    browser.run(press % "d")
    assert browser.run("document.documentElement.dataset.theme") == "dark"
    browser.run("$('plane')." + press % "ArrowRight")
    browser.until("state.run !== undefined && state.given.y[0] > -69.9")
    V, m, h = browser.run("Array.from(state.given.y)")
    lift = natrium.planar(natrium.notebook.lif_na().neuron).gates(V, h)
    assert [m, h] == pytest.approx(lift.tolist(), abs=1e-12)
    assert is_quiet(browser)


def test_a_number_that_breaks_a_rule_is_refused_with_its_reason(browser, pages):
    browser.open(pages("lif_na"))
    browser.until(READY)
    move_to = "(() => { const n = $('p-tau_m-n'); n.value = '%s'; n.dispatchEvent(new Event('change')); })()"
    browser.run(move_to % "-1")
    assert browser.run("$('status').textContent") == "tau_m must be above 0, got -1"
    assert browser.run("state.values.tau_m") == 10.0


def test_a_notebook_s_frame_runs_it(browser, tmp_path):
    frame = tmp_path / "frame.html"
    frame.write_text(
        f"<!DOCTYPE html><body>{explore(natrium.notebook.lif_na())._repr_html_()}</body>", encoding="utf-8"
    )
    browser.open(frame)
    # Its frame is sandboxed: that it runs is told by what it asks for, its worker.
    browser.until("document.querySelector('iframe') !== null")
    assert "sandbox" in browser.run("document.querySelector('iframe').outerHTML")
    assert is_quiet(browser)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lif", "lif_na", "lif_na2", "adex", "hodgkin-huxley"])
def test_every_slider_in_the_browser(browser, pages, name):
    browser.open(pages(name))
    browser.until(READY)
    sliders = browser.run("[...document.querySelectorAll('aside input[type=range]')].map((one) => one.id)")
    assert len(sliders) > 6
    for slider in sliders:
        browser.run("document.getElementById('reset').click()")
        least, most = browser.run(f"(({{min, max}}) => [Number(min), Number(max)])($('{slider}'))")
        browser.run(
            f"$('{slider}').value = {least + 0.55 * (most - least)}; $('{slider}').dispatchEvent(new Event('input'));"
        )
        browser.until(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
        )
        if browser.run("$('status').textContent"):
            continue
        found, toml = browser.run("[state.run.spikes.map((one) => one.t), tomlOf(state)]")
        assert found == pytest.approx(spikes_of(toml), rel=0.0, abs=NEAR), slider
    assert is_quiet(browser)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "dark"), [(1360, False), (1360, True), (390, False)])
@pytest.mark.parametrize("name", ["lif", "lif_na2", "adex", "morris-lecar"])
def test_panels_are_drawn(browser, pages, tmp_path, name, width, dark):
    browser.open(pages(name), width=width, height=850, dark=dark)
    browser.until(f"({READY}) && ({DONE})")
    assert browser.run("document.documentElement.scrollWidth") <= width
    for panel in ("V", "gates", "input", "plane", "rates", "script"):
        if browser.run(f"$('{panel}').offsetParent === null"):
            assert name == "lif"
            continue
        shot = browser.picture(tmp_path / f"{panel}.png", f"#{panel}").read_bytes()
        wide, high = struct.unpack(">II", shot[16:24])
        assert wide > 0.5 * min(width, 1000) * (0.5 if width > 600 else 1.0)
        assert high > 100
        colours = browser.run(
            f"(() => {{ const c = $('{panel}'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
            " const seen = new Set(); for (let k = 0; k < d.length; k += 4) if (d[k + 3] > 200) seen.add(d[k] << 16 | d[k + 1] << 8 | d[k + 2]); return seen.size; })()"
        )
        assert colours > 3
    assert is_quiet(browser)
