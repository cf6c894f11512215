/**
 * Programs ask their terminal questions, and exactly one party may answer. A reply to a question from the replayed past,
 * or from two clients at once, would appear as text in a prompt: here the questions are swallowed unless this client is
 * the one to answer.
 */

import type { IFunctionIdentifier, IParser } from "@xterm/xterm";

/*
 * This is the first of two nets. The second (TerminalView) sends nothing that xterm.js says by itself: it also catches
 * what is a question only in part, and what a later xterm.js may learn to answer.
 */

/** CSI sequences that are questions whatever their parameters. */
const csiQuestions: readonly IFunctionIdentifier[] = [
  { final: "c" }, // DA1
  { prefix: ">", final: "c" }, // DA2
  { prefix: "=", final: "c" }, // DA3
  { final: "n" }, // DSR, CPR
  { prefix: "?", final: "n" }, // DEC DSR
  { intermediates: "$", final: "p" }, // DECRQM
  { prefix: "?", intermediates: "$", final: "p" }, // DECRQM, private
  { prefix: ">", final: "q" }, // XTVERSION
  { prefix: "?", final: "u" }, // kitty keyboard
];

/** XTWINOPS that report something. */
const windowReports = new Set([11, 13, 14, 15, 16, 18, 19, 20, 21]);

/** OSC that set colours, or ask for them with "?". */
const colourOscs = [4, 5, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19];

/** Of "4;1;?" and "11;?", but not of "4;1;?;2;#fff", which sets something, too. */
function isColourQuestion(osc: number, data: string): boolean {
  const values = data.split(";").filter((_, index) => osc > 5 || index % 2 === 1);
  return values.length > 0 && values.every((value) => value === "?");
}

/** `mayAnswer` is asked at the moment at which the question is parsed. */
export function swallowQueries(parser: IParser, mayAnswer: () => boolean): void {
  const isSwallowed = (): boolean => !mayAnswer();
  for (const id of csiQuestions) parser.registerCsiHandler(id, isSwallowed);
  parser.registerCsiHandler(
    { final: "t" },
    ([operation]) => windowReports.has(Number(operation)) && isSwallowed(),
  );
  for (const osc of colourOscs)
    parser.registerOscHandler(osc, (data) => isColourQuestion(osc, data) && isSwallowed());
  parser.registerOscHandler(52, (data) => data.endsWith(";?") && isSwallowed());
  parser.registerDcsHandler({ intermediates: "$", final: "q" }, isSwallowed); // DECRQSS
  parser.registerDcsHandler({ intermediates: "+", final: "q" }, isSwallowed); // XTGETTCAP
}

/** A clipboard write from the replayed past would overwrite what the user has copied since. */
export function swallowPastClipboard(parser: IParser, isLive: () => boolean): void {
  parser.registerOscHandler(52, () => !isLive());
}
