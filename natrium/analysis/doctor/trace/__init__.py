"""Traced runs: a script is run with numbers that remember where they came from."""

from natrium.analysis.doctor.trace.record import Choice as Choice
from natrium.analysis.doctor.trace.record import Node as Node
from natrium.analysis.doctor.trace.record import Record as Record
from natrium.analysis.doctor.trace.record import Step as Step
from natrium.analysis.doctor.trace.traced import trace_all as trace_all
from natrium.analysis.doctor.trace.traced import trace_script as trace_script
from natrium.analysis.doctor.trace.traced import trace_text as trace_text
