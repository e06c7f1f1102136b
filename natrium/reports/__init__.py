"""What a verb writes: tables, JSON, one page; each is loaded when first asked for."""

from typing import TYPE_CHECKING

from natrium.faces import face as _face

if TYPE_CHECKING:
    from natrium.reports.compare import compare_into as compare_into
    from natrium.reports.continuation import continue_into as continue_into
    from natrium.reports.cycle import cycle_into as cycle_into
    from natrium.reports.doctor import diagnose_into as diagnose_into
    from natrium.reports.excitability import excitability_into as excitability_into
    from natrium.reports.fit import fit_into as fit_into
    from natrium.reports.fit import read_spikes as read_spikes
    from natrium.reports.forcing import forcing_into as forcing_into
    from natrium.reports.noise import noise_into as noise_into
    from natrium.reports.phase_plane import phase_plane_into as phase_plane_into
    from natrium.reports.plane_map import map_into as map_into
    from natrium.reports.reading import read_into as read_into
    from natrium.reports.reading import unmoved_into as unmoved_into
    from natrium.reports.reproduce import reproduce_into as reproduce_into
    from natrium.reports.run import run_into as run_into

__getattr__, __dir__ = _face(__name__)
