/** The player: a recording, and below it what moves it. Over the whole page. */

import "./player.css";
import type { Scheme } from "../terminal/colours";
import { iconButton } from "../ui/button";
import { h, setText } from "../ui/dom";
import { icon } from "../ui/icons";
import { type Cast, readCast } from "./cast";
import { PlayerView } from "./player_view";

const SEEK_SECONDS = 5;
const SEEK_STEPS = 1000;
const speeds: readonly number[] = [0.25, 0.5, 1, 2, 4, 8, 16];

export interface PlayerOptions {
  readonly title: string;
  /** The recording as asciicast; to be saved under `fileName`. */
  readonly bytes: Uint8Array;
  readonly fileName: string;
  /** What is to be known of it; "" for nothing. */
  readonly note: string;
  readonly scheme: Scheme;
  onClosed(): void;
}

/** What tests may ask of the open player. */
export interface PlayerState {
  readonly text: string;
  readonly position: number;
  readonly duration: number;
  readonly isPlaying: boolean;
}

let openPlayer: PlayerView | null = null;

export function readPlayer(): PlayerState | null {
  if (openPlayer === null) return null;
  const { position, isPlaying, cast } = openPlayer;
  return { text: openPlayer.readText(), position, duration: cast.duration, isPlaying };
}

/** Throws CastError where the bytes are no recording. */
export function showPlayer(options: PlayerOptions): void {
  const cast = readCast(new TextDecoder().decode(options.bytes));
  const host = h("div", { class: "player-screen", attrs: { "data-testid": "player-screen" } });
  const controls = new Controls(cast, () => view);
  const close = iconButton("close", "Close", "player-close", () => dialog.close());
  const save = iconButton("save", "Save recording", "player-save", () =>
    saveFile(options.bytes, options.fileName),
  );
  const dialog = h(
    "dialog",
    {
      class: "player",
      attrs: { "data-testid": "player", "aria-labelledby": "player-title" },
      on: { close: () => end(), keydown: (event) => controls.handleKey(event) },
    },
    h(
      "header",
      { class: "player-head" },
      h("h2", { attrs: { id: "player-title" } }, options.title),
      h("span", { class: "player-note", attrs: { "data-testid": "player-note" } }, options.note),
      save,
      close,
    ),
    host,
    controls.element,
  );
  document.body.append(dialog);
  dialog.showModal();
  const view = new PlayerView(host, cast, options.scheme, () => controls.update());
  openPlayer = view;
  controls.update();
  controls.focus();

  function end(): void {
    openPlayer = null;
    view.dispose();
    dialog.remove();
    options.onClosed();
  }
}

class Controls {
  readonly element: HTMLElement;
  readonly #cast: Cast;
  readonly #getView: () => PlayerView;
  readonly #play: HTMLButtonElement;
  readonly #time = h("span", { class: "player-time", attrs: { "data-testid": "player-time" } });
  readonly #seek: HTMLInputElement;
  readonly #speed: HTMLSelectElement;
  #isShownPlaying: boolean | null = null;

  constructor(cast: Cast, getView: () => PlayerView) {
    this.#cast = cast;
    this.#getView = getView;
    this.#play = iconButton("play", "Play", "player-play", () => getView().toggle());
    this.#seek = h("input", {
      class: "player-seek",
      attrs: {
        type: "range",
        min: 0,
        max: SEEK_STEPS,
        step: 1,
        value: 0,
        "aria-label": "Position",
        "data-testid": "player-seek",
      },
      on: { input: () => getView().seek((Number(this.#seek.value) / SEEK_STEPS) * cast.duration) },
    });
    this.#speed = h(
      "select",
      {
        class: "player-speed",
        attrs: { "aria-label": "Speed", "data-testid": "player-speed" },
        on: { change: () => getView().setSpeed(Number(this.#speed.value)) },
      },
      ...speeds.map((speed) => h("option", { attrs: { value: speed, selected: speed === 1 } }, `${speed}×`)),
    );
    this.element = h(
      "footer",
      { class: "player-controls" },
      this.#play,
      h("div", { class: "player-track" }, this.#seek, ...this.#buildMarks()),
      this.#time,
      this.#speed,
    );
  }

  focus(): void {
    this.#play.focus();
  }

  update(): void {
    const { position, isPlaying } = this.#getView();
    const { duration } = this.#cast;
    setText(this.#time, `${formatClock(position)} / ${formatClock(duration)}`);
    this.#seek.value = String(duration > 0 ? Math.round((position / duration) * SEEK_STEPS) : 0);
    this.#seek.setAttribute("aria-valuetext", formatClock(position));
    if (this.#isShownPlaying === isPlaying) return;
    this.#isShownPlaying = isPlaying;
    const label = isPlaying ? "Pause" : "Play";
    this.#play.replaceChildren(icon(isPlaying ? "pause" : "play"));
    this.#play.setAttribute("aria-label", label);
    this.#play.title = label;
  }

  handleKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const isOnControl =
      event.target instanceof HTMLButtonElement || event.target instanceof HTMLSelectElement;
    // A focused button takes the space bar, a focused list takes letters and arrows.
    if (event.key === " " && isOnControl) return;
    if (event.target instanceof HTMLSelectElement) return;
    const action = this.#findAction(event.key);
    if (action === undefined) return;
    event.preventDefault();
    action();
  }

  #findAction(key: string): (() => void) | undefined {
    const view = this.#getView();
    return {
      " ": () => view.toggle(),
      ArrowLeft: () => view.seek(view.position - SEEK_SECONDS),
      ArrowRight: () => view.seek(view.position + SEEK_SECONDS),
      "<": () => this.#changeSpeed(-1),
      ">": () => this.#changeSpeed(1),
      ".": () => view.step(),
      m: () => view.seekNextMark(),
    }[key];
  }

  #changeSpeed(by: number): void {
    const view = this.#getView();
    const index = speeds.indexOf(view.speed) + by;
    const speed = speeds[Math.min(Math.max(index, 0), speeds.length - 1)] ?? 1;
    this.#speed.value = String(speed);
    view.setSpeed(speed);
  }

  #buildMarks(): HTMLElement[] {
    const { events, duration } = this.#cast;
    return events
      .filter((event) => event.code === "m")
      .map(({ at, data }) => {
        const label = data === "" ? `Mark at ${formatClock(at)}` : `${data}, ${formatClock(at)}`;
        const mark = h("button", {
          class: "player-mark",
          attrs: { type: "button", title: label, "aria-label": label, "data-testid": "player-mark" },
          on: { click: () => this.#getView().seek(at) },
        });
        mark.style.setProperty("--at", String(duration > 0 ? at / duration : 0));
        return mark;
      });
  }
}

function saveFile(bytes: Uint8Array, name: string): void {
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/x-asciicast" });
  const url = URL.createObjectURL(blob);
  h("a", { attrs: { href: url, download: name } }).click();
  // The download has begun by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** `1:05`, `1:00:05`. */
export function formatClock(seconds: number): string {
  const whole = Math.floor(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${hours > 0 ? String(minutes).padStart(2, "0") : minutes}:${String(rest).padStart(2, "0")}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}
