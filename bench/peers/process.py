"""Runs one tool in a process of its own, under a limit of time and of memory. Standard library only."""

import os
import signal
import subprocess
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")
IDLE = 10  # wall time, in limits of CPU time, after which a process that does nothing is ended
PAGE = os.sysconf("SC_PAGE_SIZE")


def run(command, log, seconds, mib):
    """Run to the end or to a limit; returns what happened and what it took, as a dict."""
    started = time.monotonic()
    with open(log, "wb") as f:
        child = subprocess.Popen(command, stdout=f, stderr=subprocess.STDOUT, start_new_session=True)
    killed = []
    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(child.pid, started, seconds, mib, killed, done), daemon=True)
    watch.start()
    _, status, usage = os.wait4(child.pid, 0)
    done.set()
    watch.join()
    child.returncode = os.waitstatus_to_exitcode(status)
    failed = killed[0] if killed else "" if child.returncode == 0 else f"ended with {child.returncode}: {_last_line(log)}"
    return {
        "status": failed or "ok",
        "returncode": child.returncode,
        "wall_seconds": time.monotonic() - started,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / 1024,
    }


def _watch(pid, started, seconds, mib, killed, done):
    """End a process that uses too much. Time is CPU time, which other work on the machine does not stretch."""
    while not done.wait(0.5):
        used, resident = _usage(pid)
        if used > seconds or time.monotonic() - started > IDLE * seconds:
            killed.append(f"stopped after {used:.0f} s of CPU time")
        elif resident > mib:
            killed.append(f"stopped at {resident:.0f} MiB, above {mib} MiB")
        if killed:
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            return


def _usage(group):
    """CPU seconds and resident MiB of all processes of a process group."""
    ticks = pages = 0
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if os.getpgid(int(entry)) == group:
                    with open(f"/proc/{entry}/stat") as f:
                        fields = f.read().rpartition(")")[2].split()
                    ticks += int(fields[11]) + int(fields[12])
                    pages += int(fields[21])
            except (OSError, ProcessLookupError):
                continue
    return ticks / TICKS, pages * PAGE / 2**20


def _last_line(log):
    with open(log, errors="replace") as f:
        lines = [line.strip() for line in f if line.strip()]
    return lines[-1][:200] if lines else ""
