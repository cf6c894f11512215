/** The page: brings the connection, the list of sessions, the open terminal and what is around it together. */

import { Access, takesPrompts } from "./access";
import { Inbox } from "./approvals/inbox";
import { InboxButton } from "./approvals/inbox_button";
import { InboxDialog } from "./approvals/inbox_dialog";
import { Attention } from "./attention/attention";
import { showConversations } from "./conversations/conversations_dialog";
import { CtrlV } from "./files/ctrl_v";
import { FileSender } from "./files/file_sender";
import { refuseStrayDrops, watchIncoming } from "./files/incoming";
import { browserEnvironment } from "./net/browser_environment";
import { Connection } from "./net/connection";
import { logOut } from "./net/log_out";
import { watchPage } from "./net/page_signals";
import { PageVisibility } from "./net/page_visibility";
import { Overview } from "./overview/overview";
import { pickFiles } from "./player/pick_file";
import { readPlayer } from "./player/player_dialog";
import { Recordings } from "./player/recordings";
import { PromptsDialog } from "./prompts/prompts_dialog";
import type { ClientIdentity, ConnectionEvent } from "./protocol/connection_state";
import type { CreateParams, Event, SessionInfo, Welcome } from "./protocol/messages.gen";
import { SessionList } from "./protocol/session_list";
import { WaitingRuns } from "./runs/waiting_runs";
import { shareSession } from "./sharing";
import { publishTestHooks } from "./test_hooks";
import { listWaiting } from "./ui/activity_words";
import { textButton } from "./ui/button";
import { ClipboardPrompt } from "./ui/clipboard_prompt";
import { ControlBanner } from "./ui/control_banner";
import { h } from "./ui/dom";
import { Drawer } from "./ui/drawer";
import { createEmptyState } from "./ui/empty_state";
import { EndBanner } from "./ui/end_banner";
import { FitChoice } from "./ui/fit_choice";
import { KeyBar } from "./ui/key_bar";
import { readWarning } from "./ui/limit_words";
import { cleanTitle } from "./ui/program_title";
import { SearchBar } from "./ui/search_bar";
import { askEnd, askNewSession, askRename } from "./ui/session_dialogs";
import { handleShortcut } from "./ui/shortcuts";
import { Sidebar } from "./ui/sidebar";
import { StatusPill } from "./ui/status_pill";
import { Theme } from "./ui/theme";
import { Toasts } from "./ui/toast";
import { TopBar } from "./ui/top_bar";
import { Transfers } from "./ui/transfers";
import { describeError } from "./ui/words";
import { readAddress, Workspace, writeAddress } from "./workspace";

/** So often "since when" is written anew. */
const SINCE_MS = 20_000;
/** Behind the page's address: open the inbox, as a link on a phone's screen would. */
const INBOX_ADDRESS = "#inbox";

