/** A command line as a person types it, split as a POSIX shell would: quotes and backslashes, no expansion. */

/** A line that cannot be run without a shell; the message is for people. */
export class CommandLineError extends Error {
  override readonly name = "CommandLineError";
}

const operators = new Set(["|", "&", ";", "<", ">", "(", ")", "`", "$"]);

function refuseOperator(char: string): never {
  throw new CommandLineError(
    `“${char}” means something only to a shell. Quote it, or run the line in one: bash -c '…'`,
  );
}

class Splitter {
  readonly #line: string;
  readonly #words: string[] = [];
  #at = 0;
  /** The word under way; null between words (a quoted "" is a word, too). */
  #word: string | null = null;

  constructor(line: string) {
    this.#line = line;
  }

  split(): string[] {
    while (this.#at < this.#line.length) this.#step();
    this.#endWord();
    return this.#words;
  }

  #step(): void {
    const char = this.#take();
    if (/\s/.test(char)) this.#endWord();
    else if (char === "'") this.#add(this.#takeUntil("'"));
    else if (char === '"') this.#takeDoubleQuoted();
    else if (char === "\\") this.#takeEscaped();
    else if (operators.has(char)) refuseOperator(char);
    else this.#add(char);
  }

  #take(): string {
    const char = this.#line.charAt(this.#at);
    this.#at += 1;
    return char;
  }

  #takeUntil(quote: string): string {
    const end = this.#line.indexOf(quote, this.#at);
    if (end < 0) throw new CommandLineError(`The quote ${quote} is never closed.`);
    const text = this.#line.slice(this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #takeDoubleQuoted(): void {
    this.#add("");
    while (this.#at < this.#line.length) {
      const char = this.#take();
      if (char === '"') return;
      if (char === "$" || char === "`") refuseOperator(char);
      if (char === "\\" && '"\\$`'.includes(this.#line.charAt(this.#at))) this.#add(this.#take());
      else this.#add(char);
    }
    throw new CommandLineError('The quote " is never closed.');
  }

  #takeEscaped(): void {
    if (this.#at >= this.#line.length)
      throw new CommandLineError("There is nothing after the last backslash.");
    this.#add(this.#take());
  }

  #add(text: string): void {
    this.#word = (this.#word ?? "") + text;
  }

  #endWord(): void {
    if (this.#word !== null) this.#words.push(this.#word);
    this.#word = null;
  }
}

/** @throws CommandLineError a quote is open, or the line needs a shell. */
export function splitCommandLine(line: string): string[] {
  return new Splitter(line).split();
}

/** The words as a line that splits into them again. */
export function joinCommandLine(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./~^[\]{}*?!#-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}
