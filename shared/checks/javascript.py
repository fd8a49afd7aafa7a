"""One thread for the parsers that are written in JavaScript. Runs what it is given; touches nothing else.

A QuickJS engine may only be used by the thread that made it, costs seconds and tens of megabytes to load, and needs
more stack than some platforms give a thread. So all of them live on one thread, for as long as the process does.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

STACK_BYTES = 32 * 1024 * 1024
_LOCK = threading.Lock()


def on_its_thread[**P, R](function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call `function` on the thread that owns the engines, and wait for its result or exception."""
    with _LOCK:
        thread = _thread()
    return thread.submit(function, *args, **kwargs).result()


@cache
def _thread() -> ThreadPoolExecutor:
    before = threading.stack_size(STACK_BYTES)
    try:
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="javascript")
        executor.submit(int).result()  # threads start with their first task; this one must start with this stack
    finally:
        threading.stack_size(before)
    return executor
