"""Native code from the symbolic model: Taylor series in vector lanes, through LLVM."""

from natrium.model.codegen.native import Native, assembly, cache_folder, compiled
from natrium.model.codegen.series import Program, program

__all__ = ["Native", "Program", "assembly", "cache_folder", "compiled", "program"]