export class App {
  #access = new Access(null);
  readonly #connection: Connection;
  readonly #sessions = new SessionList();
  readonly #waitingRuns = new WaitingRuns();
  readonly #workspace: Workspace;
  readonly #toasts = new Toasts();
  readonly #inbox = new Inbox(
    {
      list: (params) => this.#connection.request("approvals", params),
      answer: (params) => this.#connection.request("answer_approval", params),
    },
    () => this.#render(),
  );
  readonly #inboxDialog = new InboxDialog({
    inbox: this.#inbox,
    mayAnswer: (approval) => {
      const session = this.#sessions.get(approval.session);
      return session !== undefined && this.#access.controls(session);
    },
    openSession: (id) => {
      const session = this.#sessions.get(id);
      if (session !== undefined) this.#open(session);
    },
    onClosed: () => this.#focusTerminal(),
  });
  readonly #promptsDialog = new PromptsDialog({
    requests: {
      list: (params) => this.#connection.request("prompt_list", params),
      add: (params) => this.#connection.request("prompt_add", params),
      edit: (params) => this.#connection.request("prompt_edit", params),
      drop: (params) => this.#connection.request("prompt_drop", params),
    },
    onClosed: () => this.#focusTerminal(),
  });
  readonly #inboxButton = new InboxButton(() => this.#inboxDialog.open());
  readonly #status: StatusPill;
  readonly #topBar: TopBar;
  readonly #attention: Attention;
  readonly #sidebar: Sidebar;
  readonly #drawer: Drawer;
  readonly #theme: Theme;
  readonly #empty: HTMLElement;
  readonly #emptyNew: HTMLButtonElement;
  readonly #fit = new FitChoice();
  readonly #controlBanner = new ControlBanner({
    takeControl: () => this.#workspace.view?.takeControl(),
    toggleFit: () => this.#toggleFit(),
  });
  readonly #endBanner = new EndBanner({
    runAgain: () => void this.#try(() => this.#runAgain()),
    attachAgain: () => this.#workspace.view?.reattach(),
    close: () => void this.#try(() => this.#closeEnded()),
  });
  readonly #clipboardPrompt = new ClipboardPrompt(
    // A page that is not looked at may not write it: then it stays as it was.
    (text) => void navigator.clipboard?.writeText(text).catch(() => {}),
    () => this.#focusTerminal(),
  );
  readonly #searchBar = new SearchBar(() => this.#focusTerminal());
  readonly #recordings: Recordings;
  readonly #overview: Overview;
  readonly #transfers = new Transfers();
  readonly #files: FileSender;
  /** To a program it is SYN. */
  readonly #ctrlV = new CtrlV(() => this.#workspace.view?.terminal.input("\x16"));
  readonly #keyBar = new KeyBar({
    chooseFiles: () => this.#chooseFiles(),
    ask: () => this.#ask(),
    press: (key) => this.#workspace.view?.pressBarKey(key),
    paste: () => void this.#try(async () => this.#workspace.view?.pasteClipboard()),
  });
  /** The open session as last heard of: it outlives its removal from the list. */
  #openSession: SessionInfo | null = null;
  #isRenderDue = false;

  constructor(root: HTMLElement, identity: ClientIdentity) {
    this.#connection = new Connection(identity, browserEnvironment, {
      onStatus: (status) => {
        this.#status.update(status);
        this.#files.showConnection();
        this.#render();
      },
      onEvent: (event) => this.#handle(event),
    });
    this.#status = new StatusPill({
      now: browserEnvironment.now,
      reconnect: () => this.#connection.reconnect(),
    });
    this.#files = new FileSender({
      connection: this.#connection,
      transfers: this.#transfers,
      findTarget: () => this.#findTarget(),
      pasteHere: (session, text) => this.#workspace.paste(session, text),
      say: (text) => this.#toasts.show(text),
    });
    const visibility = new PageVisibility();
    const host = h("div", { class: "terminal-host", attrs: { hidden: true, "data-testid": "terminal" } });
    this.#workspace = new Workspace({
      host,
      connection: this.#connection,
      visibility,
      clipboardPrompt: this.#clipboardPrompt,
      isScaled: () => this.#fit.isScaled,
      readScheme: () => this.#theme.scheme,
      onState: () => this.#render(),
      onOpened: (view) => this.#searchBar.setAddon(view?.search ?? null),
      takeModifiers: () => this.#keyBar.takeModifiers(),
      onShortcut: (event) => this.#handleShortcut(event),
      stopRun: (run) => void this.#try(() => this.#stopRun(run)),
    });
    this.#recordings = new Recordings({
      connection: this.#connection,
      readScheme: () => this.#theme.scheme,
      onClosed: () => this.#focusTerminal(),
    });
    this.#overview = new Overview({
      open: (session) => this.#open(session),
      create: () => this.#askNew(),
      readScheme: () => this.#theme.scheme,
      isConnected: () => this.#connection.isReady,
      request: (known) => this.#connection.request("miniatures", { known }),
      requestCosts: async () => (await this.#connection.request("cost", { by: "session", limit: 1000 })).rows,
    });
    this.#topBar = new TopBar(this.#status.pill, this.#inboxButton.element, {
      toggleSidebar: () => this.#drawer.toggle(),
      rename: () => this.#openSession && this.#askRename(this.#openSession),
      search: () => this.#searchBar.open(),
      ask: () => this.#ask(),
      chooseFiles: () => this.#chooseFiles(),
      toggleLock: () => void this.#try(() => this.#toggleLock()),
      share: () => this.#share(),
      logOut: () => void this.#try(logOut),
      cycleTheme: () => this.#theme.cycle(),
    });
    this.#attention = new Attention({
      visibility,
      open: (id) => {
        const session = this.#sessions.get(id);
        if (session !== undefined) this.#open(session);
      },
    });
    this.#sidebar = new Sidebar(
      {
        open: (session) => this.#open(session),
        create: () => this.#askNew(),
        rename: (session) => this.#askRename(session),
        end: (session) => this.#askEnd(session),
        showRecording: (session) => void this.#try(() => this.#recordings.showSession(session)),
        openRecording: () => void this.#try(() => this.#recordings.openFile()),
        showAll: () => this.#leave(),
        showConversations: () => this.#showConversations(),
        logOut: () => void this.#try(logOut),
        dropRun: (run) => void this.#try(() => this.#stopRun(run.id)),
      },
      this.#attention.button.element,
    );
    this.#drawer = new Drawer(this.#sidebar.element, this.#topBar.menuButton);
    this.#emptyNew = textButton("Start a session", "empty-new", "primary", () => this.#askNew());
    this.#empty = createEmptyState(this.#emptyNew);
    this.#theme = new Theme(() => this.#applyTheme());
    this.#applyTheme();
    watchIncoming(host, {
      ctrlV: this.#ctrlV,
      isOpen: () => this.#files.isOpen,
      take: (files) => void this.#files.send(files),
    });
    refuseStrayDrops();
    const news = h("div", { class: "news" }, this.#transfers.element, this.#toasts.element);
    root.append(
      this.#sidebar.element,
      this.#drawer.backdrop,
      this.#buildMain(host),
      news,
      this.#attention.announcer.element,
    );
  }

  start(): void {
    watchPage(() => this.#connection.probe());
    publishTestHooks({
      readText: () => (this.#workspace.view ?? this.#workspace.run)?.readText() ?? "",
      readStatus: () => this.#connection.status.kind,
      readPhase: () => (this.#workspace.state ?? this.#workspace.run)?.phase ?? null,
      readSession: () => this.#workspace.session,
      readTopLine: () => this.#workspace.view?.terminal.buffer.active.viewportY ?? 0,
      readSize: () => this.#workspace.state?.size ?? null,
      readPlayer,
    });
    setInterval(() => this.#render(), SINCE_MS);
    this.#render();
    this.#connection.start();
  }

  #buildMain(host: HTMLElement): HTMLElement {
    const stage = h(
      "div",
      { class: "stage" },
      host,
      this.#overview.element,
      this.#empty,
      this.#searchBar.element,
    );
    return h(
      "main",
      { class: "main" },
      this.#topBar.element,
      this.#status.notice,
      this.#controlBanner.element,
      this.#clipboardPrompt.element,
      stage,
      this.#endBanner.element,
      this.#keyBar.element,
    );
  }

  // --- the daemon ---

  #handle(event: ConnectionEvent): void {
    if (event.type === "ready") this.#begin(event.welcome);
    else if (event.type === "channel") this.#workspace.handle(event.channel, event.event);
    else if (event.type === "event") this.#note(event.event);
  }

  #note(event: Event): void {
    const warning = readWarning(event);
    if (warning !== null) this.#toasts.show(`${this.#sessions.get(event.session)?.name ?? ""}: ${warning}`);
    this.#inbox.note(event);
    this.#promptsDialog.note(event);
    const hasQueueChanged = this.#waitingRuns.apply(event);
    if (this.#sessions.apply(event) || hasQueueChanged) this.#render();
  }

  #begin(welcome: Welcome): void {
    const before = this.#access.principal;
    this.#access = new Access(welcome);
    // Somebody else has logged in with this browser: nothing of what was here is theirs.
    if (before !== "" && before !== welcome.principal) location.reload();
    else void this.#try(() => this.#subscribe());
  }

  async #subscribe(): Promise<void> {
    this.#sessions.replace(await this.#connection.request("subscribe", {}));
    void this.#listWaitingRuns();
    void this.#inbox.refresh();
    this.#promptsDialog.refresh();
    if (location.hash === INBOX_ADDRESS) this.#inboxDialog.open();
    const address = this.#access.onlySession ?? readAddress();
    const session = address === null ? undefined : this.#sessions.get(address);
    if (session !== undefined && this.#workspace.session === null) this.#open(session);
    this.#render();
  }

  async #listWaitingRuns(): Promise<void> {
    try {
      this.#waitingRuns.replace(await this.#connection.request("run_list", {}));
      this.#render();
    } catch {
      // An older daemon knows of no runs; a connection that broke lists them again when it is back.
    }
  }

  async #create(params: CreateParams): Promise<void> {
    const session = await this.#connection.request("create", { ...this.#workspace.measureSize(), ...params });
    this.#open(session, true);
  }

  async #end(session: SessionInfo): Promise<void> {
    await this.#connection.request("kill", { session: session.id });
  }

  async #stopRun(run: string): Promise<void> {
    await this.#connection.request("run_stop", { run });
  }

  async #runAgain(): Promise<void> {
    const ended = this.#openSession;
    if (ended === null) return;
    const { argv, cwd, name, kind, limits } = ended;
    await this.#create({ argv, cwd, name, kind, limits });
    await this.#forget(ended);
  }

  async #closeEnded(): Promise<void> {
    const session = this.#openSession;
    const hasExited = this.#workspace.state?.end?.type === "exited";
    this.#leave();
    if (session !== null && hasExited) await this.#forget(session);
  }

  async #toggleLock(): Promise<void> {
    const { session, state } = this.#workspace;
    if (session === null || state === null) return;
    await this.#connection.request("lock", { session, locked: !state.locked });
  }

  async #forget(session: SessionInfo): Promise<void> {
    // It may have been removed by itself in the meantime.
    if (this.#sessions.get(session.id)?.state === "exited" && this.#access.controls(session))
      await this.#end(session);
  }

  /** Runs an action and shows its failure. */
  async #try(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.#toasts.show(describeError(error));
    }
  }

  // --- the user ---

  #open(session: SessionInfo, isNew = false): void {
    this.#openSession = session;
    this.#drawer.close();
    const controls = this.#access.controls(session);
    if (session.run === null) this.#workspace.open(session.id, isNew, !controls);
    else this.#workspace.openRun(session, controls);
    writeAddress(session.id);
    this.#render();
  }

  #leave(): void {
    this.#drawer.close();
    this.#openSession = null;
    this.#workspace.close();
    writeAddress(null);
    this.#render();
  }

  #askNew(): void {
    this.#drawer.close();
    const defaults = { command: "", directory: this.#openSession?.cwd ?? "" };
    askNewSession(defaults, (params) => this.#create(params), this.#focusTerminal);
  }

  #askRename(session: SessionInfo): void {
    const rename = async (name: string): Promise<void> => {
      await this.#connection.request("rename", { session: session.id, name });
    };
    askRename(session, rename, this.#focusTerminal);
  }

  #askEnd(session: SessionInfo): void {
    if (session.state === "exited") void this.#try(() => this.#remove(session));
    else askEnd(session, () => this.#end(session), this.#focusTerminal);
  }

  async #remove(session: SessionInfo): Promise<void> {
    if (session.id === this.#workspace.session) this.#leave();
    await this.#end(session);
  }

  #share(): void {
    if (this.#openSession !== null) shareSession(this.#connection, this.#openSession, this.#focusTerminal);
  }

  #showConversations(): void {
    this.#drawer.close();
    showConversations({
      connection: this.#connection,
      mayCreate: this.#access.mayCreate,
      open: (session) => {
        const found = typeof session === "string" ? this.#sessions.get(session) : session;
        if (found !== undefined) this.#open(found, typeof session !== "string");
      },
      measureSize: () => this.#workspace.measureSize(),
      onClosed: this.#focusTerminal,
    });
  }

  #toggleFit(): void {
    this.#fit.toggle();
    this.#workspace.view?.layout();
    this.#render();
  }

  #ask(): void {
    if (this.#openSession !== null) this.#promptsDialog.open(this.#openSession);
  }

  #chooseFiles(): void {
    void pickFiles().then((files) => this.#files.send(files).finally(this.#focusTerminal));
  }

  #findTarget(): SessionInfo | string {
    const session = this.#openSession;
    const view = this.#workspace.state;
    if (session === null || view === null) return "Open a session first.";
    if (view.isObserver) return "You may only watch this session.";
    return view.end === null ? session : "This session has ended.";
  }

  readonly #focusTerminal = (): void => this.#workspace.view?.offerFocus();

  #handleShortcut(event: KeyboardEvent): boolean {
    if (this.#ctrlV.handle(event)) return true;
    return handleShortcut(event, {
      search: () => this.#searchBar.open(),
      copy: () => void this.#try(async () => this.#workspace.view?.copySelection()),
    });
  }

  // --- what is shown ---

  #applyTheme(): void {
    // Called once from within the theme's own constructor.
    const theme: Theme | undefined = this.#theme;
    if (theme === undefined) return;
    this.#topBar.setTheme(theme.choice);
    this.#searchBar.setScheme(theme.scheme);
    this.#workspace.view?.setScheme(theme.scheme);
    this.#overview.redraw();
  }

  /** Many things may change at once, one drawing is enough. */
  #render(): void {
    if (this.#isRenderDue) return;
    this.#isRenderDue = true;
    queueMicrotask(() => {
      this.#isRenderDue = false;
      this.#draw();
    });
  }

  #draw(): void {
    const id = this.#workspace.session;
    if (id !== null) this.#openSession = this.#sessions.get(id) ?? this.#openSession;
    const session = this.#openSession;
    const view = this.#workspace.state;
    this.#sidebar.update(this.#sessions.sessions, id, this.#access);
    this.#sidebar.updateWaiting(this.#waitingRuns.runs, this.#access);
    this.#topBar.update(session, view, this.#access);
    this.#topBar.setWaiting(listWaiting(this.#sessions.sessions).length);
    this.#controlBanner.update(view, this.#fit.isScaled);
    this.#endBanner.update(view?.end ?? null, this.#access.mayCreate);
    this.#inboxButton.update(this.#inbox.count);
    this.#inboxDialog.update();
    this.#status.setPending(this.#connection.status.kind === "live" ? 0 : (view?.pendingInputBytes ?? 0));
    if (session !== null) this.#workspace.run?.update(session);
    const { sessions } = this.#sessions;
    const isOverview = view === null && this.#workspace.run === null && sessions.length > 0;
    this.#overview.update(sessions, isOverview, this.#access.mayCreate);
    this.#empty.hidden = view !== null || this.#workspace.run !== null || isOverview;
    this.#keyBar.setAskable(session !== null && takesPrompts(session, this.#access));
    this.#keyBar.element.hidden = view === null || view.isObserver;
    this.#emptyNew.hidden = !this.#access.mayCreate;
    const title = cleanTitle(view?.title || session?.title || "");
    this.#attention.update(
      this.#sessions.sessions,
      [title, session?.name ?? "", "ptyd"].filter((part) => part !== "").join(" · "),
    );
  }
}
