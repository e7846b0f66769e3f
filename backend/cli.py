"""The command line of padsync."""

from importlib import import_module

import click

# Command → where it lives; a module is imported only when its command is asked for.
COMMANDS = {
    "serve": "serving:serve",
    "migrate": "serving:migrate",
    "demo": "demonstration:demo",
    "seed-demo": "demonstration:seed_demo",
    "add-org": "admission:add_org",
    "create-admin": "admission:create_admin",
    "enrolment-code": "admission:enrolment_code",
    "add-partner": "admission:add_partner",
    "revoke": "admission:revoke",
    "set-series": "lobby:set_series",
    "export-catalog": "catalog:export_catalog",
    "import-catalog": "catalog:import_catalog",
    "backup": "safekeeping:backup",
    "restore": "safekeeping:restore",
    "compact": "safekeeping:compact",
    "verify-audit": "safekeeping:verify_audit",
    "verify-evidence": "proving:verify_evidence",
    "import-calendar": "duty:import_calendar",
    "settings": "reference:settings",
    "device-key": "reference:device_key",
    "sign-proof": "reference:sign_proof",
}


class Commands(click.Group):
    """The group of all commands, each looked up by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a server's life."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None for a name that there is not."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"backend.commands.{module}"), name)
        return command


@click.command(cls=Commands)
@click.version_option(package_name="padsync")
def main() -> None:
    """Offline sync for bank tablets. Settings come from PADSYNC_… variables: `padsync settings`.

    Exit codes: 0 done, 1 not done and why, 2 asked wrongly.
    """


if __name__ == "__main__":
    main()
