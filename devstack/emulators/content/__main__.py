"""Run the emulator: `python -m devstack.emulators.content`."""

from devstack.emulators.content.app import create_app
from devstack.emulators.serving import address, run
from devstack.emulators.settings import EmulatorSettings

if __name__ == "__main__":
    names = ("CONTENT_SERVICE_HOST", "CONTENT_SERVICE_PORT")
    run(create_app(EmulatorSettings.from_env()), *address(*names, 8000))
