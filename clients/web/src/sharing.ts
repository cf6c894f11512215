/** The dialog of a session's links, on a connection. */

import type { Connection } from "./net/connection";
import type { SessionInfo } from "./protocol/messages.gen";
import { showShare } from "./ui/share_dialog";

export function shareSession(connection: Connection, session: SessionInfo, onDone: () => void): void {
  showShare(session, {
    share: (params) => connection.request("share", params),
    list: async () => {
      const tokens = await connection.request("token_list", {});
      return tokens.filter((token) => token.kind === "share" && token.session === session.id);
    },
    revoke: async (link) => {
      await connection.request("token_revoke", { token: link.id });
    },
    onDone,
  });
}
