/** The real world of a browser's page. */

import { SUBPROTOCOL } from "../protocol/messages.gen";
import type { Environment, LoginState, Socket, SocketHandlers } from "./environment";

function openSocket(handlers: SocketHandlers): Socket {
  const url = new URL("ws", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url, SUBPROTOCOL);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => handlers.onOpen();
  socket.onclose = (event) => handlers.onClose(event.code, event.reason);
  // A text message is none of ours; as no bytes it is malformed and ends the connection.
  socket.onmessage = ({ data }) =>
    handlers.onMessage(data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array());
  return { send: (data) => socket.send(data), close: () => socket.close() };
}

/** A WebSocket does not tell why its handshake failed; the page itself needs the same login and does. */
async function checkLogin(): Promise<LoginState> {
  try {
    const response = await fetch("./", { cache: "no-store", credentials: "same-origin", redirect: "manual" });
    return response.status === 401 || response.status === 403 ? "refused" : "accepted";
  } catch {
    return "unreachable";
  }
}

export const browserEnvironment: Environment = {
  openSocket,
  checkLogin,
  now: () => performance.now(),
  schedule: (delayMs, action) => {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  isOnline: () => navigator.onLine,
};
