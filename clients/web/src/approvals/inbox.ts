/** What waits for an answer, as the daemon last said: fetched anew whenever an event tells of a change. */

import type { AnswerApprovalParams, Approval, ApprovalsParams, Event } from "../protocol/messages.gen";

export interface InboxRequests {
  list(params: ApprovalsParams): Promise<Approval[]>;
  answer(params: AnswerApprovalParams): Promise<Approval>;
}

export class Inbox {
  /** The oldest first. */
  approvals: readonly Approval[] = [];
  readonly #requests: InboxRequests;
  readonly #onChange: () => void;
  #isFetching = false;
  #isStale = false;

  constructor(requests: InboxRequests, onChange: () => void) {
    this.#requests = requests;
    this.#onChange = onChange;
  }

  /** How many wait for somebody. */
  get count(): number {
    return this.approvals.filter((approval) => approval.state === "waiting").length;
  }

  /** The daemon has told of something. */
  note(event: Event): void {
    if (event.kind.startsWith("approval_") || event.kind === "removed") void this.refresh();
  }

  /** Several wishes at once are one more request, behind the one that is under way. */
  async refresh(): Promise<void> {
    this.#isStale = true;
    if (this.#isFetching) return;
    this.#isFetching = true;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        this.approvals = await this.#requests.list({});
        this.#onChange();
      }
    } catch {
      // The connection broke: it is asked anew when that is back.
    } finally {
      this.#isFetching = false;
    }
  }

  /** @throws RequestFailure somebody was faster, or may not. */
  async answer(params: AnswerApprovalParams): Promise<Approval> {
    try {
      return await this.#requests.answer(params);
    } finally {
      void this.refresh();
    }
  }
}
