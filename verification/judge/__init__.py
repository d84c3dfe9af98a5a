"""The judge of a run: reads a run folder, and nothing else, and says what it proves.

A run is judged property by property; the worst verdict wins, and unknown is never a pass. Since
everything is read from the folder, a stored run can be judged again, by a newer judge too.
"""

from verification.judge.judgement import Judgement, judge_run
from verification.judge.property import Property

__all__ = ["Judgement", "Property", "judge_run"]
