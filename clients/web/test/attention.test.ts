import { describe, expect, test } from "vitest";
import { NewWaitings } from "../src/attention/announcer";
import { type Notice, type Notifications, PageNotifications } from "../src/attention/page_notifications";
import { drawIcon, makeTitle } from "../src/attention/tab_signal";
import type { SessionInfo } from "../src/protocol/messages.gen";
import { readClick } from "../src/pwa/notification_click";
import {
  describeActivity,
  describeSince,
  describeWaiting,
  listWaiting,
  putWaitingFirst,
} from "../src/ui/activity_words";
import { describeSession } from "../src/ui/session_words";
import { makeActivity, makeSession } from "./session_info";

function waiting(id: string, since = 1): SessionInfo {
  const activity = makeActivity({ state: "waiting", waits_for: "permission", tool: "Bash", since });
  return makeSession(id, { activity });
}

function working(id: string, prompt = ""): SessionInfo {
  return makeSession(id, { activity: makeActivity({ state: "working", prompt }) });
}

describe("what a program does", () => {
  test.each([
    [makeActivity({ state: "starting" }), "Starting"],
    [makeActivity({ state: "working" }), "Working"],
    [makeActivity({ state: "working", tool: "Edit" }), "Working: Edit"],
    [makeActivity({ state: "waiting", waits_for: "permission", tool: "Bash" }), "Waits for permission: Bash"],
    [makeActivity({ state: "waiting", waits_for: "question" }), "Waits for question"],
    [makeActivity({ state: "waiting" }), "Waiting"],
    [makeActivity({ state: "bell" }), "Rang the bell"],
    [makeActivity({ state: "dreaming" as "idle" }), "dreaming"],
  ])("%o", (activity, words) => {
    expect(describeActivity(activity)).toBe(words);
  });

  test.each([
    [100, 159, "now"],
    [100, 50, "now"],
    [100, 160, "1 min"],
    [0, 3599, "59 min"],
    [0, 7200, "2 h"],
    [0, 200_000, "2 d"],
  ])("since %d at %d", (since, now, words) => {
    expect(describeSince(since, now)).toBe(words);
  });

  test("is said to those who do not see it, with the prompt and since when", () => {
    const words = describeSession(working("a", "fix the tests"), 121);
    expect(words.doing).toBe("Working · 2 min");
    expect(words.detail).toBe("fix the tests");
    expect(words.spoken).toBe("a, Working for 2 min, prompt: fix the tests, 80 by 24, 0 clients");
    expect(describeSession(makeSession("a", { state: "exited", exit_code: 3 }), 1).spoken).toContain(
      "exited with status 3",
    );
  });

  test("an older daemon does not say", () => {
    expect(describeSession(makeSession("a"), 1)).toMatchObject({ doing: "", detail: "cat" });
  });
});

describe("those that wait", () => {
  test("come first, the longest first; the others keep their order", () => {
    const sessions = [working("a"), waiting("b", 20), working("c"), waiting("d", 10)];
    expect(putWaitingFirst(sessions).map((session) => session.id)).toEqual(["d", "b", "a", "c"]);
  });

  test("do so no more when they have ended", () => {
    expect(listWaiting([{ ...waiting("a"), state: "exited" }])).toEqual([]);
  });

  test("are announced once each", () => {
    const fresh = new NewWaitings();
    expect(fresh.take([waiting("a", 1), working("b")])).toEqual(["a waits for permission: Bash"]);
    expect(fresh.take([waiting("a", 1), waiting("b", 2)])).toEqual(["b waits for permission: Bash"]);
    expect(fresh.take([waiting("a", 3)])).toEqual(["a waits for permission: Bash"]);
  });
});

describe("the tab", () => {
  test("tells how many wait", () => {
    expect(makeTitle("claude · ptyd", 0)).toBe("claude · ptyd");
    expect(makeTitle("claude · ptyd", 2)).toBe("(2) claude · ptyd");
    expect(drawIcon(0)).not.toContain("<text");
    expect(drawIcon(3)).toContain(">3</text>");
    expect(drawIcon(30)).toContain(">9+</text>");
  });
});

class FakeBrowser implements Notifications {
  permission: NotificationPermission | "unsupported" = "default";
  answer: NotificationPermission = "granted";
  isWanted = false;
  asked = 0;
  isHidden = true;
  canShow = true;
  readonly shown = new Map<string, Notice>();
  readonly titles: string[] = [];
  onClick: (session: string) => void = () => {};

