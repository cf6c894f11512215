"""``ptyd approve``."""

import click
from ptyd_protocol.approvals import AnswerApprovalParams, Approval

from ptyd_cli.approvals import approval_argument, find_approval, give_answer
from ptyd_cli.options import json_option
from ptyd_cli.output import printable


@click.command("approve")
@approval_argument
@click.option("--always", is_flag=True, help="Allow it for good, where the program offers that.")
@click.option("--suggestion", type=click.IntRange(1, 64), metavar="N", help="The same, by which of several offers.")
@click.option("--answer", "answers", multiple=True, metavar="TEXT", help="To a question; once for each question.")
@json_option
def command(ref: str, always: bool, suggestion: int | None, answers: tuple[str, ...], is_json: bool) -> int:
    """Allow what waits: the one with this ID, or the only one in session NAME, or the only one there is.

    `ptyd approvals` lists what waits, and what is offered to be allowed for good. The exit code is 0 when it was seen
    to have taken effect.
    """
    found = find_approval(ref)
    params = AnswerApprovalParams(
        decision="allow",
        approval=found.id,
        always=choose_suggestion(found, always=always, suggestion=suggestion),
        answers=match_answers(found, answers),
    )
    return give_answer(params, is_json=is_json)


def choose_suggestion(found: Approval, *, always: bool, suggestion: int | None) -> int | None:
    if suggestion is None and not always:
        return None
    offers = "\n".join(f"  {number}. {printable(text)}" for number, text in enumerate(found.suggestions, 1))
    if not found.suggestions:
        raise click.UsageError("the program does not offer to allow this for good")
    if suggestion is None and len(found.suggestions) > 1:
        raise click.UsageError(f"there is more than one offer; choose with --suggestion N:\n{offers}")
    number = suggestion or 1
    if number > len(found.suggestions):
        raise click.UsageError(f"there is no offer {number}:\n{offers}")
    return number - 1


def match_answers(found: Approval, answers: tuple[str, ...]) -> dict[str, str]:
    questions = [str(one.get("question", "")) for one in found.input.get("questions", [])]
    if found.kind != "question":
        if answers:
            raise click.UsageError("--answer is for a question, and this is none")
        return {}
    if len(answers) != len(questions):
        listed = "\n".join(f"  {printable(question)}" for question in questions)
        raise click.UsageError(f"give --answer once for each question ({len(questions)}):\n{listed}")
    return dict(zip(questions, answers, strict=True))
