"""Run the emulator: `python -m devstack.emulators.files`."""

from devstack.emulators.files.app import create_app
from devstack.emulators.serving import address, run
from devstack.emulators.settings import EmulatorSettings

if __name__ == "__main__":
    names = ("FILE_SERVICE_HOST", "FILE_SERVICE_HTTP_PORT")
    run(create_app(EmulatorSettings.from_env()), *address(*names, 7001))
