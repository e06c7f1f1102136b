"""What an NMODL file declares: names, numbers, ions, blocks."""

from __future__ import annotations

import math

import attrs

from natrium.imports.nmodl.source import Tree
from natrium.model.errors import CannotImport
from natrium.model.ions import FARADAY, GAS

# What NEURON makes of an ion that nothing else sets: reversal (mV), concentrations inside and outside (mM).
IONS = {"na": (50.0, 10.0, 140.0), "k": (-77.0, 54.4, 2.5), "ca": (132.4579341637009, 5e-5, 2.0)}
OTHER_ION = (0.0, 1.0, 1.0)
CELSIUS = 6.3  # NEURON's own, where nothing sets it
VALENCES = {"na": 1, "k": 1, "ca": 2}

_PER = {
    "coulomb": 1.0,
    "coulombs": 1.0,
    "kilocoulombs": 1e-3,
    "kilocoulomb": 1e-3,
    "millicoulombs": 1e3,
    "": 1.0,
}
_GAS = {
    "joule/degc": 1.0,
    "joules/degc": 1.0,
    "joule/kelvin": 1.0,
    "mv-coulomb/degc": 1e3,
    "mv coulomb/degc": 1e3,
    "": 1.0,
}
_CONSTANTS = {
    "faraday": (FARADAY, _PER),
    **dict.fromkeys(("k-mole", "k mole", "mole k", "mole-k"), (GAS, _GAS)),
}
_PLAIN = {"pi": math.pi, "e": 1.602176634e-19}

# Blocks and statements that make a file more than a channel, with what to say of each.
_REFUSED = {
    "Pointer": ("POINTER", "a POINTER reads another mechanism"),
    "BbcorePointer": ("POINTER", "a BBCOREPOINTER reads memory of its own"),
    "External": ("EXTERNAL", "EXTERNAL names belong to another mechanism"),
    "FunctionTableBlock": (
        "FUNCTION_TABLE",
        "a FUNCTION_TABLE is filled by a script, the file does not hold it",
    ),
    "NetReceiveBlock": ("events", "NET_RECEIVE makes it a synapse or a cell"),
    "WatchStatement": ("events", "WATCH makes events of its own"),
    "ElectrodeCurrent": ("electrode", "an ELECTRODE_CURRENT is an input, no channel"),
    "BeforeBlock": ("BEFORE", "BEFORE and AFTER blocks stand outside the equations"),
    "AfterBlock": ("BEFORE", "BEFORE and AFTER blocks stand outside the equations"),
    "ConstructorBlock": ("CONSTRUCTOR", "a CONSTRUCTOR is code to be run"),
    "DestructorBlock": ("CONSTRUCTOR", "a DESTRUCTOR is code to be run"),
    "RandomVarList": ("random", "RANDOM numbers make it a stochastic channel"),
    "RandomVar": ("random", "RANDOM numbers make it a stochastic channel"),
    "LonDiffuse": ("diffusion", "LONGITUDINAL_DIFFUSION is between compartments"),
    "Verbatim": ("VERBATIM", "VERBATIM is C, which is not run"),
    "DiscreteBlock": ("DISCRETE", "a DISCRETE block has a step of its own"),
    "Include": ("INCLUDE", "a file must stand alone"),
}
_FILLED = {
    "ProcedureBlock": "routines",
    "FunctionBlock": "routines",
    "DerivativeBlock": "derivatives",
    "KineticBlock": "kinetics",
    "LinearBlock": "systems",
    "NonLinearBlock": "systems",
}


@attrs.define
class Ion:
    """An ion as the file uses it: the variables that it reads and writes."""

    name: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    valence: int = 1

    @property
    def current(self) -> str | None:
        """Its current, where the file writes it."""
        return f"i{self.name}" if f"i{self.name}" in self.writes else None

    def default(self, variable: str) -> float | None:
        """Give NEURON's own number for one of its variables."""
        E, inside, outside = IONS.get(self.name, OTHER_ION)
        return {f"e{self.name}": E, f"{self.name}i": inside, f"{self.name}o": outside}.get(variable)


@attrs.define
class Program:
    """Declarations of a file; blocks stay trees until they are gone through."""

    suffix: str = ""
    ions: dict[str, Ion] = attrs.field(factory=dict)
    nonspecific: list[str] = attrs.field(factory=list)
    parameters: dict[str, float | None] = attrs.field(factory=dict)
    numbers: dict[str, float] = attrs.field(factory=dict)
    assigned: set[str] = attrs.field(factory=set)
    states: list[str] = attrs.field(factory=list)
    routines: dict[str, Tree] = attrs.field(factory=dict)
    derivatives: dict[str, Tree] = attrs.field(factory=dict)
    kinetics: dict[str, Tree] = attrs.field(factory=dict)
    systems: dict[str, Tree] = attrs.field(factory=dict)
    initial: list[Tree] = attrs.field(factory=list)
    breakpoint: list[Tree] = attrs.field(factory=list)

    @property
    def currents(self) -> list[str]:
        """Every current that it writes."""
        return [one.current for one in self.ions.values() if one.current] + self.nonspecific


