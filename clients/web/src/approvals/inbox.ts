/** What waits for an answer, as the daemon last said: fetched anew whenever an event tells of a change. */

import { Refetch } from "../net/refetch";
import type { AnswerApprovalParams, Approval, ApprovalsParams, Event } from "../protocol/messages.gen";

export interface InboxRequests {
  list(params: ApprovalsParams): Promise<Approval[]>;
  answer(params: AnswerApprovalParams): Promise<Approval>;
}

export class Inbox {
  /** The oldest first. */
  approvals: readonly Approval[] = [];
  readonly #requests: InboxRequests;
  readonly #refetch: Refetch;

  constructor(requests: InboxRequests, onChange: () => void) {
    this.#requests = requests;
    this.#refetch = new Refetch(async () => {
      this.approvals = await requests.list({});
      onChange();
    });
  }

  /** How many wait for somebody. */
  get count(): number {
    return this.approvals.filter((approval) => approval.state === "waiting").length;
  }

  /** The daemon has told of something. */
  note(event: Event): void {
    if (event.kind.startsWith("approval_") || event.kind === "removed") void this.refresh();
  }

  refresh(): Promise<void> {
    return this.#refetch.wish();
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
