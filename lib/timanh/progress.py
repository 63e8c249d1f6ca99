"""Progress bars. Their lock belongs to one process.

tqdm's own lock is shared by a process and all that were forked from it: one that is killed while
it holds it stops every bar of the others for ever.
"""

import os
import threading

from tqdm import tqdm

__all__ = ["tqdm"]


def _lock_of_this_process() -> None:
    tqdm.set_lock(threading.RLock())


_lock_of_this_process()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_lock_of_this_process)
