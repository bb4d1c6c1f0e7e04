"""The command line: `vermilion COMMAND`. Exit codes are those of docs/spec/cli.md."""

import sys
from importlib import import_module
from typing import Final

import click

from api import problems
from api.errors import ServiceError
from ca.errors import CaError
from hsm.errors import HsmError
from seals.errors import SealError
from verify.errors import VerifyError

USAGE: Final = 64  # EX_USAGE of sysexits.h
COMMANDS: Final = {  # with what the list of commands says, so that it is shown without loading them
    "ceremony": "Hold the key ceremony that FILE (YAML) describes.",
    "arl": "Sign the root's next list of revoked CAs.",
    "serve": "Serve the register, sealing, checking and the PKI endpoints.",
    "worker": "Do what has to happen without anybody asking.",
    "seal-batch": "Put one seal on many files.",
    "token": "Make, list and withdraw bearer tokens.",
    "client": "Register, list and withdraw OAuth clients.",
    "hsm": "Prepare a PKCS#11 token and check a key store.",
    "verify": "Check a PDF, a QR picture or a scanned code.",
    "demo": "Do the whole job in one folder, without a server.",
}


class Commands(click.Group):
    """Loads a command when it is asked for: checking a file needs neither web framework nor database."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - signature of the base class
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in COMMANDS:
            return None
        module = cmd_name.replace("-", "_")
        command: click.Command = getattr(import_module(f"api.cli.{module}"), module)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="vermilion")
def cli() -> None:
    """Electronic business licences, electronic seals and sealed documents.

    An authority holds a key ceremony once (`ceremony`) and then runs the service (`serve`, `worker`). Anybody checks
    a licence, a seal or a sealed PDF with `verify`, online or offline. `demo` does the whole job in one folder.

    Settings come from VERMILION_* or from a TOML file named by VERMILION_CONFIG; see docs/ops/settings.md.
    """


def main() -> None:
    """Run the command line; every error of ours ends in one sentence and its exit code."""
    try:
        result = cli.main(prog_name="vermilion", standalone_mode=False)
    except click.exceptions.Exit as exc:
        sys.exit(exc.exit_code)
    except click.ClickException as exc:
        exc.show()
        sys.exit(USAGE if isinstance(exc, click.UsageError) else exc.exit_code)
    except click.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except (ServiceError, CaError, SealError, VerifyError, HsmError) as exc:
        problem = problems.problem_for(exc)
        click.echo(f"vermilion: {problem.title}: {exc}", err=True)
        sys.exit(problem.exit_code)
    sys.exit(result if isinstance(result, int) else 0)
