/** What a session uses of what it may, in words. */

import type { Event, SessionInfo, SessionLimits } from "../protocol/messages.gen";

const KIB = 1024;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function formatSize(bytes: number): string {
  let size = bytes;
  let power = 0;
  while (size >= KIB && power < UNITS.length - 1) {
    size /= KIB;
    power += 1;
  }
  const number = size < 10 ? size.toFixed(1).replace(/\.0$/, "") : size.toFixed(0);
  return `${number} ${UNITS[power]}`;
}

export function formatDuration(seconds: number): string {
  if (seconds < 10 && !Number.isInteger(seconds)) return `${seconds.toFixed(1)} s`;
  let rest = Math.floor(seconds);
  const parts: string[] = [];
  for (const [unit, length] of [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ] as const) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}

type LimitName = keyof SessionLimits;

interface Kind {
  readonly name: LimitName;
  readonly label: string;
  format(amount: number): string;
}

const formatCount = (amount: number): string => String(amount);
const formatCpus = (amount: number): string => String(Math.round(amount * 100) / 100);
const formatRate = (amount: number): string => `${formatSize(amount)}/s`;

/** Those that are shown; scrollback and core dumps are nothing that is used up. */
const KINDS: readonly Kind[] = [
  { name: "memory_bytes", label: "memory", format: formatSize },
  { name: "cpus", label: "CPUs", format: formatCpus },
  { name: "processes", label: "processes", format: formatCount },
  { name: "open_files", label: "open files", format: formatCount },
  { name: "file_bytes", label: "file size", format: formatSize },
  { name: "lifetime_seconds", label: "lifetime", format: formatDuration },
  { name: "idle_seconds", label: "idle time", format: formatDuration },
  { name: "log_bytes", label: "log", format: formatSize },
  { name: "input_bytes_per_second", label: "input", format: formatRate },
  { name: "output_bytes_per_second", label: "output", format: formatRate },
];

function findUse(session: SessionInfo, name: LimitName): number | null {
  const { usage } = session;
  switch (name) {
    case "memory_bytes":
    case "cpus":
    case "processes":
    case "open_files":
      return usage === null ? null : usage[name];
    case "log_bytes":
      return session.log_head - session.log_start;
    default:
      return null;
  }
}

/** One line for each thing that is limited, or whose use is known. */
export function listUse(session: SessionInfo): string[] {
  if (session.state !== "running") return [];
  return KINDS.flatMap(({ name, label, format }) => {
    const used = findUse(session, name);
    const allowed = session.limits[name] ?? 0;
    if (allowed === 0) return used === null || name === "log_bytes" ? [] : [`${label}: ${format(used)}`];
    return [`${label}: ${used === null ? "" : `${format(used)} of `}${format(allowed)}`];
  });
}

/** The same in short, of what changes most: "312 MiB of 8 GiB, 0.3 CPUs, 7 processes"; "" where nobody knows. */
export function describeUse(session: SessionInfo): string {
  const { usage, limits } = session;
  if (usage === null || session.state !== "running") return "";
  const of = (allowed: number | null, format: (amount: number) => string): string =>
    allowed ? ` of ${format(allowed)}` : "";
  return [
    `${formatSize(usage.memory_bytes)}${of(limits.memory_bytes, formatSize)}`,
    `${formatCpus(usage.cpus)}${of(limits.cpus, formatCpus)} CPUs`,
    `${usage.processes}${of(limits.processes, formatCount)} processes`,
  ].join(", ");
}

/** What an Event `limit_warning` has to tell a person; null: the event is another, or of another make. */
export function readWarning(event: Event): string | null {
  if (event.kind !== "limit_warning") return null;
  const { message } = event.data;
  return typeof message === "string" ? message : null;
}
