"""The command that compares the ranks of a job."""

import itertools
from typing import Any

import click

from envprint.cli._group import DIFFERENT, SAME, report_format_option


@click.command()
@click.option("--timeout", type=click.FloatRange(min=0), default=120.0, show_default=True, help="Seconds for a rank.")
@click.option("--ray", metavar="ADDRESS", help="Compare the nodes of this Ray cluster: auto, or ray://head:10001.")
@click.option("--repeat", type=click.IntRange(min=1), default=1, show_default=True, help="Rounds, for a watch.")
@click.option("--every", type=click.FloatRange(min=0), default=0.0, show_default=True, help="Seconds between rounds.")
@report_format_option
@click.pass_context
def fleet(  # noqa: PLR0913 - an option each
    ctx: click.Context, *, timeout: float, ray: str | None, repeat: int, every: float, format_: str
) -> None:
    """Compare the ranks of a job, or the nodes of a cluster: which of them compute other bits, and why.

    Run it as the job is run, as `torchrun --nnodes 2 --nproc-per-node 8 ... -m envprint fleet`; rank 0 prints the
    report. With --ray each node of a Ray cluster is asked, from outside of any job. Who hangs, dies or lacks envprint
    is named, and holds nobody up. With --repeat each machine is compared with its own past too: bits that change while
    nothing else does are a sign of silent data corruption.
    Status: 0 all compute the same bits, 1 some do not or nobody can tell, 2 trouble; of other ranks than 0 always 0.
    """
    from envprint.cli._capture import standard_output_kept_clean
    from envprint.cli._many import print_fleet
    from envprint.fleet.launched import compare_launched
    from envprint.fleet.nodes import compare_nodes

    rounds = itertools.count(1)

    def tell(report: Any) -> None:
        if repeat > 1:
            click.echo(f"round {next(rounds)} of {repeat}: {report.verdict}: {report.summary}", err=True)

    with standard_output_kept_clean():
        if ray is None:
            report = compare_launched(timeout, repeat, every, tell)
        else:
            report = compare_nodes(ray, timeout, repeat, every, tell)
    if report is None:
        return
    print_fleet(report, format_)
    ctx.exit(SAME if report.verdict == "equivalent" else DIFFERENT)
