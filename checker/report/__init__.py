"""Reports: what a verdict looks like on a terminal, to a machine, and as a page."""
