/** Where playing a recording is. The time is passed in, in seconds on the caller's clock. */

import type { Cast, CastEvent } from "./cast";

/** What to show now. */
export interface Part {
  readonly events: readonly CastEvent[];
  /** On an empty terminal. */
  readonly isAnew: boolean;
}

/** The next mark is one behind this. */
const MARK_SLACK_SECONDS = 0.001;

export class Playback {
  readonly #cast: Cast;
  #next = 0;
  #beganAt = 0;
  #beganPosition = 0;
  #isPlaying = false;
  #speed = 1;

  constructor(cast: Cast) {
    this.#cast = cast;
  }

  get isPlaying(): boolean {
    return this.#isPlaying;
  }

  get speed(): number {
    return this.#speed;
  }

  /** Everything has been shown. */
  get isAtEnd(): boolean {
    return this.#next >= this.#cast.events.length;
  }

  position(now: number): number {
    if (!this.#isPlaying) return this.#beganPosition;
    return Math.min(this.#beganPosition + (now - this.#beganAt) * this.#speed, this.#cast.duration);
  }

  /** What has come since the last time; at the end of the recording playing stops. */
  takeDue(now: number): Part {
    const position = this.position(now);
    const events = this.#takeUntil(position);
    if (this.#isPlaying && this.isAtEnd) this.#move(this.#cast.duration, now, false);
    return { events, isAnew: false };
  }

  /** Goes on, from the start where it was at the end. */
  play(now: number): Part {
    const part = this.isAtEnd ? this.seek(0, now) : this.takeDue(now);
    this.#move(this.position(now), now, true);
    return part;
  }

  pause(now: number): void {
    this.#move(this.position(now), now, false);
  }

  setSpeed(speed: number, now: number): void {
    this.#move(this.position(now), now, this.#isPlaying);
    this.#speed = speed;
  }

  /** Be there: from the start anew where that is behind us. */
  seek(wanted: number, now: number): Part {
    const position = Math.min(Math.max(wanted, 0), this.#cast.duration);
    const last = this.#cast.events[this.#next - 1];
    const isAnew = last !== undefined && position < last.at;
    if (isAnew) this.#next = 0;
    this.#move(position, now, this.#isPlaying);
    return { events: this.#takeUntil(position), isAnew };
  }

  /** To the next output, and pause there. */
  step(now: number): Part {
    const taken: CastEvent[] = [];
    let position = this.position(now);
    for (
      let event = this.#cast.events[this.#next];
      event !== undefined;
      event = this.#cast.events[this.#next]
    ) {
      this.#next += 1;
      taken.push(event);
      position = event.at;
      if (event.code === "o") break;
    }
    this.#move(position, now, false);
    return { events: taken, isAnew: false };
  }

  /** The next mark; null where there is none. */
  nextMark(now: number): CastEvent | null {
    const here = this.position(now) + MARK_SLACK_SECONDS;
    return this.#cast.events.find((event) => event.code === "m" && event.at > here) ?? null;
  }

  #move(position: number, now: number, isPlaying: boolean): void {
    this.#beganPosition = position;
    this.#beganAt = now;
    this.#isPlaying = isPlaying;
  }

  #takeUntil(position: number): readonly CastEvent[] {
    const begin = this.#next;
    const { events } = this.#cast;
    for (
      let event = events[this.#next];
      event !== undefined && event.at <= position;
      event = events[this.#next]
    )
      this.#next += 1;
    return events.slice(begin, this.#next);
  }
}
