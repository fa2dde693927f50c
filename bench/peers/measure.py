"""Time and memory of a worker, up to the moment at which its user would have the clusters."""

import json
import os
import resource
import time


class Measure:
    """Counts from the start of the process, so that imports and reading belong to it."""

    def __init__(self):
        self.started = _process_start()

    def stop(self, out, **more):
        """Write measure.json: seconds since the process began, CPU seconds and the peak of resident memory."""
        wall = time.clock_gettime(time.CLOCK_BOOTTIME) - self.started
        own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        with open(os.path.join(out, "measure.json"), "w") as f:
            json.dump(
                {
                    "wall_seconds": wall,
                    "cpu_seconds": own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime,
                    "peak_mib": max(own.ru_maxrss, children.ru_maxrss) / 1024,
                    **more,
                },
                f,
            )


def _process_start():
    """Seconds after boot at which this process began, from field 22 of /proc/self/stat."""
    with open("/proc/self/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")
