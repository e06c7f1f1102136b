"""Published folds and Hopf points of well-known cells, and what follows from them without a run.

Morris & Lecar 1981 (the numbers of Rinzel & Ermentrout), its fast kin in MATCONT's paper, Izhikevich's
persistent sodium with potassium, Touboul & Brette's adaptive exponential neuron, and the fold of Wang and
Buzsaki's interneuron, all by the exact curve of equilibria.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import attrs
import numpy as np

from natrium.analysis.equilibria.bifurcations import Hopf
from natrium.analysis.equilibria.curve import EquilibriumCurve, equilibrium_curve
from natrium.analysis.equilibria.implicit import held_input
from natrium.analysis.papers.adex_reset import TOUBOUL_BRETTE, adex
from natrium.analysis.papers.claim import Claim, Source
from natrium.model import HybridNeuron
from natrium.model.root import find_root

UNOPENED = "neither text nor record could be opened here; its numbers are those that were handed to us"

MATCONT = Source(
    "A. Dhooge, W. Govaerts, Y. A. Kuznetsov",
    "MATCONT: a MATLAB package for numerical bifurcation analysis of ODEs",
    "ACM Trans. Math. Softw. 29, 141-164",
    2003,
    "10.1145/779359.779362",
    UNOPENED,
)
MORRIS_LECAR = Source(
    "C. Morris, H. Lecar",
    "Voltage oscillations in the barnacle giant muscle fiber",
    "Biophys. J. 35, 193-213",
    1981,
    "10.1016/S0006-3495(81)84782-0",
    f"{UNOPENED}; the sets of constants are those of Rinzel and Ermentrout's chapter",
)
IZHIKEVICH = Source(
    "E. M. Izhikevich",
    "Dynamical Systems in Neuroscience",
    "MIT Press, ch. 4, 6",
    2007,
    "10.7551/mitpress/2526.001.0001",
    UNOPENED,
)
WANG_BUZSAKI = Source(
    "N. Fourcaud-Trocmé, D. Hansel, C. van Vreeswijk, N. Brunel",
    "How spike generation mechanisms determine the neuronal response to fluctuating inputs",
    "J. Neurosci. 23, 11628-11640",
    2003,
    "10.1523/JNEUROSCI.23-37-11628.2003",
    UNOPENED,
)


def fast_morris_lecar() -> HybridNeuron:
    """Give MATCONT's example: no units; its current y is the input, z = 0.1."""
    return HybridNeuron(
        equations={
            "V": "I - 0.5*(V + 0.5) - 2*w*(V + 0.7) - 0.5*(1 + tanh((V + 0.01)/0.15))*(V - 1)",
            "w": "1.15*(0.5*(1 + tanh((V - z)/0.145)) - w)*cosh((V - 0.1)/0.29)",
        },
        parameters={"z": 0.1},
        initial={"V": 0.0, "w": 0.0},
    )


def morris_lecar(phi: float, V3: float = 12.0, V4: float = 17.4, g_Ca: float = 4.0) -> HybridNeuron:
    """Give Morris and Lecar's cell: mS/cm^2, uA/cm^2, uF/cm^2."""
    return HybridNeuron(
        equations={
            "V": "(I - 2*(V + 60) - g_Ca*(1 + tanh((V + 1.2)/18))/2*(V - 120) - 8*w*(V + 84))/20",
            "w": "phi*((1 + tanh((V - V3)/V4))/2 - w)*cosh((V - V3)/(2*V4))",
        },
        parameters={"phi": phi, "V3": V3, "V4": V4, "g_Ca": g_Ca},
        initial={"V": -40.0, "w": 0.0},
        input_unit="uA/cm^2",
    )


def sodium_potassium(E_L: float, half: float) -> HybridNeuron:
    """Give the persistent sodium and potassium cell, by the potassium's midpoint (mV)."""
    return HybridNeuron(
        equations={
            "V": "I - 8*(V - E_L) - 20*(V - 60)/(1 + exp(-(V + 20)/15)) - 10*n*(V + 90)",
            "n": "1/(1 + exp(-(V - half)/5)) - n",
        },
        parameters={"E_L": E_L, "half": half},
        initial={"V": -65.0, "n": 0.0},
        input_unit="uA/cm^2",
    )


