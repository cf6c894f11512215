/** The list of conversations, or of those that a search has found. */

import type { ConversationHit, ConversationInfo, Excerpt } from "../protocol/messages.gen";
import { textButton } from "../ui/button";
import { h } from "../ui/dom";
import { countTokens, formatAge, formatBytes, formatCost, formatCount } from "./money";

export interface ConversationActions {
  readonly mayCreate: boolean;
  /** Shows the running session that has it. */
  open(session: string): void;
  resume(conversation: ConversationInfo): void;
  fork(conversation: ConversationInfo): void;
  save(conversation: ConversationInfo): void;
}

/** `excerpts` empty: it is not a search's. */
export function drawConversations(
  hits: readonly ConversationHit[],
  actions: ConversationActions,
  nowSeconds: number,
): HTMLElement {
  return h(
    "ul",
    { class: "conversations", attrs: { "data-testid": "conversation-list" } },
    ...hits.map((hit) => drawConversation(hit, actions, nowSeconds)),
  );
}

function drawConversation(
  { conversation, excerpts }: ConversationHit,
  actions: ConversationActions,
  nowSeconds: number,
): HTMLElement {
  return h(
    "li",
    { class: "conversation", attrs: { "data-testid": "conversation", "data-conversation": conversation.id } },
    h("h3", {}, conversation.title || conversation.id),
    h("p", { class: "conversation-place" }, conversation.cwd),
    h("p", { class: "conversation-facts" }, describeConversation(conversation, nowSeconds)),
    ...excerpts.map(drawExcerpt),
    h("div", { class: "conversation-buttons" }, ...drawButtons(conversation, actions)),
  );
}

export function describeConversation(conversation: ConversationInfo, nowSeconds: number): string {
  const messages = conversation.messages === 1 ? "1 message" : `${conversation.messages} messages`;
  return [
    formatAge(nowSeconds - conversation.last_used_at),
    messages,
    `${formatCount(countTokens(conversation.tokens))} tokens`,
    formatCost(conversation),
    formatBytes(conversation.size),
  ].join(" · ");
}

function drawButtons(conversation: ConversationInfo, actions: ConversationActions): HTMLElement[] {
  const { session } = conversation;
  const buttons: HTMLElement[] = [];
  if (session !== null)
    buttons.push(
      textButton("Open session", "conversation-open", "small primary", () => actions.open(session)),
    );
  else if (actions.mayCreate)
    buttons.push(
      textButton("Resume", "conversation-resume", "small primary", () => actions.resume(conversation)),
    );
  if (actions.mayCreate)
    buttons.push(textButton("Fork", "conversation-fork", "small", () => actions.fork(conversation)));
  buttons.push(textButton("Save as HTML", "conversation-save", "small", () => actions.save(conversation)));
  return buttons;
}

/** The daemon counts characters as Unicode does, JavaScript in halves of some: the parts before, of and behind. */
export function splitExcerpt({ text, begin, end }: Pick<Excerpt, "text" | "begin" | "end">): string[] {
  const characters = [...text];
  return [characters.slice(0, begin), characters.slice(begin, end), characters.slice(end)].map((part) =>
    part.join(""),
  );
}

function drawExcerpt(excerpt: Excerpt): HTMLElement {
  const [before = "", found = "", after = ""] = splitExcerpt(excerpt);
  const who = excerpt.role === "user" ? "User: " : "Claude: ";
  return h("p", { class: "excerpt" }, h("b", {}, who), before, h("mark", {}, found), after);
}
