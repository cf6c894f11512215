import { h } from "../ui/dom";

/** A file of the user's choice, null for none. To be called from a gesture of theirs. */
export function pickFile(accept: string): Promise<File | null> {
  return new Promise((resolve) => {
    const input = h("input", {
      attrs: { type: "file", accept, hidden: true, "data-testid": "recording-file" },
      on: { change: () => done(input.files?.[0] ?? null), cancel: () => done(null) },
    });
    function done(file: File | null): void {
      input.remove();
      resolve(file);
    }
    // In the document, or some browsers forget it before the choice is made.
    document.body.append(input);
    input.click();
  });
}
