"""An engine started for a test run or a demo must not outlive it, however the starting process ends."""

import os
import signal
import threading
import time

POLL_SECONDS = 0.5


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _end_group() -> None:
    # Lambda workers share the engine's process group when it leads one: they go with it.
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def follow_parent() -> None:
    """End this process soon after the process named by LOCAL_ENGINE_PARENT_PID has ended."""
    parent = int(os.environ.get("LOCAL_ENGINE_PARENT_PID") or 0)
    if not parent:
        return
    # A dead parent that nobody waits for still has its pid; a direct child sees its own parent change instead.
    direct = os.getppid() == parent

    def watch() -> None:
        while (os.getppid() == parent) if direct else _alive(parent):
            time.sleep(POLL_SECONDS)
        _end_group()

    threading.Thread(target=watch, daemon=True, name="parent-watchdog").start()
