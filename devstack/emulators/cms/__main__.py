"""Run the emulator: `python -m devstack.emulators.cms`."""

from devstack.emulators.cms.app import create_app
from devstack.emulators.serving import address, run
from devstack.emulators.settings import EmulatorSettings

if __name__ == "__main__":
    names = ("CLASS_MANAGEMENT_SERVICE_HOST", "CLASS_MANAGEMENT_SERVICE_HTTP_PORT")
    run(create_app(EmulatorSettings.from_env()), *address(*names, 5002))