def wang_buzsaki() -> HybridNeuron:
    """Give Wang and Buzsaki's interneuron, its m at its steady state."""
    alpha, beta = "0.1*(V + 35)/(1 - exp(-0.1*(V + 35)))", "4*exp(-(V + 60)/18)"
    return HybridNeuron(
        equations={
            "V": f"I - 0.1*(V + 65) - 35*({alpha}/({alpha} + {beta}))**3*h*(V - 55) - 9*n**4*(V + 90)",
            "h": "5*(0.07*exp(-(V + 58)/20)*(1 - h) - h/(1 + exp(-0.1*(V + 28))))",
            "n": "5*(0.01*(V + 34)/(1 - exp(-0.1*(V + 34)))*(1 - n) - 0.125*exp(-(V + 44)/80)*n)",
        },
        initial={"V": -64.0, "h": 0.78, "n": 0.09},
        input_unit="uA/cm^2",
    )


def omega_lyapunov(neuron: HybridNeuron, point: Hopf) -> float:
    """Give omega l1, l1 the first Lyapunov coefficient of the eigenvector of length 1."""
    values, vectors = np.linalg.eig(held_input(neuron).jacobians(np.array([point.V]))[0])
    q = vectors[:, int(np.argmax(values.imag))]
    omega = 2e-3 * np.pi * point.frequency
    return float(omega * point.lyapunov / np.linalg.norm(q / q[0]) ** 2)


def neutral_saddle(neuron: HybridNeuron, low: float, high: float) -> float:
    """Give the input at which the two eigenvalues of a saddle between two V cancel."""
    steady = held_input(neuron)

    def trace(V: float) -> float:
        return float(np.trace(steady.jacobians(np.array([V]))[0]))

    return float(steady(find_root(trace, low, high, xtol=1e-15)))


