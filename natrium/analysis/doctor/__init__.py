"""The doctor: what a script really does, its faults and rules, and why its spikes are where they are."""

from natrium.analysis.doctor.diagnose import diagnose as diagnose
from natrium.analysis.doctor.diagnosis import Diagnosis as Diagnosis
from natrium.analysis.doctor.reading.findings.found import Found as Found
from natrium.analysis.doctor.reading.verdict import Reading as Reading
from natrium.analysis.doctor.recordings.recorded import Recording as Recording
from natrium.analysis.doctor.recordings.recorded import is_table as is_table
from natrium.analysis.doctor.recordings.recorded import load_subject as load_subject
from natrium.analysis.doctor.recordings.recorded import recording_of_csv as recording_of_csv
from natrium.analysis.doctor.script import read_script as read_script
from natrium.analysis.doctor.twin import Twin as Twin
from natrium.analysis.doctor.unmoved import NothingMoves as NothingMoves
from natrium.analysis.doctor.unmoved import Unmoved as Unmoved
