# pause.py: time for other cores to become idle.
import time

time.sleep_ms(50)
