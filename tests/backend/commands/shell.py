"""A shell in a data folder, in which commands are called and asked what they did."""

from click.testing import CliRunner

from backend.app import House
from backend.cli import main
from backend.domain.staff.queries import find_staff
from backend.settings import Settings


class Shell:
    """A shell in one data folder."""

    def __init__(self, folder):
        self.folder = folder
        self.settings = Settings(data_dir=str(folder))
        self.environ = {"PADSYNC_DATA_DIR": str(folder), "PADSYNC_DATABASE_URL": None}

    def run(self, *args, typed=None, code=0, **environ):
        done = CliRunner(env=self.environ | environ).invoke(main, [str(arg) for arg in args], input=typed)
        assert done.exit_code == code, (done.output, done.exception)
        return done

    def look(self, ask):
        """Return what `ask` finds in the server's parts."""
        house = House(self.settings)
        try:
            return ask(house)
        finally:
            house.close()


def people(house, staff_no):
    return house.store.read(lambda look: find_staff(look.connection, staff_no))