@attrs.frozen(eq=False, slots=False)
class PublishedEquilibria:
    """The curves of equilibria of cells that papers are about."""

    # fast, hopf, class_1 and homoclinic: Morris and Lecar's: MATCONT's, and three sets of constants.
    fast: EquilibriumCurve
    hopf: EquilibriumCurve
    class_1: EquilibriumCurve
    homoclinic: EquilibriumCurve
    # high and low: persistent sodium with potassium that opens at high, or low, V.
    high: EquilibriumCurve
    low: EquilibriumCurve
    adaptive: EquilibriumCurve  # the adaptive exponential neuron
    interneuron: EquilibriumCurve  # Wang and Buzsaki's

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """Folds, Hopf points and what follows from them."""
        return (*self._of_matcont(), *self._of_morris_lecar(), *self._of_others())

    def _of_matcont(self) -> list[Claim]:
        """State what MATCONT's paper gives, to its digits."""
        curve, neuron = self.fast, fast_morris_lecar()
        (point,) = curve.hopf
        low, high = sorted(fold.I for fold in curve.folds)
        bounds = sorted(fold.V for fold in curve.folds)
        rows = [
            ("fast Morris-Lecar: Hopf point at y", 0.075658, point.I, 1e-6, "paper"),
            ("fast Morris-Lecar: fold at y", -0.020727, low, 1e-6, "paper"),
            ("fast Morris-Lecar: fold at y", 0.083257, high, 1e-6, "paper"),
            ("fast Morris-Lecar: V of the Hopf point", 0.0367562976407, point.V, 1e-12, "other means"),
            (
                "fast Morris-Lecar: a saddle is neutral at y",
                0.0332070834464,
                neutral_saddle(neuron, *bounds),
                1e-12,
                "other means",
            ),
            ("fast Morris-Lecar: omega l1", 8.2390137, omega_lyapunov(neuron, point), 1e-6, "other means"),
        ]
        published = "Published, by differences: 8.238955."
        return [
            _claim(MATCONT, what, expected, got, within, "", origin, published if "l1" in what else "")
            for what, expected, got, within, origin in rows
        ]

    def _of_morris_lecar(self) -> list[Claim]:
        unit, first = "uA/cm2", "Morris-Lecar"
        low, high = sorted(point.I for point in self.hopf.hopf)
        rows = [
            (f"{first}, phi = 0.04, V3 = 2, V4 = 30, g_Ca = 4.4: first Hopf point", 93.8576183737, low),
            (f"{first}, phi = 0.04, V3 = 2, V4 = 30, g_Ca = 4.4: second Hopf point", 212.0188161, high),
            (f"{first}, phi = 1/15: fold", 39.9631530927, max(one.I for one in self.class_1.folds)),
            (f"{first}, phi = 1/15: Hopf point", 97.787888964, self.class_1.hopf[0].I),
            (f"{first}, phi = 0.23: Hopf point", 36.3162174962, self.homoclinic.hopf[0].I),
        ]
        return [
            _claim(MORRIS_LECAR, what, value, got, 1e-7 if "second" in what else 1e-9, unit)
            for what, value, got in rows
        ]

    def _of_others(self) -> list[Claim]:
        curve = self.adaptive
        system = curve.neuron.system
        known = dict(zip((symbol.name for symbol in system.parameters), system.values, strict=True))
        g, a, gap = known["g_L"], known["a"], known["V_T"] - known["E_L"] - known["Delta_T"]
        ratio = known["C"] / (g * known["tau_w"])
        fold = (g + a) * (gap + known["Delta_T"] * np.log1p(a / g))
        hopf = (g + a) * (gap + known["Delta_T"] * np.log1p(ratio)) + known["Delta_T"] * g * (a / g - ratio)
        return [
            _claim(
                IZHIKEVICH,
                "persistent sodium + potassium, high threshold: rest and saddle meet",
                4.5128676303,
                max(one.I for one in self.high.folds),
                1e-9,
                "uA/cm2",
                note="Published: 4.51.",
            ),
            _claim(
                IZHIKEVICH,
                "persistent sodium + potassium, low threshold: Hopf point",
                14.6590400241,
                min(one.I for one in self.low.hopf),
                1e-9,
                "uA/cm2",
                note="Published: 14.66.",
            ),
            _claim(
                TOUBOUL_BRETTE,
                "adaptive exponential neuron: I_SN, by the paper's formula",
                fold,
                max(one.I for one in curve.folds),
                1e-9,
                "pA",
                "theory",
                "627.311 pA of the authors' constants (tau_w 144 ms, a 4 nS).",
            ),
            _claim(
                TOUBOUL_BRETTE,
                "adaptive exponential neuron: I_AH, by the paper's formula",
                hopf,
                curve.hopf[0].I,
                1e-9,
                "pA",
                "theory",
                "627.182 pA of the same.",
            ),
            _claim(
                WANG_BUZSAKI,
                "Wang-Buzsaki interneuron: rest and saddle meet",
                0.16008632717,
                max(one.I for one in self.interneuron.folds),
                1e-10,
                "uA/cm2",
            ),
        ]


def _claim(
    source: Source,
    what: str,
    expected: float,
    got: float,
    tolerance: float,
    unit: str = "",
    origin: str = "other means",
    note: str = "",
) -> Claim:
    """State a row."""
    return Claim(
        claim=what,
        source=source,
        expected=expected,
        got=got,
        tolerance=tolerance,
        unit=unit,
        origin=origin,  # type: ignore[arg-type]  # one of the four
        note=note,
    )


def published_equilibria(progress: Callable[[str], None] | None = None) -> PublishedEquilibria:
    """Find the equilibria of all these cells."""
    (progress or (lambda message: None))("Folds and Hopf points of well-known cells")
    return PublishedEquilibria(
        fast=equilibrium_curve(fast_morris_lecar()),
        hopf=equilibrium_curve(morris_lecar(0.04, 2.0, 30.0, 4.4)),
        class_1=equilibrium_curve(morris_lecar(1.0 / 15.0)),
        homoclinic=equilibrium_curve(morris_lecar(0.23)),
        high=equilibrium_curve(sodium_potassium(-80.0, -25.0)),
        low=equilibrium_curve(sodium_potassium(-78.0, -45.0)),
        adaptive=equilibrium_curve(adex(-58.0).changed({"tau_w": 144.0})),
        interneuron=equilibrium_curve(wang_buzsaki()),
    )
