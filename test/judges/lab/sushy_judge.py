"""Drives one BMC through the sushy client, as ironic would, and prints what it saw as one JSON object."""

import json
import sys
import time

import sushy
from sushy import exceptions

given = json.load(sys.stdin)
dialect = given["dialect"]
seen = {}


def until(condition, what):
    end = time.monotonic() + 10
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"waited in vain for {what}")
        time.sleep(0.02)


def power(system):
    system.refresh(force=True)
    return system.power_state


root = sushy.Sushy(given["url"], username=given["username"], password=given["password"], verify=given["ca"])
(system,) = root.get_system_collection().get_members()
(manager,) = root.get_manager_collection().get_members()
(chassis,) = root.get_chassis_collection().get_members()

seen["identity"] = [system.manufacturer, system.serial_number, system.sku, system.uuid]
seen["links"] = [manager.systems[0].uuid == system.uuid, system.managers[0].uuid == manager.uuid, system.chassis[0].path == chassis.path]

# Hardware.
cpus = system.processors.get_members()
seen["cpus"] = [[cpu.model, cpu.total_cores, cpu.total_threads] for cpu in cpus]
seen["memoryGiB"] = system.memory_summary.size_gib
seen["drives"] = [
    [drive.name, drive.capacity_bytes, str(drive.media_type)]
    for unit in system.storage.get_members()
    for drive in unit.drives
]
seen["macs"] = sorted(system.ethernet_interfaces.summary)
seen["adapters"] = len(chassis.network_adapters.get_members())
seen["firmware"] = [item.version for item in root.get_update_service().firmware_inventory.get_members()]

# Power.
seen["resets"] = sorted(value.value for value in system.get_allowed_reset_system_values())
seen["powerBefore"] = system.power_state.value
system.reset_system(sushy.RESET_ON)
until(lambda: power(system) == sushy.PowerState.ON, "power on")
seen["powerOn"] = system.power_state.value
time.sleep(given["settled"])
system.reset_system(sushy.RESET_FORCE_OFF)
until(lambda: power(system) == sushy.PowerState.OFF, "power off")
time.sleep(given["settled"])

# BIOS: refused, pending, applied.
bios = system.bios
name, value, wrong = given["bios"]
seen["biosBefore"] = bios.attributes[name]
try:
    bios.set_attributes({name: wrong}, apply_time=sushy.ApplyTime.ON_RESET)
    seen["biosRefused"] = "taken"
except exceptions.BadRequestError as error:
    seen["biosRefused"] = error.code
bios.set_attributes({name: value}, apply_time=sushy.ApplyTime.ON_RESET)
seen["biosPending"] = bios.pending_attributes[name]
bios.refresh(force=True)
seen["biosUntilReset"] = bios.attributes[name]
seen["registry"] = [
    entry.name
    for entry in bios.get_attribute_registry().registry_entries.attributes
    if entry.name == name
]

# Virtual media and boot.
drives = (system if given["mediaAt"] == "system" else manager).virtual_media.get_members()
drive = next(one for one in drives if one.identity == given["drive"])
drive.insert_media(given["image"])
until(lambda: drive.refresh(force=True) or drive.inserted, "the medium")
seen["image"] = drive.image
system.set_system_boot_source(
    sushy.BOOT_SOURCE_TARGET_CD, enabled=sushy.BOOT_SOURCE_ENABLED_ONCE, mode=sushy.BOOT_SOURCE_MODE_UEFI
)
system.refresh(force=True)
seen["boot"] = [system.boot.target.value, system.boot.enabled.value, system.boot.mode.value]
system.reset_system(sushy.RESET_ON)
until(lambda: power(system) == sushy.PowerState.ON, "power on")
until(lambda: power(system) and system.boot.enabled == sushy.BootSourceOverrideEnabled.DISABLED, "the override to be used up")
bios.refresh(force=True)
seen["biosAfterReset"] = bios.attributes[name]
drive.eject_media()
until(lambda: drive.refresh(force=True) or not drive.inserted, "the eject")
seen["ejected"] = not drive.inserted

# HTTP boot, where there is such a property.
if given["httpBoot"]:
    system.set_system_boot_options(
        sushy.BOOT_SOURCE_TARGET_UEFI_HTTP, enabled=sushy.BOOT_SOURCE_ENABLED_ONCE, http_boot_uri=given["httpBoot"]
    )
    system.refresh(force=True)
    seen["httpBoot"] = system.boot.http_boot_uri

# Secure boot, an update with its task, the lamp.
secure = system.secure_boot
secure.set_enabled(True)
secure.refresh(force=True)
seen["secureBoot"] = [secure.enabled, secure.current_boot.value]
started = root.get_update_service().simple_update("http://127.0.0.1/bios-9.9.9.bin", transfer_protocol="HTTP")
# Quirk 7: a new job of a Dell answers 404 for a moment.
time.sleep(given["settled"])
# Sushy polls the task, which says 202 on a Dell only; the monitor says it everywhere.
monitor = root.get_task_monitor(started.task_monitor_uri.replace("/Tasks/", given["monitors"]))
seen["processing"] = monitor.is_processing
until(lambda: not monitor.check_is_processing, "the update")
system.refresh(force=True)
seen["updated"] = system.bios_version

root._auth.close()
json.dump(seen, sys.stdout)
