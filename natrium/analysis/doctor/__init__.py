"""The doctor: what a script really does, its faults and rules, and why its spikes are where they are."""

from natrium.analysis.doctor.diagnosis import Diagnosis
from natrium.analysis.doctor.examine import diagnose
from natrium.analysis.doctor.finding import Finding
from natrium.analysis.doctor.subjects import Recording, load_subject
from natrium.analysis.doctor.twin import Twin

__all__ = ["Diagnosis", "Finding", "Recording", "Twin", "diagnose", "load_subject"]
