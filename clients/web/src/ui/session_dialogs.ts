/** The dialogs about sessions: new, rename, end. */

import { RequestFailure } from "../protocol/errors";
import { type CreateParams, ErrorCode, type SessionInfo } from "../protocol/messages.gen";
import { showDialog } from "./dialog";
import { h } from "./dom";
import { Field } from "./field";
import { CommandLineError, splitCommandLine } from "./shell_words";
import { describeCommand, describeError } from "./words";

export interface NewSessionDefaults {
  readonly command: string;
  readonly directory: string;
}

/** Which field an error of "create" is about. */
function chooseField<T>(error: unknown, fields: { command: T; directory: T; name: T }): T | null {
  if (error instanceof CommandLineError) return fields.command;
  if (!(error instanceof RequestFailure)) return null;
  switch (error.code) {
    case ErrorCode.COMMAND_NOT_FOUND:
      return fields.command;
    case ErrorCode.NO_SUCH_DIRECTORY:
      return fields.directory;
    case ErrorCode.NAME_TAKEN:
    case ErrorCode.BAD_NAME:
      return fields.name;
    default:
      return null;
  }
}

/** What knows more about a command than its name. */
function guessKind(argv: readonly string[]): string {
  return argv[0]?.split("/").at(-1) === "claude" ? "claude" : "command";
}

/** Asks for a new session; `create` gets what was asked for and throws where the daemon refuses. */
export function askNewSession(
  defaults: NewSessionDefaults,
  create: (params: CreateParams) => Promise<void>,
  onDone: () => void,
): void {
  const fields = {
    command: new Field({
      label: "Command",
      testId: "new-command",
      placeholder: "your login shell",
      hint: "A program and its arguments, such as claude or htop.",
      value: defaults.command,
      isCode: true,
    }),
    directory: new Field({
      label: "Directory",
      testId: "new-directory",
      placeholder: "your home directory",
      value: defaults.directory,
      isCode: true,
    }),
    name: new Field({ label: "Name", testId: "new-name", placeholder: "made from the command" }),
  };
  showDialog(
    {
      title: "New session",
      testId: "new-session-dialog",
      body: [fields.command.element, fields.directory.element, fields.name.element],
      confirm: "Start session",
      onConfirm: async () => {
        const argv = splitCommandLine(fields.command.value);
        const cwd = fields.directory.value.trim();
        await create({ argv, cwd, name: fields.name.value.trim(), kind: guessKind(argv) });
      },
      onDone,
      onError: (error) => {
        const field = chooseField(error, fields);
        field?.setError(describeError(error));
        return field !== null;
      },
    },
    describeError,
  );
  fields.command.select();
}

export function askRename(
  session: SessionInfo,
  rename: (name: string) => Promise<void>,
  onDone: () => void,
): void {
  const field = new Field({
    label: "Name",
    testId: "rename-name",
    value: session.name,
    hint: "Letters, digits, dots, dashes and underscores.",
  });
  showDialog(
    {
      title: `Rename ${session.name}`,
      testId: "rename-dialog",
      body: [field.element],
      confirm: "Rename",
      onConfirm: () => rename(field.value.trim()),
      onDone,
      onError: (error) => {
        field.setError(describeError(error));
        return true;
      },
    },
    describeError,
  );
  field.select();
}

export function askEnd(session: SessionInfo, end: () => Promise<void>, onDone: () => void): void {
  const dialog = showDialog(
    {
      title: `End ${session.name}?`,
      testId: "end-dialog",
      body: [
        h(
          "p",
          { class: "dialog-text" },
          h("code", {}, describeCommand(session)),
          " and everything it has started will be stopped.",
        ),
      ],
      confirm: "End session",
      isDangerous: true,
      onConfirm: end,
      onDone,
    },
    describeError,
  );
  // The harmless answer is the one that a stray Enter gives.
  dialog.querySelector<HTMLButtonElement>('[data-testid="dialog-cancel"]')?.focus();
}
