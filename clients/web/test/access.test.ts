/** What the page offers to whom, links, and a channel that only looks. */

import { describe, expect, test } from "vitest";
import { Access } from "../src/access";
import { readCloseCode } from "../src/net/close_reasons";
import { ChannelState } from "../src/protocol/channel_state";
import type { ClientMessage, TokenInfo } from "../src/protocol/messages.gen";
import { describeLink, makeLink } from "../src/ui/share_dialog";

const theirs = { id: "00000001", owner: "owner" };
const mine = { id: "00000002", owner: "me" };

describe("access", () => {
  test.each([
    ["a daemon that says nothing", null, null, true, true, true, true, null],
    ["admin", ["admin", "control", "create", "observe"], null, true, true, true, true, null],
    ["control", ["control", "observe"], null, true, true, false, false, null],
    ["observe", ["observe"], null, false, false, false, false, null],
    ["create", ["create"], null, false, true, true, false, null],
    ["a guest who looks", ["observe"], "00000001", false, false, false, false, "00000001"],
    ["a guest who types", ["control", "observe"], "00000001", true, false, false, false, "00000001"],
  ])("of %s", (_, rights, session, controlsTheirs, controlsMine, mayCreate, isAdmin, onlySession) => {
    const access = new Access({ principal: "me", rights, session });
    expect(access.controls(theirs)).toBe(controlsTheirs);
    expect(access.controls(mine)).toBe(controlsMine);
    expect(access.mayCreate).toBe(mayCreate);
    expect(access.isAdmin).toBe(isAdmin);
    expect(access.onlySession).toBe(onlySession);
  });

  test("names are not for guests of one session", () => {
    const guest = new Access({ principal: "me", rights: ["control"], session: "00000001" });
    expect(guest.mayRename(theirs)).toBe(false);
    expect(new Access(null).mayRename(theirs)).toBe(true);
  });
});

test.each([
  ["http://127.0.0.1:7071/", "http://127.0.0.1:7071/login#s3cret"],
  ["http://127.0.0.1:7071/#1a2b3c4d", "http://127.0.0.1:7071/login#s3cret"],
  ["https://box.example/ptyd/?x=1#1a2b3c4d", "https://box.example/ptyd/login#s3cret"],
])("a link made at %s", (page, link) => {
  expect(makeLink("s3cret", page)).toBe(link);
});

test("a link in words", () => {
  const link = { rights: ["observe"], expires_at: 1600 } as unknown as TokenInfo;
  expect(describeLink(link, 1000)).toBe("may look, for 10 min more");
  expect(describeLink({ ...link, rights: ["control"], expires_at: 87_400 }, 1000)).toBe(
    "may type, for 24 h more",
  );
  expect(describeLink({ ...link, expires_at: null }, 1000)).toBe("may look, without an end");
});

test("an observer's channel says nothing that would be refused", () => {
  const sent: ClientMessage[] = [];
  const channel = new ChannelState(1, "build", { cols: 80, rows: 24 }, (message) => sent.push(message), {
    isObserver: true,
  });
  channel.write(new Uint8Array([1]));
  channel.openConnection();
  channel.receive({
    type: "Attached",
    channel: 1,
    session: "00000001",
    name: "build",
    epoch: 1,
    mode: "exact",
    offset: 0,
    cols: 80,
    rows: 24,
    controller: null,
    yours: false,
    input_seq: 0,
    answers: true,
    locked: false,
  });
  channel.write(new Uint8Array([2]));
  channel.takeControl({ cols: 90, rows: 30 });
  expect(sent.map((message) => message.type)).toEqual(["Attach"]);
  expect(sent[0]).toMatchObject({ role: "observe" });
  expect(channel.pendingInputBytes).toBe(0);
});

test("a login that was revoked is not come back with", () => {
  expect(readCloseCode(4001, "this login was revoked")).toEqual({ kind: "logged_out" });
});
