"""`trueorder judge`: judge a stored run again, from its folder alone.

Only what the command line shows; the work is in `verification.cli.judge_session`, imported when the
command is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

__all__ = ["judge"]


def judge(
    run: Path,
    /,
    *,
    timeout: float = 60.0,
    as_json: Annotated[bool, Parameter(name="--json", negative="", show_default=False)] = False,
) -> int:
    """Judge a stored run of `trueorder demo` again, from its folder alone.

    The same folder gets the same verdict, whatever machine it is judged on; a newer version may
    know more anomalies. Verdict and page in the folder are replaced.

    Exit codes: 0 valid, 1 a violation was found, 2 there is no run in the folder, 3 the run proves
    nothing, 4 its history is malformed.

    Parameters
    ----------
    run
        The folder that `trueorder demo` wrote.
    timeout
        Seconds that deciding the history may take before the answer is unknown.
    as_json
        Print the verdict as one JSON document (trueorder.result/1).
    """
    from verification.cli import judge_session  # noqa: PLC0415 - heavy, so only when it is called

    return judge_session.judge_again(run, timeout, as_json=as_json)
