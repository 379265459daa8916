# stamp.py: this moment, in instructions and microseconds.
import json
import time

import cpu

print(json.dumps({"instructions": cpu.instructions(), "us": time.ticks_us()}))
