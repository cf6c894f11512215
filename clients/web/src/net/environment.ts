/** What the connection needs of the world, so that tests can stand in for it. */

export interface Socket {
  /** Sends one binary message. */
  send(data: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

export interface SocketHandlers {
  onOpen(): void;
  onMessage(data: Uint8Array): void;
  onClose(code: number, reason: string): void;
}

/** "refused": the daemon wants a login. "unreachable": nothing answered. */
export type LoginState = "accepted" | "refused" | "unreachable";

export interface Environment {
  openSocket(handlers: SocketHandlers): Socket;
  checkLogin(): Promise<LoginState>;
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Calls `action` once after `delayMs`; gives what cancels it. */
  schedule(delayMs: number, action: () => void): () => void;
  random(): number;
  /** Whether the browser believes that there is a network. */
  isOnline(): boolean;
}
