"""A model written for other programs, each file with what means something else there."""

from natrium.export.targets import TARGETS as TARGETS
from natrium.export.writing import Export as Export
from natrium.export.writing import export as export