def declare(tree: Tree) -> Program:
    """Collect what a file declares.

    Raises
    ------
    CannotImport
        When it is no density channel, or needs what stands outside of it.
    """
    for one in tree.walk():
        if one.kind in _REFUSED:
            reason, why = _REFUSED[one.kind]
            raise CannotImport(
                reason, f"{why}, got {one.word or one.kind}: a channel stands alone in a membrane"
            )
    program = Program()
    for block in tree.parts:
        _declare_block(program, block)
    if not program.suffix:
        raise CannotImport("no channel", "a channel file must have NEURON { SUFFIX name }, got none")
    return program


def _declare_block(program: Program, block: Tree) -> None:
    inner = block.parts[-1].parts if block.parts and block.parts[-1].kind == "StatementBlock" else block.parts
    match block.kind:
        case "NeuronBlock":
            for one in inner:
                _declare_neuron(program, one)
        case "ParamBlock":
            for one in block.all("ParamAssign"):
                program.parameters[one.word] = _number(one)
        case "ConstantBlock":
            for one in block.walk():
                if one.kind == "ConstantVar" and (value := _number(one)) is not None:
                    program.numbers[one.word] = value
        case "UnitBlock":
            for one in block.all("FactorDef"):
                program.numbers[one.word] = _factor(one)
        case "Define":
            program.numbers[block.word] = float(_number(block) or 0.0)
        case "AssignedBlock" | "StateBlock":
            names = [one.word for one in block.all("AssignedDefinition")]
            if block.kind == "StateBlock":
                # A range FROM 0 TO 1 is two numbers; a length stands alone, or before them.
                for one in (one for one in block.all("AssignedDefinition") if len(one.all("Integer")) % 2):
                    raise CannotImport(
                        "state arrays", f"states must be single numbers, got the array {one.word}"
                    )
                program.states += names
            program.assigned |= set(names)
        case "LocalListStatement":
            program.assigned |= {one.word for one in block.all("LocalVar")}
        case "InitialBlock":
            program.initial.append(block)
        case "BreakpointBlock":
            program.breakpoint.append(block)
        case kind if kind in _FILLED:
            getattr(program, _FILLED[kind])[block.word] = block


def _declare_neuron(program: Program, one: Tree) -> None:
    match one.kind:
        case "Suffix":
            kind, name = (part.word for part in one.parts[:2])
            if kind != "SUFFIX":
                raise CannotImport("point process", f"a channel is a density mechanism, got {kind} {name}")
            program.suffix = name
        case "Useion":
            name = one.parts[0].word
            valence = one.first("Valence")
            charge = _number(valence) if valence else float(VALENCES.get(name, 1))
            program.ions[name] = Ion(
                name,
                tuple(part.word for part in one.all("ReadIonVar")),
                tuple(part.word for part in one.all("WriteIonVar")),
                int(charge or 0),
            )
            for part in one.all("WriteIonVar"):
                if part.word != f"i{name}":
                    raise CannotImport(
                        "writes concentrations",
                        f"a channel writes currents, got WRITE {part.word}: no ion's own dynamics",
                    )
        case "Nonspecific":
            program.nonspecific += [part.word for part in one.all("NonspecificCurVar")]


def _number(tree: Tree) -> float | None:
    """Give the number that stands behind a name; None without one."""
    for part in tree.parts:
        if part.kind in ("Double", "Integer", "Float"):
            return float(part.word)
        if part.kind == "UnaryExpression" and part.parts[0].word == "-":
            return -float(part.parts[1].word)
        if part.kind == "NumberRange" or part.kind == "Limits":
            return None
    return None


def _factor(one: Tree) -> float:
    """Give the number of ``NAME = (unit) (unit)`` or ``NAME = number (unit)``."""
    value = _number(one)
    units = [part.word.strip("()").lower() for part in one.all("Unit")]
    if value is not None:
        return value
    if units and units[0] in _PLAIN:
        return _PLAIN[units[0]]
    if units and units[0] in _CONSTANTS:
        constant, per = _CONSTANTS[units[0]]
        if (told := units[1] if len(units) > 1 else "") in per:
            return constant * per[told]
    raise CannotImport(
        "units", f"a factor must be a number, (faraday), (k-mole) or (pi), got {one.word} = {units}"
    )
