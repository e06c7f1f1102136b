"""Native code from the symbolic model: Taylor series in vector lanes, through LLVM."""

from natrium.solvers.compiled.taylor.native import Native, assembly, cache_folder, compiled
from natrium.solvers.compiled.taylor.series import Program, program

__all__ = ["Native", "Program", "assembly", "cache_folder", "compiled", "program"]
