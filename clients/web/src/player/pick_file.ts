import { h } from "../ui/dom";

/** A file of the user's choice, null for none. To be called from a gesture of theirs. */
export async function pickFile(accept: string): Promise<File | null> {
  const [file] = await pick({ accept, "data-testid": "recording-file" });
  return file ?? null;
}

/** Any files. A phone offers its camera, too. */
export function pickFiles(): Promise<File[]> {
  return pick({ multiple: true, "data-testid": "chosen-files" });
}

function pick(attrs: Readonly<Record<string, string | boolean>>): Promise<File[]> {
  return new Promise((resolve) => {
    const input = h("input", {
      attrs: { type: "file", hidden: true, ...attrs },
      on: { change: () => done([...(input.files ?? [])]), cancel: () => done([]) },
    });
    function done(files: File[]): void {
      input.remove();
      resolve(files);
    }
    // In the document, or some browsers forget it before the choice is made.
    document.body.append(input);
    input.click();
  });
}
