"""Runs one tool in a process of its own, under a limit of time and of memory. Standard library only."""

import os
import signal
import subprocess
import threading
import time

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
    while not done.wait(0.5):
        if time.monotonic() - started > seconds:
            killed.append(f"stopped after {seconds} s")
        elif _resident(pid) > mib:
            killed.append(f"stopped above {mib} MiB")
        if killed:
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            return


def _resident(group):
    """MiB of all processes of a process group."""
    pages = 0
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if os.getpgid(int(entry)) == group:
                    with open(f"/proc/{entry}/statm") as f:
                        pages += int(f.read().split()[1])
            except (OSError, ProcessLookupError):
                continue
    return pages * PAGE / 2**20


def _last_line(log):
    with open(log, errors="replace") as f:
        lines = [line.strip() for line in f if line.strip()]
    return lines[-1][:200] if lines else ""