  async requestPermission(): Promise<NotificationPermission> {
    this.asked += 1;
    this.permission = this.answer;
    return this.answer;
  }

  show(notice: Notice) {
    if (!this.canShow) return null;
    this.titles.push(notice.title);
    this.shown.set(notice.tag, notice);
    return { close: () => void this.shown.delete(notice.tag) };
  }

  async isLookedAt(): Promise<boolean> {
    return !this.isHidden;
  }

  load = (): boolean => this.isWanted;

  save(isWanted: boolean): void {
    this.isWanted = isWanted;
  }
}

describe("notifications", () => {
  function begin(changes: Partial<FakeBrowser> = {}) {
    const browser = Object.assign(new FakeBrowser(), changes);
    const opened: string[] = [];
    const notifications = new PageNotifications(
      browser,
      (id) => opened.push(id),
      () => {},
    );
    return { browser, opened, notifications };
  }
  const granted = { permission: "granted", isWanted: true } as const;

  test("are not asked for before the user does", async () => {
    const { browser, notifications } = begin();
    await notifications.update([waiting("a")]);
    expect(notifications.choice).toBe("off");
    expect([browser.asked, browser.titles]).toEqual([0, []]);
    await notifications.toggle();
    expect([browser.asked, browser.isWanted, notifications.choice]).toEqual([1, true, "on"]);
    await notifications.toggle();
    await notifications.toggle();
    expect([browser.asked, notifications.choice]).toEqual([1, "on"]);
  });

  test("one for each waiting, closed when it waits no more", async () => {
    const { browser, notifications } = begin(granted);
    await notifications.update([waiting("a", 1), working("b")]);
    await notifications.update([waiting("a", 1), waiting("b", 2)]);
    await notifications.update([waiting("a", 1), waiting("b", 2)]);
    expect(browser.titles).toEqual(["a waits for permission: Bash", "b waits for permission: Bash"]);
    await notifications.update([working("a"), waiting("b", 2)]);
    expect([...browser.shown.keys()]).toEqual(["ptyd b 2"]);
    await notifications.update([waiting("a", 5)]);
    expect([...browser.shown.keys()]).toEqual(["ptyd a 5"]);
    expect(browser.titles.length).toBe(3);
  });

  test("none while the page is looked at, and none for what was seen then", async () => {
    const { browser, notifications } = begin({ ...granted, isHidden: false });
    await notifications.update([waiting("a", 1)]);
    browser.isHidden = true;
    await notifications.update([waiting("a", 1)]);
    expect(browser.titles).toEqual([]);
    await notifications.update([waiting("a", 1), waiting("b", 2)]);
    expect(browser.titles).toEqual(["b waits for permission: Bash"]);
  });

  test("a click leads to the session", async () => {
    const { browser, opened, notifications } = begin(granted);
    await notifications.update([waiting("a")]);
    browser.onClick([...browser.shown.values()][0]?.session ?? "");
    expect(opened).toEqual(["a"]);
    expect(browser.shown.size).toBe(0);
  });

  test("of the service worker: its clicks are told apart from other messages", () => {
    expect(readClick({ clicked: "a" })).toBe("a");
    for (const other of [null, "a", {}, { clicked: 1 }]) expect(readClick(other)).toBeNull();
  });

  test("switched off, those shown are closed", async () => {
    const { browser, notifications } = begin(granted);
    await notifications.update([waiting("a")]);
    await notifications.toggle();
    expect(browser.shown.size).toBe(0);
    await notifications.update([waiting("a", 1), waiting("b", 2)]);
    expect(browser.titles.length).toBe(1);
  });

  test("a browser that does not let us", async () => {
    const blocked = begin({ answer: "denied" });
    await blocked.notifications.toggle();
    expect(blocked.notifications.choice).toBe("blocked");
    expect(begin({ permission: "unsupported" }).notifications.choice).toBe("unsupported");
    const phone = begin({ ...granted, canShow: false });
    await phone.notifications.update([waiting("a")]);
    expect(phone.notifications.choice).toBe("unsupported");
  });

  test("what was over before the browser had answered is not told", async () => {
    const { browser, notifications } = begin(granted);
    const first = notifications.update([waiting("a")]);
    await notifications.update([working("a")]);
    await first;
    expect(browser.titles).toEqual([]);
  });

  test("the words", () => {
    expect(describeWaiting(makeSession("a"))).toBe("a");
  });
});
