/** One thing that waits: what is asked, and buttons that a thumb cannot miss. */

import type { AnswerApprovalParams, Approval } from "../protocol/messages.gen";
import { textButton } from "../ui/button";
import { h, setText } from "../ui/dom";
import { describeError } from "../ui/words";
import { readDiff } from "./diff";
import { describeAge, describeOutcome, listInput, type Question, readQuestions } from "./words";

export type AnswerCard = (params: AnswerApprovalParams) => Promise<Approval>;

export class ApprovalCard {
  readonly element: HTMLElement;
  readonly #age = h("span", { class: "approval-age" });
  readonly #outcome = h("p", {
    class: "approval-outcome",
    attrs: { role: "status", "data-testid": "approval-outcome" },
  });
  readonly #controls: HTMLElement;
  readonly #answer: AnswerCard;
  #approval: Approval;
  #isBusy = false;

  constructor(approval: Approval, mayAnswer: boolean, answer: AnswerCard, open: () => void) {
    this.#approval = approval;
    this.#answer = answer;
    this.#controls = h("div", { class: "approval-controls" });
    if (mayAnswer) this.#controls.append(...this.#buildControls());
    else this.#controls.append(h("p", { class: "approval-outcome" }, "You may look at this session only."));
    this.element = h(
      "article",
      {
        class: "approval",
        attrs: { "data-testid": "approval", "aria-label": `${approval.name}: ${approval.tool}` },
      },
      h(
        "header",
        { class: "approval-head" },
        h(
          "button",
          {
            class: "approval-session",
            attrs: { type: "button", title: "Open the session" },
            on: { click: open },
          },
          approval.name,
        ),
        h("span", { class: "approval-tool" }, approval.tool),
        this.#age,
      ),
      ...this.#buildBody(),
      this.#controls,
      this.#outcome,
    );
  }

  update(approval: Approval, nowMs: number): void {
    this.#approval = approval;
    setText(this.#age, describeAge(approval.asked_at, nowMs));
    if (this.#isBusy) return;
    const outcome = describeOutcome(approval);
    if (outcome !== "") setText(this.#outcome, outcome);
    this.#setEnabled(approval.state === "waiting");
  }

  #buildBody(): HTMLElement[] {
    const approval = this.#approval;
    const body: HTMLElement[] = listInput(approval).map((line) =>
      h(
        "div",
        { class: "approval-input" },
        h("span", { class: "approval-label" }, line.name),
        h("pre", { class: "approval-text", attrs: { tabindex: 0 } }, line.text),
      ),
    );
    if (approval.diff !== "") {
      const lines = readDiff(approval.diff).map((line) =>
        h("span", { class: `diff-${line.kind}` }, `${line.text}\n`),
      );
      body.push(
        h(
          "pre",
          {
            class: "approval-text approval-diff",
            attrs: { tabindex: 0, "data-testid": "approval-diff", "aria-label": "What would change" },
          },
          ...lines,
        ),
      );
    }
    if (approval.is_cut) body.push(h("p", { class: "approval-label" }, "Cut: there is more of it."));
    return body;
  }

  // --- answering ---

  #buildControls(): HTMLElement[] {
    const questions = readQuestions(this.#approval);
    if (questions.length > 0) return this.#buildQuestions(questions);
    const parts: HTMLElement[] = [
      h(
        "div",
        { class: "approval-buttons" },
        textButton("Deny", "approval-deny", "large danger", () => void this.#give({ decision: "deny" })),
        textButton("Allow", "approval-allow", "large primary", () => void this.#give({ decision: "allow" })),
      ),
      this.#buildMore(),
    ];
    return parts;
  }

  /** What is needed less often. */
  #buildMore(): HTMLElement {
    const message = h("textarea", {
      class: "input",
      attrs: { rows: 2, "aria-label": "Why not, or what to do instead", "data-testid": "approval-message" },
    });
    const always = this.#approval.suggestions.map((suggestion, index) =>
      textButton(
        `Allow, and always: ${suggestion}`,
        "approval-always",
        "large wrapping",
        () => void this.#give({ decision: "allow", always: index }),
      ),
    );
    return h(
      "details",
      { class: "approval-more" },
      h("summary", { attrs: { "data-testid": "approval-more" } }, "More"),
      ...always,
      message,
      textButton("Deny, and say this", "approval-deny-saying", "large", () => {
        void this.#give({ decision: "deny", message: message.value });
      }),
    );
  }

  #buildQuestions(questions: readonly Question[]): HTMLElement[] {
    const only = questions.length === 1 ? questions[0] : undefined;
    const deny = textButton(
      "Do not answer",
      "approval-deny",
      "large",
      () => void this.#give({ decision: "deny" }),
    );
    if (only !== undefined && !only.isMultiple) {
      const choices = only.options.map((option) =>
        this.#optionButton(
          option.label,
          option.description,
          () => void this.#give({ decision: "allow", answers: { [only.text]: option.label } }),
        ),
      );
      return [h("p", { class: "approval-question" }, only.text), ...choices, deny];
    }
    const chosen = questions.map(() => new Set<string>());
    const parts = questions.flatMap((question, index) => [
      h("p", { class: "approval-question" }, question.text),
      ...this.#buildChoices(question, chosen[index] ?? new Set()),
    ]);
    const answer = textButton("Answer", "approval-allow", "large primary", () => {
      const answers = questions.map((question, index) => [
        question.text,
        [...(chosen[index] ?? [])].join(", "),
      ]);
      void this.#give({ decision: "allow", answers: Object.fromEntries(answers) });
    });
    return [...parts, h("div", { class: "approval-buttons" }, deny, answer)];
  }

  #buildChoices(question: Question, chosen: Set<string>): HTMLButtonElement[] {
    const buttons = question.options.map((option) =>
      this.#optionButton(option.label, option.description, () => {
        const wasChosen = chosen.has(option.label);
        if (!question.isMultiple) chosen.clear();
        if (wasChosen) chosen.delete(option.label);
        else chosen.add(option.label);
        question.options.forEach((one, index) => {
          buttons[index]?.setAttribute("aria-pressed", String(chosen.has(one.label)));
        });
      }),
    );
    for (const button of buttons) button.setAttribute("aria-pressed", "false");
    return buttons;
  }

  #optionButton(label: string, description: string, onClick: () => void): HTMLButtonElement {
    const button = textButton(label, "approval-option", "large wrapping", onClick);
    if (description !== "") button.append(h("span", { class: "approval-label" }, description));
    return button;
  }

  async #give(answer: Omit<AnswerApprovalParams, "approval">): Promise<void> {
    this.#isBusy = true;
    this.#setEnabled(false);
    setText(this.#outcome, answer.decision === "allow" ? "Allowing …" : "Denying …");
    try {
      const answered = await this.#answer({ ...answer, approval: this.#approval.id });
      setText(this.#outcome, describeOutcome(answered));
    } catch (error) {
      setText(this.#outcome, describeError(error));
      this.#setEnabled(this.#approval.state === "waiting");
    } finally {
      this.#isBusy = false;
    }
  }

  #setEnabled(isEnabled: boolean): void {
    for (const button of this.#controls.querySelectorAll("button")) button.disabled = !isEnabled;
  }
}
