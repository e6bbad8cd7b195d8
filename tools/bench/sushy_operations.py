"""The same operations as operations.ts, with 64 sushy threads: the field's usual client. Prints one JSON line."""

import json
import resource
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import sushy

given = json.load(sys.stdin)
with tempfile.NamedTemporaryFile("w", suffix=".pem") as ca:
    ca.write(given["caPem"])
    ca.flush()

    def operate(endpoint):
        root = sushy.Sushy(endpoint, username=given["username"], password=given["password"], verify=ca.name)
        (system,) = root.get_system_collection().get_members()
        system.set_system_boot_options(sushy.BOOT_SOURCE_TARGET_CD, enabled=sushy.BOOT_SOURCE_ENABLED_ONCE)
        system.reset_system(sushy.RESET_ON)
        while True:
            system.refresh(force=True)
            if system.power_state == sushy.POWER_STATE_ON:
                return
            time.sleep(0.1)

    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.monotonic()
    with ThreadPoolExecutor(64) as threads:
        list(threads.map(operate, given["endpoints"]))
    after = resource.getrusage(resource.RUSAGE_SELF)

cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(json.dumps({"seconds": time.monotonic() - started, "cpuSeconds": cpu}))
