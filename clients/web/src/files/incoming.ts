/** Files that the user brings to a place on the page: dropped onto it, or pasted. */

import type { CtrlV } from "./ctrl_v";

export interface Incoming {
  readonly ctrlV: CtrlV;
  /** Whether files are welcome now. */
  isOpen(): boolean;
  take(files: File[]): void;
}

const DROP_CLASS = "drop-target";

/** The name of what has none: a picture of the screen that was copied. */
const PASTED_NAMES: Readonly<Record<string, string>> = {
  "image/png": "pasted.png",
  "image/jpeg": "pasted.jpg",
  "image/gif": "pasted.gif",
  "image/webp": "pasted.webp",
};

export function watchIncoming(place: HTMLElement, incoming: Incoming): void {
  // Before the terminal sees it, which would paste the text that often comes along.
  place.addEventListener(
    "paste",
    (event) => {
      const files = incoming.isOpen() ? filesToPaste(event.clipboardData) : [];
      incoming.ctrlV.handlePaste(event, files.length > 0);
      if (files.length === 0) return;
      event.preventDefault();
      event.stopPropagation();
      incoming.take(files);
    },
    { capture: true },
  );
  watchDrops(place, incoming);
}

function watchDrops(place: HTMLElement, incoming: Incoming): void {
  let depth = 0;
  const show = (): void => {
    place.classList.toggle(DROP_CLASS, depth > 0);
  };
  const has = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  place.addEventListener("dragenter", (event) => {
    if (!has(event) || !incoming.isOpen()) return;
    event.preventDefault();
    depth += 1;
    show();
  });
  place.addEventListener("dragleave", (event) => {
    if (!has(event)) return;
    depth = Math.max(0, depth - 1);
    show();
  });
  place.addEventListener("dragover", (event) => {
    if (!has(event)) return;
    event.preventDefault();
    if (event.dataTransfer !== null) event.dataTransfer.dropEffect = incoming.isOpen() ? "copy" : "none";
  });
  place.addEventListener("drop", (event) => {
    if (!has(event)) return;
    event.preventDefault();
    depth = 0;
    show();
    const files = filesOf(event.dataTransfer);
    if (files.length > 0) incoming.take(files);
  });
}

/** A missed target must not make the browser leave the page for the file. */
export function refuseStrayDrops(): void {
  for (const type of ["dragover", "drop"] as const) {
    window.addEventListener(type, (event) => {
      if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "none";
    });
  }
}

/**
 * What is on the clipboard as files. Office programs put a picture of the text beside plain and formatted text: the text
 * is meant. A picture that a browser has copied comes with its HTML alone, a file with its name as text.
 */
export function filesToPaste(data: DataTransfer | null): File[] {
  if (data === null || ["text/plain", "text/html"].every((type) => data.types.includes(type))) return [];
  return filesOf(data).map(nameFile);
}

/** Without directories, which cannot be read as files. */
function filesOf(data: DataTransfer | null): File[] {
  const items = [...(data?.items ?? [])].filter((item) => item.kind === "file");
  return items.flatMap((item) => {
    if (item.webkitGetAsEntry?.()?.isDirectory) return [];
    const file = item.getAsFile();
    return file === null ? [] : [file];
  });
}

/** Browsers call each picture on the clipboard "image.png". */
function nameFile(file: File): File {
  const name = PASTED_NAMES[file.type];
  const isNamed = file.name !== "" && !/^image\.\w+$/.test(file.name);
  return isNamed || name === undefined ? file : new File([file], name, { type: file.type });
}
