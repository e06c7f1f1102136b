"""A model as one page to explore: its equations as JavaScript, solved and drawn in a browser."""

from natrium.explore.page import Explorer as Explorer
from natrium.explore.page import explore as explore
