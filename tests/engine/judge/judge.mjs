// Feeds streams to xterm.js (headless) and tells what is on its screen then.
// node judge.mjs WEB_CLIENT_FOLDER < {"id": {cols, rows, feeds: [base64, ...]}, ...} > {"id": {...}, ...}
import { createRequire } from "node:module";
import { join } from "node:path";
import { stdin, stdout } from "node:process";

const require = createRequire(join(process.argv[2], "package.json"));
const { Terminal } = require("@xterm/headless");
const { Unicode11Addon } = require("@xterm/addon-unicode11");

const SCROLLBACK = 1000;

function colour(isDefault, isPalette, value) {
  if (isDefault) return "";
  return isPalette ? String(value) : `#${value.toString(16).padStart(6, "0")}`;
}

function attributes(cell, isBlank) {
  const flags = [
    ["inverse", cell.isInverse()],
    ["underline", cell.isUnderline()],
    ["strikethrough", cell.isStrikethrough()],
    ["overline", cell.isOverline()],
  ];
  const showsOnBlanks = flags.some(([, isSet]) => isSet);
  if (!isBlank || showsOnBlanks) {
    flags.push(["bold", cell.isBold()], ["faint", cell.isDim()], ["italic", cell.isItalic()]);
    flags.push(["blink", cell.isBlink()], ["invisible", cell.isInvisible()]);
    flags.push([`fg ${colour(cell.isFgDefault(), cell.isFgPalette(), cell.getFgColor())}`, !cell.isFgDefault()]);
  }
  flags.push([`bg ${colour(cell.isBgDefault(), cell.isBgPalette(), cell.getBgColor())}`, !cell.isBgDefault()]);
  return flags.filter(([, isSet]) => isSet).map(([name]) => name).join(",");
}

function lines(buffer, from, to, cols) {
  const found = [];
  for (let y = from; y < to; y++) {
    const line = buffer.getLine(y);
    const cells = [];
    for (let x = 0; line && x < cols; x++) {
      const cell = line.getCell(x);
      if (cell.getWidth() === 0) continue;
      const text = cell.getChars() || " ";
      cells.push([text, cell.getWidth(), attributes(cell, text === " ")]);
    }
    while (cells.length && cells.at(-1)[0] === " " && cells.at(-1)[2] === "") cells.pop();
    found.push(cells);
  }
  return found;
}

async function run({ cols, rows, feeds }) {
  const terminal = new Terminal({ cols, rows, scrollback: SCROLLBACK, allowProposedApi: true });
  terminal.loadAddon(new Unicode11Addon());
  terminal.unicode.activeVersion = "11";
  let title = "";
  let answers = "";
  terminal.onTitleChange((text) => (title = text));
  terminal.onData((text) => (answers += text));
  for (const feed of feeds) {
    answers = "";
    await new Promise((done) => terminal.write(Buffer.from(feed, "base64"), done));
  }
  const { active, normal } = terminal.buffer;
  const result = {
    screen: lines(active, active.baseY, active.baseY + rows, cols),
    under: active.type === "alternate" ? lines(normal, normal.baseY, normal.baseY + rows, cols) : null,
    scrollback: lines(normal, 0, normal.baseY, cols),
    cursor: [active.cursorX, active.cursorY],
    buffer: active.type,
    modes: terminal.modes,
    title,
    answers,
  };
  terminal.dispose();
  return result;
}

let input = "";
for await (const piece of stdin) input += piece;
const results = {};
for (const [id, job] of Object.entries(JSON.parse(input))) results[id] = await run(job);
stdout.write(JSON.stringify(results));
