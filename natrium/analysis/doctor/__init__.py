"""The doctor: what a script really does, its faults and rules, and why its spikes are where they are."""

from natrium.analysis.doctor.diagnose import diagnose
from natrium.analysis.doctor.diagnosis import Diagnosis
from natrium.analysis.doctor.probes.subject import Recording, load_subject
from natrium.analysis.doctor.twin import Twin
from natrium.analysis.doctor.words.finding import Finding

__all__ = ["Diagnosis", "Finding", "Recording", "Twin", "diagnose", "load_subject"]
