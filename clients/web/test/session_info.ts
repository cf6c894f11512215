/** A session as the daemon tells of it. */

import type { SessionInfo, SessionLimits } from "../src/protocol/messages.gen";

export const NO_LIMITS: SessionLimits = {
  memory_bytes: 0,
  cpus: 0,
  processes: 0,
  open_files: 0,
  file_bytes: 0,
  core_bytes: 0,
  lifetime_seconds: 0,
  idle_seconds: 0,
  log_bytes: 8_388_608,
  scrollback_lines: 10_000,
  input_bytes_per_second: 0,
  output_bytes_per_second: 0,
};

export function makeSession(id: string, changes: Partial<SessionInfo> = {}): SessionInfo {
  return {
    id,
    name: id,
    state: "running",
    pid: 1,
    argv: ["cat"],
    cwd: "/",
    cols: 80,
    rows: 24,
    created_at: 1,
    last_output_at: 1,
    clients: 0,
    controller: null,
    epoch: 1,
    log_start: 0,
    log_head: 0,
    exit_code: null,
    exit_signal: null,
    exited_at: null,
    kind: "command",
    title: "",
    locked: false,
    recording: "",
    owner: "owner",
    limits: NO_LIMITS,
    usage: null,
    end_reason: "",
    activity: null,
    engine: "exact",
    ...changes,
  };
}
