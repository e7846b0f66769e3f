"""What a reader of the documentation needs at hand: the settings, a device key, a signed proof."""

import os
from pathlib import Path

import click
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from backend.settings import write_settings_table
from sync.challenge import proof_payload
from sync.signing import PrivateKey, new_key, sign, write_public_jwk


@click.command()
def settings() -> None:
    """Print every setting: its environment variable, its default, what it is for."""
    click.echo(write_settings_table(), nl=False)


@click.command("device-key")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def device_key(file: Path) -> None:
    """Print the public JWK of the device key in FILE, which is made if it is not there.

    Real tablets keep their key in hardware; this one is for trying things out with curl.
    """
    if not file.exists():
        pem = new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as made:
            made.write(pem)
    click.echo(write_public_jwk(_read_key(file).public_key()).decode())


# A challenge may begin with a dash and is no option.
@click.command("sign-proof", context_settings={"ignore_unknown_options": True})
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("challenge")
@click.argument("install_id")
@click.argument("staff_no")
def sign_proof(file: Path, challenge: str, install_id: str, staff_no: str) -> None:
    """Print the proof that sign-in asks for: the signature of FILE's key over challenge, install and person."""
    click.echo(sign(_read_key(file), proof_payload(challenge, install_id, staff_no)))


def _read_key(file: Path) -> PrivateKey:
    try:
        return load_pem_private_key(file.read_bytes(), password=None)  # type: ignore[return-value]  # we wrote one of the kinds we sign with
    except ValueError as error:
        raise click.ClickException(f"{file} holds no private key.") from error
