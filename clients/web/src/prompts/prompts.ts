/** The prompts of one session, as the daemon last said. */

import { Refetch } from "../net/refetch";
import type {
  Prompt,
  PromptAddParams,
  PromptDropParams,
  PromptEditParams,
  PromptListParams,
} from "../protocol/messages.gen";

export interface PromptRequests {
  list(params: PromptListParams): Promise<Prompt[]>;
  add(params: PromptAddParams): Promise<unknown>;
  edit(params: PromptEditParams): Promise<unknown>;
  drop(params: PromptDropParams): Promise<unknown>;
}

export class Prompts {
  /** In the order in which they were added. */
  prompts: readonly Prompt[] = [];
  readonly #session: string;
  readonly #requests: PromptRequests;
  readonly #refetch: Refetch;

  constructor(session: string, requests: PromptRequests, onChange: () => void) {
    this.#session = session;
    this.#requests = requests;
    this.#refetch = new Refetch(async () => {
      this.prompts = await requests.list({ session, closed: true });
      onChange();
    });
  }

  refresh(): Promise<void> {
    return this.#refetch.wish();
  }

  /** @throws RequestFailure it is no prompt, or too late; so do the others. */
  async add(text: string): Promise<void> {
    await this.#requests.add({ session: this.#session, text });
    void this.refresh();
  }

  async edit(prompt: string, text: string): Promise<void> {
    await this.#requests.edit({ session: this.#session, prompt, text });
    void this.refresh();
  }

  async drop(prompt: string): Promise<void> {
    await this.#requests.drop({ session: this.#session, prompt });
    void this.refresh();
  }
}
